"""Codes as points in the plane, and the distances of two kinds of image pairs as histograms."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from labkit.metrics.invariance import PairDistances
from labkit.views import style


def principal(codes: Tensor) -> tuple[Tensor, Tensor]:
    """The mean (D,) of codes (N, D), and the two directions in which they spread most, (2, D), each as long as the
    standard deviation of the codes along it."""
    mean = codes.mean(0)
    _, spread, directions = torch.linalg.svd(codes - mean, full_matrices=False)
    return mean, directions[:2] * spread[:2, None] / len(codes) ** 0.5


def code_map(codes: Mapping[str, Tensor], kinds: Tensor, names: Sequence[str], colours: Tensor) -> Figure:
    """A panel for each set of codes (N, D), in its own two main directions; a dot an image, coloured by its kind.

    kinds: (N,), places in `names` and in `colours` (K, 3), RGB in [0, 1].
    """
    figure, axes = style.panels(len(codes), width=3.3, height=3.0)
    for panel, (title, points) in zip(axes, codes.items(), strict=True):
        mean, directions = principal(points)
        plane = (points - mean) @ (directions / directions.square().sum(1, keepdim=True)).T
        for kind, name in enumerate(names):
            own = plane[kinds == kind]
            panel.scatter(*own.T.tolist(), s=12, color=colours[kind].tolist(), edgecolor="#555555", lw=0.3, label=name)
        panel.set(title=title, xlabel="first main direction", ylabel="second", xlim=(-3.2, 3.2), ylim=(-3.2, 3.2))
    axes[-1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def class_map(
    source: Tensor,
    target: Tensor,
    kinds: Mapping[str, tuple[Sequence[str], Sequence[str]]],
    colours: Mapping[str, Sequence[float]] = {},
) -> Figure:
    """Codes of source classes (N, D) as dots and of target classes (M, D) as diamonds, in the two main directions of
    the source; the same map in each panel, coloured by another factor.

    kinds: title -> what that factor is, for each of the source codes and for each of the target codes. colours: what it
    is -> RGB in [0, 1]; other values get colours of their own.
    """
    from matplotlib import colormaps

    mean, directions = principal(source)
    places = [(codes - mean) @ (directions / directions.square().sum(1, keepdim=True)).T for codes in (source, target)]
    figure, axes = style.panels(len(kinds), width=3.3, height=3.2, sharex=True, sharey=True)
    for panel, (title, both) in zip(axes, kinds.items(), strict=True):
        for i, value in enumerate(sorted({*both[0], *both[1]})):
            colour = colours.get(value, colormaps["tab10"](i % 10)[:3])
            for points, own, look in zip(
                places, both, ({"s": 9, "lw": 0.3}, {"s": 34, "marker": "D", "lw": 1.0}), strict=True
            ):
                chosen = points[[item == value for item in own]]
                edge = "#999999" if look["s"] == 9 else "black"
                panel.scatter(*chosen.T.tolist(), color=tuple(colour), edgecolor=edge, **look)
            panel.scatter([], [], s=20, color=tuple(colour), edgecolor="#999999", lw=0.3, label=value)
        panel.set(title=title, xlabel="first main direction")
        panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=4, handletextpad=0.1, columnspacing=0.8)
    axes[0].set_ylabel("second")
    return figure


def distance_histograms(found: Mapping[str, PairDistances]) -> Figure:
    """A panel for each way to measure a distance: how far apart pairs of one scene are, and pairs of one domain."""
    figure, axes = style.panels(len(found), width=3.6, height=2.5)
    for panel, (title, distances) in zip(axes, found.items(), strict=True):
        both = torch.cat([distances.same_scene, distances.same_domain])
        bins = torch.linspace(0, 1.02 * both.max().item(), 26).tolist()
        for values, colour, label in (
            (distances.same_scene, style.GREEN, "one scene, two domains"),
            (distances.same_domain, style.PURPLE, "two scenes, one domain"),
        ):
            panel.hist(values.tolist(), bins, color=colour, alpha=0.55, label=label)
        panel.set(title=f"{title}: AUC {distances.auc:.2f}", xlabel="distance", ylabel="pairs")
    axes[0].legend(loc="upper left")
    return figure
