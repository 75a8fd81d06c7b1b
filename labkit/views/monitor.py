"""A run that can be watched while it trains: pictures of the same test images, curves, and a page that shows both.

    run(spec, folder, watch=Monitor())

pictures/step-000500.jpg   what the system makes of the same few test images after so many steps
curves.png                 every term
index.html                 both, the settings, the pace and the time left; a browser that shows it looks again by itself
tensorboard/               the same for TensorBoard, where asked for

Nothing here changes the run: with the monitor and without it the same weights come out.
"""

import io
import sys
import time
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import torch
from matplotlib import rc_context
from tqdm import tqdm

from labkit.errors import LabError
from labkit.pace import Pace, spoken
from labkit.paths import write_atomically
from labkit.runs.pictures import jpeg
from labkit.runs.run import Run
from labkit.systems.base import System
from labkit.views import contact_sheet, style
from labkit.views.curves import term_curves
from labkit.views.event_log import EventLog

SHARE = 0.03  # of the time that the training has taken, for pictures and curves, where nobody said when to draw
PAGE_SECONDS = 10  # between two versions of the page, and how often a browser looks


def due(done: int, steps: int, every: int | None) -> bool:
    """Whether pictures are due after `done` of `steps` steps: at every `every`-th and at the last; never with 0.

    With None: after 100, 200, 400, … steps, and from a twentieth of the steps on at every twentieth.
    """
    if every is not None:
        return every > 0 and (done % every == 0 or done == steps)
    rare = max(100, steps // 20)
    hundreds, rest = divmod(done, 100)
    early = done < rare and rest == 0 and hundreds.bit_count() == 1
    return early or done % rare == 0 or done == steps


class Monitor:
    """What `labkit.runs.run` calls after every step.

    every:       steps between two pictures; 0 leaves pictures, curves and page out. None draws when they are `due`, and
                 leaves out what would take more than `SHARE` of the time, but for the first and the last picture.
                 Raises LabError below 0.
    tensorboard: write every term and every picture for TensorBoard, too. Raises LabError where it is not installed.
    """

    def __init__(self, every: int | None = None, tensorboard: bool = False):
        if every is not None and every < 0:
            raise LabError(f"--show-every {every}: give a number of steps, or 0 for no pictures.")
        self.every = every
        self.events = EventLog() if tensorboard else None
        self.pace = Pace()
        self.shown: Run | None = None  # the run, with the few test images that are shown
        self.began = time.monotonic()
        self.drawing: list[float] = []  # seconds of each drawing
        self.page_written = 0.0
        self.complained = False

    def __call__(self, run: Run, done: int) -> None:
        last = done == run.spec.steps
        self.pace.step(frozenset(player.name for player in run.system.players() if player.due(done - 1)))
        if self.shown is None:
            self._begin(run, done)
        if self.events:
            self.events.scalars(run, done)
        try:
            self._show(run, done, last)
        except LabError as error:  # a full disk: no reason to stop a run that can go on
            if not self.complained:
                tqdm.write(f"The page is not up to date: {error}")
            self.complained = True
        if self.events and last:
            self.events.close()
        self.pace.aside()

    def _show(self, run: Run, done: int, last: bool) -> None:
        drawn = due(done, run.spec.steps, self.every) and self._affordable(last)
        if drawn:
            begin = time.monotonic()
            self._draw(run, done)
            self.drawing.append(time.monotonic() - begin)
        overdue = time.monotonic() - self.page_written > PAGE_SECONDS
        if self.every != 0 and (drawn or overdue or last):
            self.page_written = time.monotonic()
            write_atomically(run.folder / "index.html", page(run, done, self.pace))

    def _begin(self, run: Run, done: int) -> None:
        self.shown = contact_sheet.few(run)
        for path in _pictures(run.folder):
            if _step(path) >= done:  # of a run that was stopped behind its last checkpoint
                path.unlink()
        if self.every != 0:
            tqdm.write(f"Pictures and curves: {run.folder / 'index.html'}")

    def _affordable(self, last: bool) -> bool:
        if self.every is not None or last or not self.drawing:
            return True
        return sum(self.drawing) + self.drawing[-1] <= SHARE * (time.monotonic() - self.began)

    def _draw(self, run: Run, done: int) -> None:
        with undisturbed(run.system):
            sheet = contact_sheet.sheet(contact_sheet.rows(self.shown))
        if sheet:
            write_atomically(run.folder / "pictures" / f"step-{done:06}.jpg", jpeg(sheet))
            if self.events:
                self.events.picture(sheet, done)
        with rc_context(style.RC):
            file = io.BytesIO()
            term_curves(run.history).savefig(file)
        write_atomically(run.folder / "curves.png", file.getvalue())


@contextmanager
def undisturbed(system: System):
    """Evaluation mode, no gradients, nothing compiled anew; afterwards each network is in the mode it was in."""
    modes = [(module, module.training) for module in system.modules()]
    compiled = "torch._dynamo" in sys.modules
    try:
        with torch.no_grad(), torch.compiler.set_stance("force_eager") if compiled else nullcontext():
            system.eval()
            yield
    finally:
        for module, training in modes:
            module.training = training


def page(run: Run, done: int, pace: Pace) -> str:
    """The page of a run after `done` steps, as HTML with relative paths; it asks no other place for anything."""
    from jinja2 import Environment, PackageLoader

    steps, trained = run.spec.steps, asdict(run.spec)
    del trained["settings"]
    trained |= {f"data: {key}": value for key, value in trained.pop("data_settings").items()}
    settings = asdict(run.system.settings) if hasattr(run.system, "settings") else {}
    return (
        Environment(loader=PackageLoader("labkit.views"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
        .get_template("monitor.html")
        .render(
            name=run.folder.name,
            spec=trained,
            settings=settings,
            changed=run.spec.settings,
            done=done,
            steps=steps,
            finished=done == steps,
            pace=pace.sentence(done, steps),
            seconds=pace.seconds(),
            passed=spoken(run.history.seconds()),
            pictures=[{"file": f"pictures/{path.name}", "step": _step(path)} for path in _pictures(run.folder)],
            curves=(run.folder / "curves.png").exists(),
            written=datetime.now().strftime("%Y-%m-%d %H:%M:%S"),
            refresh=PAGE_SECONDS,
        )
    )


def _pictures(folder: Path) -> list[Path]:
    return sorted((folder / "pictures").glob("step-*.jpg"), key=_step)


def _step(path: Path) -> int:
    return int(path.stem.removeprefix("step-"))
