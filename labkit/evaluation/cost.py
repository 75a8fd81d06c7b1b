"""What does a training step cost? Counted, not timed."""

from labkit.evaluation.base import named
from labkit.metrics import Measurement
from labkit.runs.bench import FLIPS, Contender, cost
from labkit.runs.run import Run


def step_gflop(run: Run) -> Measurement:
    """Billions of operations of one training step at the run's size of images and batch, counted as for the bench."""
    kinds = FLIPS if run.spec.system == "fastcut" else ({},)
    counted = cost(
        Contender(run.spec.system, run.spec.settings, kinds), run.spec.data_settings["size"], run.spec.batch_size
    )
    return Measurement("GFLOP a step", counted.gflop, 1, "test", None, run.spec.seed)


MEASURES = named(step_gflop)
