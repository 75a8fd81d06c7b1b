"""Drawn diagrams of the systems: networks, what they feed, and where each loss sits. One description a system."""

from labkit.views.diagrams.draw import draw
from labkit.views.diagrams.layout import Diagram, Loss
from labkit.views.diagrams.systems import DIAGRAMS

__all__ = ["DIAGRAMS", "Diagram", "Loss", "diagram", "draw"]


def diagram(*names: str):
    """The diagrams of the systems with these names, one above the other, as one figure (see `DIAGRAMS`)."""
    return draw([DIAGRAMS[name] for name in names])
