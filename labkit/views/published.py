"""A table of a paper beside ours: one row an arm, the printed number, and a dot for every recorded seed."""

import statistics
from collections.abc import Mapping

from matplotlib.figure import Figure

from labkit.study import Recorded
from labkit.views import style
from labkit.views.arms import made_with


def published_beside(
    record: Mapping[str, Recorded],
    measure: str,
    arms: Mapping[str, str],
    published: Mapping[str, float],
    command: str,
    title: str,
    provenance: str = "unverified",
    chance: float | None = None,
) -> Figure:
    """Rows in the order of `arms` (label -> arm in the record), the first on top.

    published: arm -> the number in print, drawn as a hollow diamond; `provenance` says how far it was checked.
    """
    figure, (axes,) = style.panels(width=7.0, height=0.34 * len(arms) + 0.9)
    for row, arm in enumerate(arms.values()):
        if arm in published:
            label = f"in print ({provenance})" if row == 0 else None
            axes.plot(published[arm], row, "D", markerfacecolor="none", color=style.GREY, markersize=7, label=label)
        values = record[arm].values.get(measure, []) if arm in record else []
        if values:
            mean = statistics.fmean(values)
            axes.plot(values, [row] * len(values), "o", color=style.GENERATOR, alpha=0.55, markersize=5)
            axes.plot([mean, mean], [row - 0.3, row + 0.3], color=style.GENERATOR, label=None if row else "ours")
        else:
            axes.annotate("no record", (0.5, row), ha="center", va="center", color=style.GREY)
    if chance is not None:
        axes.axvline(chance, color=style.GREY, linestyle=(0, (4, 3)), linewidth=1)
        axes.text(chance + 0.01, -0.75, "chance", va="center", color=style.GREY, fontsize=8)
    axes.set_yticks(range(len(arms)), list(arms))
    axes.set_ylim(len(arms) - 0.5, -1.1)
    axes.set_xlim(0, 1.02)
    axes.grid(axis="y", visible=False)
    axes.set_title(title)
    axes.legend(loc="lower right")
    figure.supxlabel(made_with(record, list(arms.values()), command), fontsize=8, color=style.GREY)
    return figure
