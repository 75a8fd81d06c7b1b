"""Loss curves: raw and smoothed, beside the values that they would have at equilibrium."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labkit.train.history import History
from labkit.views import style

COLOURS = (style.DISCRIMINATOR, style.GENERATOR, style.SKY, style.GREY, style.BLUE, style.ORANGE)


def smoothed(values: Sequence[float], window: int) -> np.ndarray:
    """Centred moving mean over `window` values (made odd); at both ends over the values that there are."""
    half = window // 2
    sums = np.concatenate([[0.0], np.cumsum(np.asarray(values, dtype=float))])
    at = np.arange(len(values))
    low, high = np.maximum(at - half, 0), np.minimum(at + half + 1, len(values))
    return (sums[high] - sums[low]) / (high - low)


def draw_losses(
    axes: Axes, history: History, terms: Sequence[str], equilibrium: Mapping[str, float | None] = {}, window: int = 25
) -> None:
    """Each term raw (thin, pale) and smoothed; a dashed line in its colour where it would rest at equilibrium."""
    for term, colour in zip(terms, COLOURS, strict=False):
        steps, values = history.curve(term)
        axes.plot(steps, values, color=colour, alpha=0.25, linewidth=0.6)
        axes.plot(steps, smoothed(values, window), color=colour, label=term)
        if equilibrium.get(term) is not None:
            axes.axhline(equilibrium[term], color=colour, linestyle=(0, (4, 3)), linewidth=1)
    axes.set_xlabel("step")


def loss_curves(
    runs: Mapping[str, History],
    terms: Sequence[str],
    equilibrium: Mapping[str, float | None] = {},
    window: int = 25,
    ylim: tuple[float, float] | None = None,
) -> Figure:
    """One panel for each run, all with the same axes, so that a healthy and a sick run can be compared by eye.

    runs: title -> history. terms: names of the history, at most six. equilibrium: term -> value of the dashed line.
    window: steps of the moving mean.
    """
    figure, axes = style.panels(len(runs), width=min(style.PANEL[0], 10 / len(runs)), sharey=True)
    for panel, (title, history) in zip(axes, runs.items(), strict=True):
        draw_losses(panel, history, terms, equilibrium, window)
        panel.set_title(title)
    if ylim:
        axes[0].set_ylim(ylim)
    axes[0].set_ylabel("loss")
    axes[0].legend(loc="upper right")
    return figure
