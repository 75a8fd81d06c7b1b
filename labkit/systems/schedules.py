"""Learning-rate schedules: functions of (step, steps), never of what happened before, so that resuming is exact."""

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
