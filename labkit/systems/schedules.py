"""Learning-rate schedules: functions of (step, steps), never of what happened before, so that resuming is exact."""

import math
from collections.abc import Callable

Schedule = Callable[[int, int], float]


def constant(step: int, steps: int) -> float:
    """Factor 1 at every step."""
    return 1.0


def linear_decay(constant_share: float = 0.5) -> Schedule:
    """Factor 1 for the first `constant_share` of the steps, then a straight line that would reach 0 at the end.

    CycleGAN and CUT keep the rate for half of their epochs and let it fall for the other half.
    """

    def factor(step: int, steps: int) -> float:
        flat = constant_share * steps
        return 1.0 if step < flat else (steps - step) / max(steps - flat, 1)

    return factor


def halve_every(interval: int) -> Schedule:
    """Factor ½ for every `interval` steps done: MUNIT and UNIT halve every 100,000."""

    def factor(step: int, steps: int) -> float:
        return 0.5 ** (step // interval)

    return factor


def cosine(warmup_share: float = 0.0) -> Schedule:
    """A straight line from 0 to 1 over the first `warmup_share` of the steps, then half a cosine down towards 0.

    SimCLR warms up for 10 of its 1,000 epochs.
    """

    def factor(step: int, steps: int) -> float:
        warmup = warmup_share * steps
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(steps - warmup, 1)))

    return factor


def steps_down(shares: tuple[float, ...], by: float = 0.1) -> Schedule:
    """Factor `by` more at each of the `shares` of the steps: MoCo divides by 10 after 120 and 160 of 200 epochs."""

    def factor(step: int, steps: int) -> float:
        return by ** sum(step >= share * steps for share in shares)

    return factor
