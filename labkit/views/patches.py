"""Patches on their image: what is asked, what is the answer, and where an encoder looks."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from labkit.views import style
from labkit.views.grids import as_pixels

QUERY, POSITIVE, NEGATIVE = style.ORANGE, style.BLUE, "white"


def show(panel: Axes, image: Tensor, title: str) -> None:
    """One image (C, H, W) in [-1, 1], without axes."""
    panel.imshow(as_pixels(image[None])[0].numpy(), interpolation="nearest")
    panel.set_title(title)
    panel.set_axis_off()


def box(panel: Axes, centre: tuple[float, float], side: float, colour: str, width: float = 1.8) -> None:
    """A square of `side` pixels around `centre`, (row, column) in pixels."""
    corner = (centre[1] - side / 2 - 0.5, centre[0] - side / 2 - 0.5)
    panel.add_patch(Rectangle(corner, side, side, fill=False, edgecolor=colour, linewidth=width))


def question(
    output: Tensor, given: Tensor, others: Sequence[Tensor], query: tuple, negatives: Sequence[tuple], side: float
) -> Figure:
    """PatchNCE as a question: a query on the output, its positive and internal negatives on the input (both (C, H, W)),
    and the same number of external negatives on other inputs. Places are (row, column); `side`: the receptive field."""
    figure, axes = style.panels(2 + len(others), width=2.1, height=2.3)
    show(axes[0], output, "query, on fake_B")
    box(axes[0], query, side, QUERY)
    show(axes[1], given, "positive and internal")
    for place in negatives:
        box(axes[1], place, side, NEGATIVE, 1.2)
    box(axes[1], query, side, POSITIVE)
    for panel, other in zip(axes[2:], others, strict=True):
        show(panel, other, "external")
        for place in negatives:
            box(panel, place, side, NEGATIVE, 1.2)
        box(panel, query, side, NEGATIVE, 1.2)
    return figure


def similarity_map(query: Tensor, keys: Tensor, place: tuple[int, int]) -> Tensor:
    """How like a query at `place` (row, column) is to every place of the input: (h, w), cosine similarity.

    query, keys: unit vectors (dim, h, w) of the output and of the input.
    """
    return torch.einsum("c,chw->hw", query[:, place[0], place[1]], keys)


def similarity_figure(output: Tensor, given: Tensor, maps: Mapping[str, Tensor], place: tuple[float, float]) -> Figure:
    """The output with the query at `place` (row and column as shares of the side), the input, and similarity maps
    (title -> (h, w)) of several layers, bright where the encoder finds the query's like."""
    figure, axes = style.panels(2 + len(maps), width=1.65, height=1.85)
    show(axes[0], output, "query, on fake_B")
    show(axes[1], given, "real_A")
    for panel, picture in ((axes[0], output), (axes[1], given)):
        height, width = picture.shape[1:]
        at = (place[1] * width - 0.5, place[0] * height - 0.5)
        panel.plot(*at, "o", markerfacecolor="none", markeredgecolor=QUERY, markersize=9, markeredgewidth=2)
    for panel, (title, similarity) in zip(axes[2:], maps.items(), strict=True):
        colours = panel.imshow(similarity.detach().numpy(), cmap="viridis", vmin=-1, vmax=1, extent=(0, 1, 1, 0))
        row, column = ((int(share * side) + 0.5) / side for share, side in zip(place, similarity.shape, strict=True))
        panel.plot(column, row, "o", markerfacecolor="none", markeredgecolor=QUERY, markersize=9)  # its cell's middle
        panel.set_title(title)
        panel.set_axis_off()
    figure.colorbar(
        colours, ax=list(axes), shrink=0.75, aspect=14, pad=0.01, ticks=(-1, 0, 1), label="cosine similarity"
    )
    return figure


def principal_colours(features: Tensor) -> Tensor:
    """The first three principal components of all vectors of (N, C, h, w) as colours: (N, 3, h, w) in [-1, 1].

    Places of one colour have like features, within an image and across images.
    """
    vectors = features.permute(0, 2, 3, 1).flatten(0, 2)
    centred = vectors - vectors.mean(0)
    _, _, axes = torch.linalg.svd(centred, full_matrices=False)
    axes = axes[:3] * axes[:3].sum(1, keepdim=True).sign()  # a component's sign is arbitrary: the same on every machine
    scores = centred @ axes.T
    low, high = scores.quantile(0.02, 0), scores.quantile(0.98, 0)
    colours = ((scores - low) / (high - low).clamp_min(1e-9)).clamp(0, 1) * 2 - 1
    return colours.reshape(len(features), *features.shape[2:], 3).permute(0, 3, 1, 2)
