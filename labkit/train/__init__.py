"""Training: one loop for every system."""

from labkit.train.compute import Compute, best_precision, make_fabric
from labkit.train.finite import NonFinite
from labkit.train.history import History
from labkit.train.loop import train

__all__ = ["Compute", "History", "NonFinite", "best_precision", "make_fabric", "train"]
