"""One lesson on its way: the worker process that runs it, where it is, and how it ended."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from labkit.folders import Folders
from labkit.ledger.record import LessonState, write_state
from labkit.notebooks import kernel_environment
from labkit.paths import remove_leftovers

# Seconds that one cell and one notebook may take, per profile. Far above what they need: only what hangs meets them.
LIMITS = {
    "smoke": (300, 600),
    "lesson": (900, 1800),
    "study": (4 * 3600, 8 * 3600),
    "full": (12 * 3600, 24 * 3600),
    "paper": (30 * 86400, 60 * 86400),
}
WORKER = "labkit.reproduce.worker"
# How the worker says what happened.
DONE, FAILED, TOO_LONG = 0, 1, 3
ATTEMPTS = 2  # a notebook that hangs gets a second chance; one that fails does not


@dataclass(frozen=True)
class Progress:
    """Cell `cell` of `of`; `bar` is what the progress bar inside the cell says, if it has one."""

    cell: int = 0
    of: int = 0
    bar: str = ""


class Child:
    """The run of one lesson. `poll()` until it is not None; `kill()` ends it at any time and leaves no process."""

    def __init__(
        self,
        lesson: str,
        profile: str,
        stamp: str,
        environment: dict,
        folders: Folders,
        limits: tuple[int, int] | None = None,
    ):
        self.lesson, self.profile, self.stamp, self.environment = lesson, profile, stamp, environment
        self.notebook = folders.notebooks / f"{lesson}.ipynb"
        self.folder = folders.lesson_run(profile, lesson)
        self.cell_seconds, self.notebook_seconds = limits or LIMITS[profile]
        self.attempt = 0
        self.began = time.monotonic()
        self._start()

    def _start(self) -> None:
        self.attempt += 1
        self.started = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.folder)
        for name in ("notebook.part.ipynb", "measured.part.json", "cell.json", "bar.json", "error.txt"):
            (self.folder / name).unlink(missing_ok=True)
        environment = kernel_environment(
            LABKIT_PROGRESS=str((self.folder / "bar.json").resolve()),
            LABKIT_LEDGER=str((self.folder / "measured.part.json").resolve()),
        )
        arguments = (self.notebook.resolve(), self.folder.resolve(), self.profile, self.cell_seconds)
        with open(self.folder / "worker.log", "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", WORKER, *map(str, arguments)],
                stdin=subprocess.PIPE,  # never written to: its end is how the worker knows that the runner died
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,  # a Ctrl-C at the terminal reaches the runner alone, which ends its children
            )

    def poll(self) -> LessonState | None:
        """None while it runs; else how it ended, with the files of the run in their final places."""
        status = self.process.poll()
        hangs = status is None and time.monotonic() - self.started > self.notebook_seconds
        if status is None and not hangs:
            return None
        if hangs:
            self.kill()
        if hangs or status == TOO_LONG:
            if self.attempt < ATTEMPTS:
                self._start()
                return None
            return self._finish(f"took more than its time, {ATTEMPTS} times\n{self._error(status)}")
        return self._finish(None if status == DONE else self._error(status))

    def kill(self) -> None:
        """End the worker and everything below it; the kernel has a session of its own: no group signal finds it."""
        try:
            tree = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            tree = []
        self.process.kill()
        for process in tree:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(tree, timeout=5)
        self.process.wait()
        self.process.stdin.close()

    def progress(self) -> Progress:
        cell, bar = _read_json(self.folder / "cell.json"), _read_json(self.folder / "bar.json")
        # A bar that is full belongs to a cell that has gone on.
        shown = f"{bar['label']} {bar['at']}/{bar['of']}" if bar and bar["at"] < bar["of"] else ""
        return Progress(cell.get("cell", 0), cell.get("of", 0), shown)

    def seconds(self) -> float:
        return time.monotonic() - self.began

    def _error(self, status: int | None) -> str:
        path = self.folder / "error.txt"
        if path.exists():
            return path.read_text()
        tail = (self.folder / "worker.log").read_text(errors="replace").strip().splitlines()[-15:]
        ended = f"was ended by signal {-status}" if (status or 0) < 0 else "stopped without a word"
        return "\n".join([f"the process that ran it {ended}", *tail])

    def _finish(self, error: str | None) -> LessonState:
        """Move the results to their places; the state comes last, so that a crash in between means: run again."""
        self.process.stdin.close()
        (self.folder / "state.json").unlink(missing_ok=True)
        partial = self.folder / "notebook.part.ipynb"
        (self.folder / "notebook.failed.ipynb").unlink(missing_ok=True)
        if partial.exists():
            partial.replace(self.folder / ("notebook.failed.ipynb" if error else "notebook.ipynb"))
        if error is None:
            measured = self.folder / "measured.part.json"
            target = self.folder / "measured.json"
            measured.replace(target) if measured.exists() else target.unlink(missing_ok=True)
        date = datetime.now(UTC).strftime("%Y-%m-%d")
        state = LessonState(self.stamp, date, self.seconds(), self.environment, error)
        write_state(self.folder, state)
        return state


def _read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
