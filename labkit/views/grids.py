"""Images side by side."""

from collections.abc import Mapping

import torch
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from torch import Tensor

from labkit.views import style


def as_pixels(images: Tensor) -> Tensor:
    """Images (N, 1 or 3, H, W) in [-1, 1], values beyond cut off, as (N, H, W, 3) in [0, 1]."""
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        raise ValueError(f"images must be (N, 1 or 3, H, W), found {tuple(images.shape)}")
    pixels = (images.detach().cpu().float().clamp(-1, 1) + 1) / 2
    return pixels.expand(-1, 3, -1, -1).permute(0, 2, 3, 1)


def strip(images: Tensor, gap: int) -> Tensor:
    """Images side by side in one picture, (H, N * (W + gap) - gap, 3), white between them."""
    pixels = as_pixels(images)
    gaps = torch.ones(pixels.shape[1], gap, 3)
    parts = [part for image in pixels for part in (image, gaps)]
    return torch.cat(parts[:-1], 1)


def image_grid(rows: Mapping[str, Tensor], columns: int = 10, inches: float = 0.55, title: str | None = None) -> Figure:
    """One labelled row of images for each entry of `rows`: name -> images (N, 1 or 3, H, W) in [-1, 1].

    The first `columns` images of each are shown, `inches` wide; a row with fewer ends early. Images of one column
    belong together (an input and its translation). A name that ends in _A is written in blue, in _B in orange.
    """
    shown = {name: images[:columns] for name, images in rows.items()}
    widest = max(len(images) for images in shown.values())
    label = 0.16 + 0.075 * max(len(name) for name in rows)  # inches for the names on the left
    width, height = label + widest * inches, len(rows) * inches * 1.06 + (0.25 if title else 0)
    figure = Figure(figsize=(width, height))
    top = height - (0.25 if title else 0)
    for i, (name, images) in enumerate(shown.items()):
        gap = max(1, images.shape[-1] // 16)
        picture = strip(images, gap)
        share = picture.shape[1] / (widest * (images.shape[-1] + gap) - gap)
        place = [label / width, (top - (i + 1) * inches * 1.06) / height, share * (1 - label / width), inches / height]
        axes = figure.add_axes(place)
        axes.imshow(picture.numpy(), interpolation="nearest", aspect="auto")
        axes.set_axis_off()
        colour = {"_A": style.A, "_B": style.B}.get(name[-2:], "black")
        look = {"ha": "right", "va": "center", "color": colour, "fontsize": 9}
        axes.text(-0.008 / share, 0.5, name, transform=axes.transAxes, **look)
    if title:
        figure.text(label / width, 1 - 0.03 / height, title, va="top", fontsize=9.5, fontweight="bold")
    return figure


def diverging(values: Tensor, largest: float) -> Tensor:
    """Signed values (N, 1, H, W) as colours (N, 3, H, W) in [-1, 1]: 0 is white, -largest blue, +largest orange."""
    share = (values / largest).clamp(-1, 1)
    blue, orange = (torch.tensor(to_rgb(colour))[:, None, None] for colour in (style.BLUE, style.ORANGE))
    return 2 * torch.where(share < 0, 1 + share * (1 - blue), 1 - share * (1 - orange)) - 1
