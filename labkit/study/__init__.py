"""All arms of a lesson with several seeds, and what they recorded: numbers in `results`, a few pictures beside them."""

from labkit.study.study import Recorded, arm_spec, arm_system, recorded

__all__ = ["Recorded", "arm_spec", "arm_system", "recorded"]
