"""What a metric returns: never a bare number, but a number with all that is needed to believe it."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from labkit.errors import LabError


@dataclass(frozen=True)
class Measurement:
    """A measured value and its circumstances.

    name:   what was measured.
    value:  the number.
    n:      how many images (or points) it was measured on; the smaller number where two sets are compared.
    split:  the part of the data they come from ("test", "train").
    judge:  the frozen judge it was measured with, or None where none is needed.
    seed:   the seed of the run that was measured; None where several runs were, or none.
    spread: standard deviation over seeds; None for a single run.
    """

    name: str
    value: float
    n: int
    split: str = "test"
    judge: str | None = None
    seed: int | None = None
    spread: float | None = None

    def __str__(self) -> str:
        spread = "" if self.spread is None else f" ± {self.spread:.3g}"
        parts = [f"n = {self.n}", self.split]
        parts += [f"judge {self.judge}"] if self.judge else []
        parts += [] if self.seed is None else [f"seed {self.seed}"]
        return f"{self.name} {self.value:.4g}{spread} ({', '.join(parts)})"

    def __float__(self) -> float:
        return float(self.value)


def over_seeds(measurements: Sequence[Measurement]) -> Measurement:
    """Mean and sample standard deviation of the same measurement in several runs; at least two, of different seeds."""
    seeds = [m.seed for m in measurements]
    if len(measurements) < 2 or None in seeds or len(set(seeds)) < len(seeds):
        raise LabError(f"a mean over seeds needs at least two runs with different seeds, found {seeds}.")
    if len({replace(m, value=0.0, seed=None, spread=None) for m in measurements}) > 1:
        names = ", ".join(sorted({m.name for m in measurements}))
        raise LabError(f"only like measurements have a mean: name, n, split and judge must agree ({names}).")
    values = [m.value for m in measurements]
    return replace(measurements[0], value=statistics.fmean(values), seed=None, spread=statistics.stdev(values))
