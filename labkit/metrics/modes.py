"""How much of a mixture of Gaussians did a generator find? The counts of Srivastava et al. 2017 (VEEGAN, section 4)."""

import torch
from torch import Tensor

from labkit.metrics.base import Measurement


def modes_covered(
    points: Tensor, centres: Tensor, std: float, *, least: int = 1, split: str = "generated", seed: int | None = None
) -> Measurement:
    """How many of the modes at `centres` (M, 2) have at least `least` of the `points` (N, 2) within three `std`."""
    near, mode = _nearest(points, centres, std)
    hits = torch.bincount(mode[near], minlength=len(centres))
    return Measurement("modes covered", float((hits >= least).sum()), len(points), split, None, seed)


def high_quality_fraction(
    points: Tensor, centres: Tensor, std: float, *, split: str = "generated", seed: int | None = None
) -> Measurement:
    """The part of the `points` (N, 2) within three `std` of a centre. For perfect samples 1 - exp(-4.5) = 0.989."""
    near, _ = _nearest(points, centres, std)
    return Measurement("high-quality fraction", float(near.float().mean()), len(points), split, None, seed)


def mode_divergence(
    points: Tensor, centres: Tensor, *, split: str = "generated", seed: int | None = None
) -> Measurement:
    """KL divergence, in nats, of how the `points` (N, 2) spread over the modes at `centres` (M, 2) from an even spread.

    Each point counts for its nearest mode, however far it lies. 0: all modes equally often; log M: one mode only. The
    "reverse KL" of Lin et al. 2018 (PacGAN, section 4.1).
    """
    mode = torch.cdist(points.detach().cpu(), centres).argmin(1)
    share = torch.bincount(mode, minlength=len(centres)).double() / len(points)
    value = torch.xlogy(share, share * len(centres)).sum()
    return Measurement("mode divergence", max(0.0, float(value)), len(points), split, None, seed)


def _nearest(points: Tensor, centres: Tensor, std: float) -> tuple[Tensor, Tensor]:
    """Whether each point is close to its nearest centre, and which centre that is."""
    distance, mode = torch.cdist(points.detach().cpu(), centres).min(1)
    return distance <= 3 * std, mode
