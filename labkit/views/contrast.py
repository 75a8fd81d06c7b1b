"""Pictures of contrastive learning: scores, bounds, temperatures."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean

import torch
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from matplotlib.patches import Circle
from torch import Tensor

from labkit.losses.contrastive import alignment, negative_weights, uniformity
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


def label_curves(curves: Mapping[str, Sequence[Sequence[float]]], labels: Sequence[str], note: str = "") -> Figure:
    """Test accuracy over the number of labels: method -> for each of `labels` its values, one a seed (none: no point).

    A dot for every seed, a line through their means; the name stands at the right end of its line.
    """
    figure, (panel,) = style.panels(1, width=6.4, height=3.6)
    colours = (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE, style.SKY, style.GREY, "#000000")
    for (name, values), colour in zip(curves.items(), colours, strict=False):
        known = [(at, each) for at, each in enumerate(values) if each]
        for at, each in known:
            panel.plot([at] * len(each), each, "o", color=colour, alpha=0.4, markersize=3.5)
        panel.plot([at for at, _ in known], [fmean(each) for _, each in known], color=colour, label=name)
    panel.set_xticks(range(len(labels)), list(labels))
    panel.set(xlabel="labels of each class", ylabel="test accuracy")
    panel.legend(loc="lower right")
    figure.supxlabel(note, fontsize=8, color=style.GREY)
    return figure


def reading_tables(tables: Mapping[str, Mapping[str, Mapping[str, float]]], chance: Mapping[str, float]) -> Figure:
    """Tables of accuracies side by side, darker where more is read: title -> row -> column -> accuracy.

    chance: the accuracy of a guess in each column, where the shade begins. What was not measured (NaN) is a dash.
    """
    columns = list(chance)
    rows = list(next(iter(tables.values())))
    figure, axes = style.panels(len(tables), width=4.6, height=0.9 + 0.3 * len(rows), sharey=True)
    low = torch.tensor(list(chance.values()))
    for panel, (title, table) in zip(axes, tables.items(), strict=True):
        values = torch.tensor([[table[row][column] for column in columns] for row in rows])
        share = ((values - low) / (1 - low)).clamp(0, 1)
        panel.imshow(share.numpy(), cmap="Blues", vmin=0, vmax=1.3, aspect="auto")
        for y, line in enumerate(values.tolist()):
            for x, value in enumerate(line):
                said = "–" if math.isnan(value) else f"{value:.2f}"
                panel.text(x, y, said, ha="center", va="center", fontsize=8)
        titles = [name.replace(" or ", " or\n") + f"\n({chance[name]:.2f})" for name in columns]
        panel.set_xticks(range(len(columns)), titles, fontsize=7.5)
        panel.set_yticks(range(len(rows)), rows)
        panel.set_title(title)
        panel.grid(visible=False)
        panel.spines[:].set_visible(False)
        panel.tick_params(length=0)
    return figure


def circles(views: Mapping[str, tuple[Tensor, Tensor]], labels: Tensor) -> Figure:
    """Features on the unit circle, a panel for each encoder: title -> two views of the same images, (N, 2) each.

    Each class has a ring of its own, and a dot for each of its images; grey lines lead from a few to their other view.
    Outside stand the classes, each in its mean direction (not where all images lie in one place), and below the circle
    its alignment and uniformity, the smaller the better.
    """
    from matplotlib import colormaps

    figure, axes = style.panels(len(views), width=2.35, height=2.75)
    classes = labels.unique().tolist()
    for panel, (title, (view_1, view_2)) in zip(axes, views.items(), strict=True):
        even = uniformity(view_1).item()
        for ring, label in enumerate(classes):
            radius, colour, members = 1 + 0.07 * ring, colormaps["tab10"](ring % 10), labels == label
            one, other = radius * view_1[members], radius * view_2[members]
            for a, b in zip(one[:5].tolist(), other[:5].tolist(), strict=True):
                panel.plot(*zip(a, b, strict=True), color="#BBBBBB", linewidth=0.4, zorder=1)
            panel.scatter(*one.T.tolist(), s=5, color=colour, linewidths=0, alpha=0.7, zorder=2)
            angle = one.sum(0) / one.sum(0).norm().clamp(min=1e-9)  # the mean direction of the class
            if even < -0.1:
                panel.text(*(1.9 * angle).tolist(), str(label), color=colour, ha="center", va="center", fontsize=8)
        for radius in (1, 1 + 0.07 * (len(classes) - 1)):
            panel.add_artist(Circle((0, 0), radius, fill=False, color="#DDDDDD", linewidth=0.6, zorder=0))
        said = f"alignment {alignment(view_1, view_2):.2f}\nuniformity {even:.2f}".replace("-0.00", "0.00")
        panel.set(title=title, xlim=(-2.1, 2.1), ylim=(-2.1, 2.1), xticks=[], yticks=[], aspect="equal")
        panel.set_xlabel(said)
        panel.grid(visible=False)
        panel.spines[:].set_visible(False)
    return figure
