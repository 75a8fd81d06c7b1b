"""What a person sees while lessons run: a live table at a terminal, plain lines in a log."""

from collections.abc import Mapping

from rich.console import Console
from rich.live import Live
from rich.table import Table

from labkit.reproduce.child import Child, Progress

STYLES = {"failed": "bold red", "done": "green", "running": "cyan", "up to date": "green", "waiting": "dim"}
LOG_EVERY = 30  # seconds between two lines of a running lesson in a log


class Display:
    """`update` often; `finished` once a lesson. Use as a context manager."""

    def __init__(self, lessons: list[str]):
        self.console = Console()
        self.state = dict.fromkeys(lessons, "waiting")
        self.progress = dict.fromkeys(lessons, Progress())
        self.seconds: dict[str, float | None] = dict.fromkeys(lessons)
        self._logged = dict.fromkeys(lessons, 0.0)
        self._live = Live(console=self.console, refresh_per_second=4) if self.console.is_terminal else None

    def __enter__(self) -> "Display":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *exception) -> None:
        if self._live:
            self._live.update(self._table())
            self._live.stop()

    def say(self, message: str) -> None:
        self.console.print(message, markup=False, highlight=False, soft_wrap=True)

    def update(self, running: Mapping[str, Child]) -> None:
        for lesson, child in running.items():
            first = self.state[lesson] != "running"
            self.state[lesson] = "running"
            self.progress[lesson], self.seconds[lesson] = child.progress(), child.seconds()
            if not self._live and (first or child.seconds() - self._logged[lesson] > LOG_EVERY):
                self._logged[lesson] = child.seconds()
                self.say(f"{lesson}: {'started' if first else self._where(lesson)} ({_time(child.seconds())})")
        if self._live:
            self._live.update(self._table())

    def finished(self, lesson: str, state: str, seconds: float | None = None) -> None:
        self.state[lesson], self.seconds[lesson] = state, seconds
        if not self._live:
            self.say(f"{lesson}: {state}" + (f" in {_time(seconds)}" if seconds is not None else ""))

    def _where(self, lesson: str) -> str:
        at = self.progress[lesson]
        return f"cell {at.cell}/{at.of} {at.bar}".strip() if at.of else "starting"

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for title in ("lesson", "state", "cell", "in the cell", "time"):
            table.add_column(title, justify="right" if title in ("cell", "time") else "left", no_wrap=True)
        for lesson, state in self.state.items():
            at, seconds = self.progress[lesson], self.seconds[lesson]
            running = state == "running"
            table.add_row(
                lesson,
                f"[{STYLES[state]}]{state}[/]",
                f"{at.cell}/{at.of}" if running and at.of else "",
                at.bar if running else "",
                _time(seconds) if seconds is not None else "",
            )
        return table


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
