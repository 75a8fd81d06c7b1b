"""One arm of a lesson with one seed: a task that any process that sees its folder can begin, or go on with."""

import json
import signal
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from labkit.paths import cache_dir
from labkit.runs.run import Run, run
from labkit.runs.spec import RunSpec
from labkit.train import Compute


@dataclass(frozen=True, eq=False)
class Task:
    """All that training one arm with one seed needs, the lesson's files not among it.

    folder:     of the run, absolute; beside it lie the task's log, its lock, and the count of its steps.
    keep_every: also keep the networks after every so many steps, 0 for never; keep_at: and after these.
    """

    lesson: str
    arm: str
    spec: RunSpec
    folder: Path
    keep_every: int = 0
    keep_at: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.lesson}: {self.arm}, seed {self.spec.seed}"

    def beside(self, ending: str) -> Path:
        """The file beside the folder with that ending: "log", "lock", or "json", where the progress bar writes."""
        return self.folder.with_name(f"{self.folder.name}.{ending}")

    def is_finished(self) -> bool:
        return (self.folder / "weights.safetensors").exists()

    def progress(self) -> str:
        """Where it is, in words."""
        try:
            bar = json.loads(self.beside("json").read_text())
        except (OSError, ValueError):
            return f"{self}: before its first step"
        return f"{self.lesson}: {bar['label']}: {bar['at']} of {bar['of']}"

    def train(self, compute: Compute) -> Run:
        """The finished run, trained where it is not; one process at a time, others wait and find it finished.

        Ctrl-C lets it end its step and write a checkpoint, then raises KeyboardInterrupt.
        """
        settings = {"keep_every": self.keep_every, "keep_at": self.keep_at, "label": f"{self.arm} {self.spec.seed}"}
        if compute.devices * compute.nodes > 1:  # processes of one run, which must not wait for one another
            return run(self.spec, self.folder, compute, **settings)
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.beside("lock")), Interruption() as interrupted:
            return run(self.spec, self.folder, compute, **settings, interrupted=interrupted)

    def environment(self) -> dict[str, str]:
        """For the process that trains it: one thread, this study's cache, and where the progress bar writes."""
        one_thread = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        return one_thread | {"LABKIT_CACHE": str(cache_dir()), "LABKIT_PROGRESS": str(self.beside("json"))}

    def to_json(self) -> str:
        return json.dumps(asdict(self) | {"folder": str(self.folder)})

    @classmethod
    def from_json(cls, text: str) -> "Task":
        values = json.loads(text)
        folder, keep_at = Path(values.pop("folder")), tuple(values.pop("keep_at"))
        return cls(spec=RunSpec(**values.pop("spec")), folder=folder, keep_at=keep_at, **values)


class Interruption:
    """Ctrl-C as a question that training asks after every step: `interrupted()`. Use as a context manager.

    Before the first step, when nothing was done that could be lost, and at the second time, Ctrl-C acts at once.
    Outside of the main thread, which alone hears signals, nothing changes.
    """

    def __enter__(self) -> "Interruption":
        self._training = self._heard = False
        self._main = threading.current_thread() is threading.main_thread()
        if self._main:
            self._before = signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(self, *exception) -> None:
        if self._main:
            signal.signal(signal.SIGINT, self._before or signal.SIG_DFL)

    def __call__(self) -> bool:
        self._training = True
        return self._heard

    def _hear(self, *_) -> None:
        if self._heard or not self._training:
            raise KeyboardInterrupt
        self._heard = True
