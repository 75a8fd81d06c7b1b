"""The task in one picture: pairs beside two collections without pairs."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from torch import Generator, Tensor, rand

from labkit.views import style
from labkit.views.grids import as_pixels

SIDE = 0.92  # of a picture, where its place is 1 × 1
SPREAD = 0.14  # how far a picture of a collection may lie from its place


def paired_and_unpaired(pairs: tuple[Tensor, Tensor], collections: tuple[Tensor, Tensor]) -> Figure:
    """Left: pictures of A, each with an arrow to its partner in B. Right: pictures of A and of B, and no arrow.

    pairs:       images (n, C, H, W) of A and their partners, as many.
    collections: images (N, C, H, W) of A and of B, 3n of each at most are shown.
    """
    n = len(pairs[0])
    figure = Figure(figsize=(8.6, 0.7 * n + 0.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[3.2, 7.2])
    for axes, title, width in ((left, "paired", 3), (right, "unpaired", 7)):
        axes.set(xlim=(-0.15, width + 0.15), ylim=(-0.15, n + 0.45), aspect="equal")
        axes.set_axis_off()
        axes.set_title(title)
    for row, (one, other) in enumerate(zip(*map(as_pixels, pairs), strict=True)):
        y = n - 1 - row
        _picture(left, one.numpy(), 0, y)
        _picture(left, other.numpy(), 2, y)
        left.annotate("", (1.9, y + 0.46), (1.02, y + 0.46), arrowprops={"arrowstyle": "->", "color": style.GREY})
    _letter(left, "A", 0.46, n)
    _letter(left, "B", 2.46, n)
    places = Generator().manual_seed(0)
    for letter, images, x in zip("AB", collections, (0.1, 3.8), strict=True):
        colour = {"A": style.A, "B": style.B}[letter]
        box = FancyBboxPatch((x, 0.0), 3.1, n - 0.05, boxstyle="round,pad=0.1", fc="none", ec=colour, lw=1.2)
        right.add_patch(box)
        _letter(right, letter, x + 1.55, n)
        for i, image in enumerate(as_pixels(images[: 3 * n])):
            dx, dy = (SPREAD * (rand(2, generator=places) - 0.5)).tolist()
            _picture(right, image.numpy(), x + 0.1 + i % 3 + dx, n - 1 - i // 3 + dy)
    return figure


def _picture(axes: Axes, pixels, x: float, y: float) -> None:
    axes.imshow(pixels, extent=(x, x + SIDE, y, y + SIDE), interpolation="nearest", aspect="auto")


def _letter(axes: Axes, letter: str, x: float, top: float) -> None:
    colour = {"A": style.A, "B": style.B}[letter]
    axes.text(x, top + 0.14, letter, ha="center", va="bottom", color=colour, fontweight="bold")
