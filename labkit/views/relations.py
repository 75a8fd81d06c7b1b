"""A relation between two rings of modes in the plane: where do the points of each mode of A arrive in B?"""

from collections.abc import Mapping

from matplotlib.figure import Figure
from torch import Tensor

from labkit.views import style

FIVE = (style.BLUE, style.GREEN, style.PURPLE, style.SKY, "#E69F00")  # one colour for each mode of A


def relation(modes: Tensor, arrivals: Mapping[str, Tensor], centres: Tensor, reach: float) -> Figure:
    """A panel for each translator: circles are the modes of B, dots the translations, coloured by their mode in A.

    modes: (N,) of the source points; arrivals: title -> translated points (N, 2); centres: (M, 2); reach: radius drawn.
    """
    figure, axes = style.panels(len(arrivals), width=2.5, height=2.6, sharex=True, sharey=True)
    colours = [FIVE[int(mode) % len(FIVE)] for mode in modes]
    for panel, (title, points) in zip(axes, arrivals.items(), strict=True):
        for x, y in centres.tolist():
            panel.add_patch(_circle(x, y, reach))
        panel.scatter(*points.T.tolist(), c=colours, s=4, linewidths=0)
        panel.set(title=title, xlim=(-1.35, 1.35), ylim=(-1.35, 1.35), aspect="equal", xticks=[], yticks=[])
        panel.grid(visible=False)
    return figure


def _circle(x: float, y: float, radius: float):
    from matplotlib.patches import Circle

    return Circle((x, y), radius, fill=False, color=style.B, linewidth=1)
