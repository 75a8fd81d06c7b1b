"""Domain adaptation at a glance: what each method reads in the domain without labels, beside what was published."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from labkit.study import Recorded
from labkit.views import style
from labkit.views.arms import made_with


def adaptation(
    record: Mapping[str, Recorded],
    panels: Mapping[str, Mapping[str, str]],
    published: Mapping[str, Mapping[str, float]],
    command: str,
) -> Figure:
    """A panel for each task: panels[task][method] -> arm of the record; published[task][method] -> printed accuracy.

    A dot a seed after the last step; a ring where the best of the kept steps would have been, chosen by the test
    labels; a dashed line for the printed number.
    """
    figure, axes = style.panels(len(panels), width=3.0, height=2.6, sharey=True)
    for panel, (task, arms) in zip(axes, panels.items(), strict=True):
        for at, (method, arm) in enumerate(arms.items()):
            values = record[arm].values if arm in record else {}
            last, best = (values.get(name, []) for name in ("target_accuracy", "target_accuracy_best"))
            panel.plot([at - 0.1] * len(last), last, "o", color=style.GENERATOR, alpha=0.6, markersize=5)
            panel.plot([at + 0.1] * len(best), best, "o", mfc="none", color=style.GREY, markersize=5)
            if not values:
                panel.annotate("no\nrecord", (at, 0.5), ha="center", color=style.GREY)
            if method in published.get(task, {}):
                height = published[task][method]
                panel.plot([at - 0.35, at + 0.35], [height] * 2, color=style.B, linestyle=(0, (4, 2)), linewidth=1.2)
        panel.set(title=task, ylim=(0, 1.03), xlim=(-0.6, len(arms) - 0.4))
        panel.set_xticks(range(len(arms)), list(arms))
        panel.grid(axis="x", visible=False)
    axes[0].set_ylabel("accuracy on B")
    everything = [arm for arms in panels.values() for arm in arms.values()]
    note = "dots: after the last step; rings: best step by an oracle; dashes: published\n"
    figure.supxlabel(note + made_with(record, everything, command), fontsize=8, color=style.GREY)
    return figure
