"""Pictures of contrastive learning: scores, bounds, temperatures."""

import math
from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from torch import Tensor

from labkit.losses.contrastive import negative_weights
from labkit.metrics.pairs import PairScores
from labkit.views import style
from labkit.views.grids import as_pixels


def score_histograms(scores: Mapping[str, PairScores]) -> Figure:
    """How similar pairs are, one panel for each encoder: two views of one image, of one class, of two classes.

    Every histogram is scaled to the same height: what counts is where scores lie, and most pairs are negatives.
    """
    figure, axes = style.panels(len(scores), sharex=True, sharey=True, height=2.5)
    edges = torch.linspace(-1, 1, 51)
    for panel, (title, each) in zip(axes, scores.items(), strict=True):
        groups = (
            ("another\nclass", each.other_class, style.ORANGE),
            ("the same\nclass", each.same_class, style.PURPLE),
            ("the same\nimage", each.positive, style.BLUE),
        )
        for row, (_, values, colour) in enumerate(groups):
            heights = torch.histogram(values.clamp(-1, 1), edges).hist
            tops = row + 0.85 * heights / heights.max()
            panel.stairs(tops.tolist(), edges.tolist(), baseline=row, fill=True, color=colour)
            panel.plot([values.mean()] * 2, [row, row + 0.9], color="black", linewidth=1)
        panel.set(title=title, xlabel="score (cosine similarity)", ylim=(0, 3))
        panel.set_yticks([0.4, 1.4, 2.4], [label for label, _, _ in groups])
    axes[0].set_ylabel("two views of …")
    return figure


def information_curves(
    keys: Sequence[int], estimates: Mapping[float, Sequence[float]], trained: Mapping[int, float] | None = None
) -> Figure:
    """The InfoNCE bound over the number of keys, one curve for each true mutual information (nats), below log N.

    estimates: true value -> the bound at each number of keys. trained: number of keys -> what a trained critic reached.
    """
    figure, (panel,) = style.panels(1, width=5.2, height=3.1)
    ceiling = [math.log(n) for n in keys]
    panel.fill_between(keys, ceiling, 12, color="#E9E9E9", linewidth=0)
    panel.plot(keys, ceiling, color="black", linewidth=1.2)
    panel.text(keys[0] * 1.25, 8.6, "out of reach: above $\\log N$", fontsize=9, color="#444444")
    colours = (style.SKY, style.GREEN, style.BLUE, style.PURPLE)
    for (truth, values), colour in zip(estimates.items(), colours, strict=False):
        panel.axhline(truth, color=colour, linewidth=0.9, linestyle=(0, (4, 3)))
        panel.plot(keys, values, color=colour, marker="o", markersize=3.5)
        panel.text(keys[-1] * 1.15, truth, f"true {truth:g}", color=colour, fontsize=8.5, va="center")
    for n, value in (trained or {}).items():
        panel.plot([n], [value], "*", markersize=11, color=style.ORANGE, label="trained critic")
    panel.set_xscale("log", base=2)
    panel.set_xticks(list(keys), [f"{n}" for n in keys])
    panel.set(xlabel="number of keys $N$", ylabel="bound (nats)", ylim=(0, 10.8), xlim=(keys[0] * 0.9, keys[-1] * 1.05))
    if trained:
        panel.legend(loc="lower right")
    return figure


def temperature_figure(similarity: Tensor, pictures: Tensor, temperature: float, query: int = 0) -> Figure:
    """A small similarity matrix, the softmax of its rows, and one query's push on its negatives.

    similarity: (N, N) cosine similarities of views (rows) with views (columns), positives on the diagonal.
    pictures:   (N, C, H, W), what the rows and columns are. query: the row whose negatives are shown on the right.
    """
    n = len(similarity)
    figure, (left, middle, right) = style.panels(3, width=3.0, height=2.9, width_ratios=[1, 1, 1.25])
    for panel, values, title in (
        (left, similarity, "similarity"),
        (middle, (similarity / temperature).softmax(1), f"softmax of the rows, τ = {temperature:.2f}"),
    ):
        low = -1 if panel is left else 0
        panel.imshow(values, cmap="viridis", vmin=low, vmax=1)
        panel.set_title(title)
        panel.grid(False)
        panel.set(xticks=[], yticks=[])
        _draw_pictures(panel, pictures, [(-0.95, i) for i in range(n)])
        _draw_pictures(panel, pictures, [(i, n - 0.05) for i in range(n)])
        panel.set(xlim=(-1.5, n - 0.5), ylim=(n + 0.5, -0.5))
        panel.spines[:].set_visible(False)
    others = [i for i in range(n) if i != query]
    order = sorted(others, key=lambda i: -similarity[query, i].item())
    shares = negative_weights(similarity[query, order], temperature)
    right.bar(range(n - 1), shares, color=style.ORANGE, alpha=0.8)
    right.axhline(1 / (n - 1), color=style.GREY, linewidth=0.9, linestyle=(0, (4, 3)))
    _draw_pictures(right, pictures[order], [(i, -0.09) for i in range(n - 1)])
    _draw_pictures(right, pictures[query : query + 1], [(n - 2.2, 0.93)])
    right.text(n - 2.7, 0.93, "query", ha="right", va="center", fontsize=8.5)
    right.set(title="share of the push, negatives", ylim=(-0.17, 1.02), xticks=[], yticks=[0, 0.5, 1])
    right.set_xlabel("hardest … easiest")
    return figure


def _draw_pictures(panel, pictures: Tensor, places: Sequence[tuple[float, float]]) -> None:
    for picture, place in zip(as_pixels(pictures), places, strict=True):
        box = OffsetImage(picture.numpy(), zoom=17 / picture.shape[0], interpolation="nearest")
        panel.add_artist(AnnotationBbox(box, place, frameon=False, pad=0, annotation_clip=False))


def alignment_map(places: Mapping[str, tuple[float, float, float]]) -> Figure:
    """Encoders by alignment (x) and uniformity (y), coloured by a probe's accuracy: name -> (x, y, accuracy)."""
    figure, (panel,) = style.panels(1, width=5.4, height=3.1)
    x, y, accuracy = zip(*places.values(), strict=True)
    dots = panel.scatter(x, y, c=accuracy, cmap="viridis", s=70, edgecolors="black", linewidths=0.6, zorder=3)
    for name, (a, u, _) in places.items():
        crowded = any(0 < other - a < 0.03 and abs(height - u) < 0.2 for other, height, _ in places.values())
        side = {"xytext": (-8, -3), "ha": "right"} if crowded else {"xytext": (8, -3), "ha": "left"}
        panel.annotate(name, (a, u), textcoords="offset points", fontsize=8.5, **side)
    figure.colorbar(dots, ax=panel, label="probe, one label a class", shrink=0.9)
    panel.set(xlabel="alignment (smaller: views agree)", ylabel="uniformity (smaller: spread out)")
    panel.margins(x=0.25, y=0.12)
    return figure


def probe_bars(results: Mapping[str, tuple[float, float]], ceiling: str) -> Figure:
    """Linear probes with one label a class and with all: name -> (few, all) test accuracy; `ceiling` has grey bars."""
    figure, (panel,) = style.panels(1, width=6.2, height=2.6)
    for i, (name, (few, many)) in enumerate(results.items()):
        colours = (style.GREY, "#BBBBBB") if name == ceiling else (style.BLUE, style.SKY)
        for shift, value, colour in ((-0.2, few, colours[0]), (0.2, many, colours[1])):
            panel.bar(i + shift, value, width=0.38, color=colour)
            panel.text(i + shift, value + 0.015, f"{value:.2f}", ha="center", fontsize=8)
    panel.set_xticks(range(len(results)), list(results))
    panel.set(ylim=(0, 1.12), ylabel="test accuracy")
    panel.bar(0, 0, color=style.BLUE, label="one label a class")
    panel.bar(0, 0, color=style.SKY, label="all labels")
    panel.legend(loc="upper center", bbox_to_anchor=(0.5, 1.18), ncols=2)
    panel.grid(axis="x", visible=False)
    return figure
