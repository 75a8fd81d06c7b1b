"""The arms of a recorded study side by side: a dot a seed, a bar at their mean, and what they were made with."""

import statistics
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labkit.study import Recorded
from labkit.views import style


def made_with(record: Mapping[str, Recorded], arms: Sequence[str], command: str) -> str:
    """One sentence: date, seeds and steps of the recorded arms, and what is missing or no longer what would be run."""
    found = [record[arm] for arm in arms if arm in record]
    if not found:
        return f"not recorded yet: run `{command}`"
    dates, steps, seeds = ({get(r) for r in found} for get in (_date, lambda r: r.spec.steps, lambda r: tuple(r.seeds)))
    parts = [f"recorded {' and '.join(sorted(dates))}, {_some(steps)} steps, seeds {_some(map(_list, seeds))}"]
    missing = [arm for arm in arms if arm not in record]
    stale = [arm for arm in arms if arm in record and not record[arm].up_to_date]
    parts += [f"not recorded yet: {', '.join(missing)}"] if missing else []
    parts += [f"the settings of {', '.join(stale)} have changed since: run `{command}`"] if stale else []
    return "; ".join(parts)


def _date(record: Recorded) -> str:
    return record.environment["date"]


def _list(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))


def _some(values) -> str:
    return " or ".join(map(str, sorted(values)))


def draw_arms(
    axes: Axes, record: Mapping[str, Recorded], measure: str, arms: Mapping[str, str], **marks: float
) -> None:
    """A column for each arm: label -> name in the record. `marks`: label -> height of a dashed line: chance=0.1."""
    heights = [0.0, *marks.values()]  # from zero on: a difference looks as large as it is
    for at, arm in enumerate(arms.values()):
        values = record[arm].values.get(measure, []) if arm in record else []
        if values:
            axes.plot([at] * len(values), values, "o", color=style.GENERATOR, alpha=0.55, markersize=5)
            axes.plot([at - 0.3, at + 0.3], [statistics.fmean(values)] * 2, color=style.GENERATOR)
            heights += values
        else:
            word = "not measured" if arm in record else "no record"
            where = {"xycoords": ("data", "axes fraction"), "ha": "center", "va": "center", "rotation": 90}
            axes.annotate(word, (at, 0.5), **where, color=style.GREY)
    axes.set_ylim(1.1 * min(heights), 1.1 * max(heights) or 1.0)
    for label, height in marks.items():
        axes.axhline(height, color=style.GREY, linestyle=(0, (4, 3)), linewidth=1)
        axes.annotate(label, (1, height), xycoords=("axes fraction", "data"), ha="right", va="bottom", color=style.GREY)
    axes.set_xticks(range(len(arms)), list(arms))
    axes.set_xlim(-0.6, len(arms) - 0.4)
    axes.grid(axis="x", visible=False)


def arm_panels(
    record: Mapping[str, Recorded],
    panels: Mapping[str, str],
    arms: Mapping[str, str],
    command: str,
    marks: Mapping[str, Mapping[str, float]] = {},
    width: float = 3.2,
) -> Figure:
    """A panel for each measure (title -> measure), the arms (label -> name) as columns; below, what made them.

    marks: measure -> its dashed lines.
    """
    figure, axes = style.panels(len(panels), width=width)
    for panel, (title, measure) in zip(axes, panels.items(), strict=True):
        draw_arms(panel, record, measure, arms, **marks.get(measure, {}))
        panel.set_title(title)
    figure.supxlabel(made_with(record, list(arms.values()), command), fontsize=8, color=style.GREY)
    return figure


def ratio_curves(
    record: Mapping[str, Recorded],
    arms: Mapping[str, str],
    noises: Mapping[str, str],
    amplitudes: Sequence[int],
    marks: Mapping[str, str],
    command: str,
) -> Figure:
    """A panel for each arm: how much worse the way home becomes with the amplitude of a noise, a line for every seed.

    arms: title -> name in the record; noises: label -> measure, with {} for the amplitude; marks: label -> measure of a
    disturbance that has no amplitude, drawn as a dashed line at its mean.
    """
    figure, axes = style.panels(len(arms), width=3.6, sharey=True)
    for panel, (title, arm) in zip(axes, arms.items(), strict=True):
        values = record[arm].values if arm in record else {}
        for (label, measure), colour in zip(noises.items(), (style.ORANGE, style.BLUE), strict=True):
            curves = [values[measure.format(amplitude)] for amplitude in amplitudes] if values else []
            for seed, ratios in enumerate(zip(*curves, strict=True)):
                name = None if seed else label
                panel.plot(amplitudes, ratios, "o-", color=colour, alpha=0.6, markersize=3, linewidth=1.2, label=name)
        sides = zip(marks.items(), ("bottom", "top"), strict=False)
        for (label, measure), side in sides if values else ():
            height = statistics.fmean(values[measure])
            panel.axhline(height, color=style.GREY, linestyle=(0, (4, 3)), linewidth=1)
            panel.annotate(label, (amplitudes[-1], height), ha="right", va=side, color=style.GREY, fontsize=8)
        panel.set(title=title, xscale="log", xlabel="noise, in steps of 8 bits")
        panel.set_xticks(amplitudes, [str(amplitude) for amplitude in amplitudes])
        panel.minorticks_off()
    axes[0].set_ylabel("reconstruction ratio")
    if axes[0].get_legend_handles_labels()[0]:
        axes[0].legend()
    figure.supxlabel(made_with(record, list(arms.values()), command), fontsize=8, color=style.GREY)
    return figure
