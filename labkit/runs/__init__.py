"""A run as an artefact: what was asked for, what came of it, and on which machine."""

from labkit.runs.run import Run, open_run, run
from labkit.runs.spec import RunSpec

__all__ = ["Run", "RunSpec", "open_run", "run"]
