"""Frozen networks that metrics measure with: classifiers, `load(name)`, and an encoder of photographs.

Each was trained once on the training split of its data set and never changes: its weights are named by their sha256,
and its record says how well it does on that set's own test split: the ceiling of every label accuracy that it measures.
The judge of photographs (`labkit.judges.photographs`) learnt without labels; its features are one space for distances.
`python -m labkit.judges NAME …` trains judges anew and writes weights and record.
"""

from labkit.judges.judge import Judge
from labkit.judges.library import load

__all__ = ["Judge", "load"]
