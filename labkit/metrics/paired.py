"""Metrics that look at the truth: rendered test images are known in both domains (`DataSet.truth`)."""

import torch
from torch import Tensor

from labkit.metrics.base import Measurement


def pixel_error(
    images: Tensor, truth: Tensor, mask: Tensor | None = None, *, split: str = "test", seed: int | None = None
) -> Measurement:
    """Mean absolute difference of `images` and `truth` (N, C, H, W) in [-1, 1]: from 0 to 2.

    `mask` (N, 1, H, W) in [0, 1] weighs the pixels: with a figure's mask the error on the figure alone is measured.
    """
    if images.shape != truth.shape:
        raise ValueError(f"images and truth must have one shape, found {images.shape} and {truth.shape}")
    error = (images - truth).abs().mean(1, keepdim=True)
    value = error.mean() if mask is None else (error * mask).sum() / mask.sum()
    return Measurement("pixel error", float(value), len(images), split, None, seed)


def palette_accuracy(
    images: Tensor, kinds: Tensor, palette: Tensor, *, split: str = "test", seed: int | None = None
) -> Measurement:
    """The part of the pixels of flat `images` (N, 3, H, W) whose nearest colour in `palette` is that of their kind.

    `palette` (K, 3) holds RGB in [0, 1], `kinds` (N, 1, H, W) the place of each pixel's true colour in it. This is how
    CycleGAN judges photo → labels (section 5.1.1): per-pixel accuracy.
    """
    pixels = (images.permute(0, 2, 3, 1).reshape(-1, 3) + 1) / 2
    nearest = torch.cdist(pixels, palette.to(pixels)).argmin(1)
    value = (nearest == kinds.flatten().long()).float().mean()
    return Measurement("palette accuracy", float(value), len(images), split, None, seed)


def matched_palette_accuracy(
    images: Tensor, kinds: Tensor, palette: Tensor, *, split: str = "test", seed: int | None = None
) -> Measurement:
    """The same after the best renaming of the colours, found by the Hungarian method (Kuhn 1955): high where all kinds
    are told apart, whatever they are called. The renaming is chosen on the same images."""
    from scipy.optimize import linear_sum_assignment

    pixels = (images.permute(0, 2, 3, 1).reshape(-1, 3) + 1) / 2
    nearest, n = torch.cdist(pixels, palette.to(pixels)).argmin(1), len(palette)
    table = torch.bincount(kinds.flatten().long() * n + nearest, minlength=n * n).reshape(n, n).numpy()
    rows, columns = linear_sum_assignment(table, maximize=True)
    value = float(table[rows, columns].sum() / table.sum())
    return Measurement("matched palette accuracy", value, len(images), split, None, seed)
