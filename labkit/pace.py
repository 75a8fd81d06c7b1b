"""How long a step takes, and what is left of a run, from the steps that were done."""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable
from statistics import median

RECENT = 100  # steps of each kind that the median is taken over
ENOUGH = 3  # steps that must have been timed before anything is said


class Pace:
    """Seconds a step, in this process: call `step` after every step, `aside` after what is done between steps.

    A step's kind is whatever decides its cost, as a rule the players that moved. The first step of a kind is not
    counted: memory is taken and networks are compiled in it. The median of a kind leaves out what disturbs the machine
    for a moment, and kinds are weighted by how often they come.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter):
        self._clock = clock
        self._last = clock()
        self._times: dict[Hashable, deque[float]] = defaultdict(lambda: deque(maxlen=RECENT))
        self._steps: Counter[Hashable] = Counter()
        self._aside = 0.0

    def step(self, kind: Hashable = None) -> None:
        """A step of `kind` ended now; it began at the last call of `step` or `aside`."""
        seconds = self._since_last()
        if self._steps[kind]:
            self._times[kind].append(seconds)
        self._steps[kind] += 1

    def aside(self) -> None:
        """Something beside the steps (a checkpoint, pictures) ended now; its time is spread over all steps."""
        self._aside += self._since_last()

    def _since_last(self) -> float:
        before, self._last = self._last, self._clock()
        return self._last - before

    def seconds(self) -> float | None:
        """Seconds a step, what is done between steps included; None as long as too few steps were timed."""
        if sum(map(len, self._times.values())) < ENOUGH or len(self._times) < len(self._steps):
            return None
        on_steps = sum(self._steps[kind] * median(times) for kind, times in self._times.items())
        return (on_steps + self._aside) / self._steps.total()

    def sentence(self, done: int, total: int) -> str:
        """As in "0.42 s a step, 12 min left of 1 h 10 min"; the whole is what `total` steps take at this pace."""
        seconds = self.seconds()
        if seconds is None:
            return "the first steps tell how long it takes"
        return f"{seconds:.3g} s a step, {spoken((total - done) * seconds)} left of {spoken(total * seconds)}"


def spoken(seconds: float) -> str:
    """A duration in one or two units: "42 s", "12 min", "3 h 20 min", "5 d 3 h"."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    large, small, per, count = ("h", "min", 60, seconds / 60) if seconds < 172_800 else ("d", "h", 24, seconds / 3600)
    whole, rest = divmod(round(count), per)
    return f"{whole} {large} {rest} {small}" if rest else f"{whole} {large}"
