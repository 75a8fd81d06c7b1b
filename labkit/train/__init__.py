"""Training: one loop for every system."""

from labkit.train.compute import Compute, best_precision, make_fabric
from labkit.train.history import History
from labkit.train.loop import NonFiniteLoss, train

__all__ = ["Compute", "History", "NonFiniteLoss", "best_precision", "make_fabric", "train"]
