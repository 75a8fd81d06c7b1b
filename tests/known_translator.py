"""A system whose answers are given, and a run of it, for tests of measures."""

from pathlib import Path

from torch import Tensor

from labkit.data.domain import DataSet, Domain
from labkit.runs import Run, RunSpec
from labkit.systems.base import Translator


class Known(Translator):
    """Translates by two given functions; whatever else is asked of it is given by name."""

    def __init__(self, there=None, back=lambda y: y, **others):
        super().__init__()
        self.ways = {("A", "B"): there, ("B", "A"): back}
        for name, other in others.items():
            setattr(self, name, other)

    def translate(self, x, src="A", dst="B"):
        return self.ways[src, dst](x)


def known_run(system, A: Domain | Tensor, B: Domain | Tensor | None = None, **truth: Tensor) -> Run:
    """A run of `system` with the images A and B (default: A), for training as for tests.

    truth: what is hidden from training; `A_B` is the truth of ("A", "B").
    """
    given = {"A": A, "B": A if B is None else B}
    domains = {key: x if isinstance(x, Domain) else Domain(key.lower(), x) for key, x in given.items()}
    run = Run(RunSpec("known", "known", 1, 1, seed=4), Path("none"), system, None)
    pairs = {tuple(key.split("_")): value for key, value in truth.items()}
    run.__dict__["dataset"] = DataSet("known", domains, domains, pairs)
    return run
