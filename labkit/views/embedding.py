"""An embedding seen from its two widest sides: which domain, and which digit, lies where."""

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure
from torch import Tensor

from labkit.views import style


def plane(codes: Tensor) -> Tensor:
    """Codes (N, C) on their two principal components, (N, 2), in units of the first one's standard deviation."""
    centred = codes - codes.mean(0)
    _, spread, directions = centred.svd()
    return centred @ directions[:, :2] / (spread[0] / len(codes) ** 0.5)


def embedding_map(codes: Tensor, domains: Tensor, digits: Tensor) -> Figure:
    """Left: the codes (N, C) in the colour of their domain (0: A, blue; 1: B, orange). Right: each as its digit."""
    from matplotlib import colormaps

    points, tab10 = plane(codes.detach()), colormaps["tab10"]
    figure, (by_domain, by_digit) = style.panels(2, width=3.6, height=3.2, sharex=True, sharey=True)
    for domain, (name, colour) in enumerate((("A", style.A), ("B", style.B))):
        chosen = points[domains == domain]
        by_domain.scatter(*chosen.T.tolist(), s=7, color=colour, alpha=0.6, linewidths=0, label=name)
    for domain, weight in enumerate(("normal", "bold")):
        chosen = (domains == domain).nonzero().flatten()[:120]
        for (x, y), digit in zip(points[chosen].tolist(), digits[chosen].tolist(), strict=True):
            by_digit.text(x, y, str(digit), fontsize=7, weight=weight, color=tab10(digit), ha="center", va="center")
    by_domain.set_title("by domain")
    by_domain.legend(loc="upper right")
    by_digit.set_title("by digit (bold: B)")
    for panel in (by_domain, by_digit):
        panel.set(xticks=[], yticks=[])
        panel.grid(visible=False)
    return figure


def neighbour_maps(features: Mapping[str, Tensor], labels: Tensor, seed: int = 0) -> Figure:
    """Features (N, C) laid out in the plane by t-SNE (van der Maaten and Hinton 2008), a panel for each encoder.

    A dot is an image, its colour the class, and the class is written at the middle of its dots. t-SNE keeps who is near
    whom; distances between groups and the sizes of groups mean nothing.
    """
    from matplotlib import colormaps
    from sklearn.manifold import TSNE

    figure, axes = style.panels(len(features), width=2.6, height=2.7)
    for panel, (title, each) in zip(axes, features.items(), strict=True):
        scaled = (each - each.mean(0)) / each.std(0).clamp(min=1e-6)
        tsne = TSNE(perplexity=min(30, len(each) / 4), init="pca", random_state=seed, n_jobs=1)
        points = torch.from_numpy(tsne.fit_transform(scaled.numpy()))
        for place, label in enumerate(labels.unique().tolist()):
            own, colour = points[labels == label], colormaps["tab10"](place % 10)
            panel.scatter(*own.T.tolist(), s=5, color=colour, alpha=0.6, linewidths=0)
            middle = own.median(0).values.tolist()
            panel.text(*middle, str(label), color=colour, weight="bold", fontsize=10, ha="center", va="center")
        panel.set(title=title, xticks=[], yticks=[])
        panel.grid(visible=False)
    return figure
