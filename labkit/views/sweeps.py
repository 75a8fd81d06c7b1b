"""What a recorded study measured over a quantity that was varied: examples, classes, the weight of a loss."""

import statistics
from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labkit.study import Recorded
from labkit.views import style
from labkit.views.arms import made_with

Line = Mapping[float, tuple[str, str]]  # the quantity -> where its value stands: (arm, measure)
COLOURS = (style.GENERATOR, style.PURPLE, style.SKY, style.ORANGE)


def sweep_panels(
    record: Mapping[str, Recorded],
    panels: Mapping[str, Mapping[str, Line]],
    command: str,
    xlabel: str,
    marks: Mapping[str, Mapping[str, float]] = {},
    published: Mapping[str, Mapping[float, float]] = {},
    log: bool = False,
    width: float = 3.0,
) -> Figure:
    """A panel for each entry (title -> label -> line): a dot a seed, a line through their means, and what made them.

    marks: title -> label -> height of a dashed line. published: title -> quantity -> a paper's number, hollow diamonds.
    log: the quantity on a logarithmic axis. The vertical axis starts at zero.
    """
    figure, axes = style.panels(len(panels), width=width)
    arms = {arm: None for lines in panels.values() for line in lines.values() for arm, _ in line.values()}
    for panel, (title, lines) in zip(axes, panels.items(), strict=True):
        heights = [0.0]
        for (label, line), colour in zip(lines.items(), COLOURS, strict=False):
            heights += _draw(panel, record, line, label, colour)
        if title in published:
            x, y = zip(*published[title].items(), strict=True)
            panel.plot(x, y, "D", markerfacecolor="none", color=style.GREY, markersize=6, label="in print")
            heights += y
        if len(heights) == 1:
            panel.annotate("no record", (0.5, 0.5), xycoords="axes fraction", ha="center", color=style.GREY)
        for label, height in marks.get(title, {}).items():
            panel.axhline(height, color=style.GREY, linestyle=(0, (4, 3)), linewidth=1)
            where = {"xycoords": ("axes fraction", "data"), "ha": "right", "va": "bottom", "fontsize": 8}
            panel.annotate(label, (1, height), **where, color=style.GREY)
            heights.append(height)
        quantities = sorted({x for line in lines.values() for x in line})
        panel.set(title=title, xlabel=xlabel, xscale="log" if log else "linear")
        panel.set_xticks(quantities, [f"{x:g}" for x in quantities])
        panel.minorticks_off()
        panel.set_ylim(1.1 * min(heights), 1.12 * max(heights) or 1.0)
    if len(axes[0].get_legend_handles_labels()[1]) > 1:
        axes[0].legend(loc="best")
    figure.supxlabel(made_with(record, list(arms), command), fontsize=8, color=style.GREY)
    return figure


def _draw(panel: Axes, record: Mapping[str, Recorded], line: Line, label: str, colour: str) -> list[float]:
    """One line; the heights it has reached."""
    found = {x: record[arm].values[measure] for x, (arm, measure) in line.items() if _has(record, arm, measure)}
    for x, values in found.items():
        panel.plot([x] * len(values), values, "o", color=colour, alpha=0.5, markersize=4)
    means = [statistics.fmean(values) for values in found.values()]
    panel.plot(list(found), means, color=colour, label=label)
    return [value for values in found.values() for value in values]


def _has(record: Mapping[str, Recorded], arm: str, measure: str) -> bool:
    return arm in record and measure in record[arm].values
