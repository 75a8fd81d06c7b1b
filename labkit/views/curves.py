"""Loss curves: raw and smoothed, beside the values that they would have at equilibrium."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from torch import Tensor

from labkit.train.history import History
from labkit.views import style
from labkit.views.grids import strip

COLOURS = (style.DISCRIMINATOR, style.GENERATOR, style.SKY, style.GREY)  # of terms that belong to no domain, in turn
DOMAINS = {"A": style.A, "B": style.B}
AT_REST = (0, (4, 3))
LINES = ("-", (0, (5, 1.2)), (0, (1, 1)), (0, (5, 1, 1, 1)))  # of the terms that share a colour, in turn


def smoothed(values: Sequence[float], window: int) -> np.ndarray:
    """Centred moving mean over `window` values (made odd); at both ends over the values that there are."""
    half = window // 2
    sums = np.concatenate([[0.0], np.cumsum(np.asarray(values, dtype=float))])
    at = np.arange(len(values))
    low, high = np.maximum(at - half, 0), np.minimum(at + half + 1, len(values))
    return (sums[high] - sums[low]) / (high - low)


def looks(terms: Sequence[str]) -> list[dict]:
    """Colour and line of each term: blue where its name ends in A, orange where it ends in B (`G/cyc_A`, `D/B`)."""
    others, seen, found = cycle(COLOURS), Counter(), []
    for term in terms:
        colour = DOMAINS.get(term[-1]) or next(others)
        found.append({"color": colour, "linestyle": LINES[seen[colour]]})
        seen[colour] += 1
    return found


def draw_losses(
    axes: Axes, history: History, terms: Sequence[str], equilibrium: Mapping[str, float | None] = {}, window: int = 25
) -> None:
    """Each term raw (thin, pale) and smoothed; a dashed line in its colour where it would rest at equilibrium."""
    for term, look in zip(terms, looks(terms), strict=True):
        steps, values = history.curve(term)
        axes.plot(steps, values, color=look["color"], alpha=0.25, linewidth=0.6)
        axes.plot(steps, smoothed(values, window), **look, label=term)
        if equilibrium.get(term) is not None:
            axes.axhline(equilibrium[term], color=look["color"], linestyle=AT_REST, linewidth=1)
    axes.set_xlabel("step")


def legend(axes: Axes, equilibrium: Mapping[str, float | None], **settings) -> None:
    """The names of the terms, and what a dashed line is where there are any."""
    handles, _ = axes.get_legend_handles_labels()
    if any(value is not None for value in equilibrium.values()):
        handles.append(Line2D([], [], color=style.GREY, linestyle=AT_REST, linewidth=1, label="dashed: at rest"))
    axes.legend(handles=handles, loc="upper right", **settings)


def loss_curves(
    runs: Mapping[str, History],
    terms: Sequence[str],
    equilibrium: Mapping[str, float | None] = {},
    window: int = 25,
    ylim: tuple[float, float] | None = None,
) -> Figure:
    """One panel for each run, all with the same axes, so that a healthy and a sick run can be compared by eye.

    runs: title -> history. terms: names of the history, at most four of one colour. equilibrium: term -> value of the
    dashed line. window: steps of the moving mean.
    """
    figure, axes = style.panels(len(runs), width=min(style.PANEL[0], 10 / len(runs)), sharey=True)
    for panel, (title, history) in zip(axes, runs.items(), strict=True):
        draw_losses(panel, history, terms, equilibrium, window)
        panel.set_title(title)
    if ylim:
        axes[0].set_ylim(ylim)
    axes[0].set_ylabel("loss")
    legend(axes[0], equilibrium)
    return figure


def curves_beside_samples(
    runs: Mapping[str, tuple[History, Tensor]],
    terms: Sequence[str],
    equilibrium: Mapping[str, float | None] = {},
    window: int = 25,
    ylim: tuple[float, float] | None = None,
) -> Figure:
    """A row for each run: on the left its curves, all on the same axes, on the right its samples in two rows.

    runs: title -> (history, images (N, 1 or 3, H, W) in [-1, 1], N even). The rest as in `loss_curves`.
    """
    figure = Figure(figsize=(9.5, 1.6 * len(runs)), layout="constrained")
    axes = figure.subplots(len(runs), 2, squeeze=False, sharex="col", width_ratios=[1.25, 1])
    for (title, (history, images)), (left, right) in zip(runs.items(), axes, strict=True):
        draw_losses(left, history, terms, equilibrium, window)
        left.set(title=title, ylabel="loss", xlabel="step" if left is axes[-1][0] else "")
        if ylim:
            left.set_ylim(ylim)
        gap = max(1, images.shape[-1] // 16)
        upper, lower = (strip(half, gap).numpy() for half in images.chunk(2))
        between = np.ones((gap, upper.shape[1], 3), dtype=upper.dtype)
        right.imshow(np.concatenate([upper, between, lower]), interpolation="nearest")
        right.set_axis_off()
    legend(axes[0][0], equilibrium, ncols=2)
    return figure


def term_curves(history: History, points: int = 500) -> Figure:
    """A panel for every term, each with its own scale: raw (thin, pale) and smoothed over a fiftieth of the steps.

    points: of a longer curve, the means over so many equal parts are drawn. Laid out by hand: matplotlib's own layout
    takes more than twice as long, and this is drawn while a run waits.
    """
    terms = history.terms()
    columns = min(4, len(terms))
    rows = -(-len(terms) // columns)
    figure = Figure(figsize=(2.6 * columns, 1.7 * rows))
    figure.subplots_adjust(0.5 / 2.6 / columns, 0.3 / 1.7 / rows, 0.99, 1 - 0.25 / 1.7 / rows, 0.25, 0.45)
    for i, term in enumerate(terms):
        panel = figure.add_subplot(rows, columns, i + 1, title=term)
        parts = [np.array_split(np.asarray(part, float), min(points, len(part))) for part in history.curve(term)]
        steps, values = ([piece.mean() for piece in pieces] for pieces in parts)
        colour = DOMAINS.get(term[-1], style.GREY)
        panel.plot(steps, values, color=colour, alpha=0.3, linewidth=0.6)
        panel.plot(steps, smoothed(values, len(values) // 50), color=colour)
    return figure
