"""Points in the plane: what was generated beside what is real, at the end and on the way."""

from collections.abc import Mapping

from matplotlib.figure import Figure
from torch import Tensor

from labkit.views import style


def point_clouds(real: Tensor, generated: Mapping[str, Tensor], limit: float = 1.5) -> Figure:
    """One panel for the real points (N, 2), one for each set of generated ones over the real ones in pale blue."""
    figure, axes = style.panels(1 + len(generated), width=2.1, height=2.25)
    axes[0].scatter(*real.T, s=3, color=style.REAL, alpha=0.35, linewidths=0)
    axes[0].set_title("real")
    for panel, (title, points) in zip(axes[1:], generated.items(), strict=True):
        panel.scatter(*real.T, s=3, color=style.REAL, alpha=0.12, linewidths=0)
        panel.scatter(*points.T, s=3, color=style.FAKE, alpha=0.5, linewidths=0)
        panel.set_title(title)
    for panel in axes:
        panel.set(xlim=(-limit, limit), ylim=(-limit, limit), xticks=[], yticks=[], aspect="equal")
        panel.grid(False)
    return figure


def point_rows(real: Tensor, rows: Mapping[str, Mapping[str, Tensor]], limit: float = 1.5) -> Figure:
    """A row of panels for each entry: title -> {label -> generated points (N, 2)}, over the real ones in pale blue.

    All rows have the same labels. Ticks say where things are; they stand at the left and below.
    """
    labels = list(next(iter(rows.values())))
    figure, axes = style.panels(
        len(labels), len(rows), width=min(1.75, 10.5 / len(labels)), height=1.75, sharex=True, sharey=True
    )
    for number, (title, snapshots) in enumerate(rows.items()):
        own = axes[number * len(labels) : (number + 1) * len(labels)]
        for panel, label in zip(own, labels, strict=True):
            panel.scatter(*real.T, s=2, color=style.REAL, alpha=0.15, linewidths=0)
            panel.scatter(*snapshots[label].T, s=2, color=style.FAKE, alpha=0.5, linewidths=0)
            panel.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
            if number == 0:
                panel.set_title(label)
        own[0].set_ylabel(title, fontweight="bold")
    return figure
