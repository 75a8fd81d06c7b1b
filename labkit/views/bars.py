"""Named numbers as bars, several panels with the same names."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from labkit.views import style


def bar_panels(
    panels: Mapping[str, Mapping[str, float]], marks: Mapping[str, float] = {}, form: str = "{:.2f}", width: float = 2.9
) -> Figure:
    """A panel for each entry (title -> name -> value), a bar for each name, its value written beside it.

    marks: title -> where a dashed line stands in that panel. All panels must have the same names.
    """
    names = list(next(iter(panels.values())))
    figure, axes = style.panels(len(panels), width=width, height=0.7 + 0.24 * len(names), sharey=True)
    for panel, (title, values) in zip(axes, panels.items(), strict=True):
        if list(values) != names:
            raise ValueError(f"panel '{title}' has other names than the first: {list(values)}")
        panel.barh(range(len(names)), list(values.values()), color=style.SKY, height=0.7)
        widest = max(max(values.values()), marks.get(title, 0.0), 1e-9)
        for row, value in enumerate(values.values()):
            panel.text(max(value, 0) + 0.02 * widest, row, form.format(value), va="center", fontsize=8)
        if title in marks:
            panel.axvline(marks[title], color=style.GREY, linestyle=(0, (4, 3)), linewidth=1)
        panel.set_xlim(min(0, *values.values()), 1.18 * widest)
        panel.set_title(title)
        panel.grid(axis="y", visible=False)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    return figure
