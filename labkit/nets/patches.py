"""CUT's patch sampler: the same places in every image of a batch, and a small head for each layer. SimDCL's mapping."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets.blocks import init_normal


def random_places(maps: Sequence[Tensor], n: int) -> list[Tensor]:
    """For each feature map (B, C, h, w) up to `n` different places in it, (S,) int64, counted row by row.

    Drawn from torch's global generator, without replacement: a place drawn twice would be its own negative.
    """
    return [torch.randperm(m.shape[2] * m.shape[3], device=m.device)[:n] for m in maps]


def at_places(features: Tensor, places: Tensor) -> Tensor:
    """The vectors of a feature map (B, C, h, w) at `places` (S,), the same ones in every image: (B, S, C)."""
    return features.flatten(2)[:, :, places].transpose(1, 2)


def _unit(x: Tensor) -> Tensor:
    """Vectors (..., C) brought to length 1, but for the official codes' small constant: that of F.normalize is too far
    below what fresh networks put out."""
    return x / (x.norm(dim=-1, keepdim=True) + 1e-7)


class PatchHeads(nn.Module):
    """F of CUT (Park et al. 2020, section 3.3): for each tapped layer two linear layers with a ReLU between them, and
    the result brought to length 1.

    channels: of each tapped layer. With the five taps of the full generator (3, 128, 256, 256, 256) and dim 256 it has
    560,384 parameters.
    """

    def __init__(self, channels: Sequence[int], dim: int = 256):
        super().__init__()
        self.heads = nn.ModuleList(nn.Sequential(nn.Linear(c, dim), nn.ReLU(), nn.Linear(dim, dim)) for c in channels)

    def forward(self, vectors: Sequence[Tensor]) -> list[Tensor]:
        """Vectors (B, S, C) of each layer to unit vectors (B, S, dim)."""
        return [_unit(head(v)) for head, v in zip(self.heads, vectors, strict=True)]

    def map(self, layer: int, features: Tensor) -> Tensor:
        """All places of one layer's map (B, C, h, w) as unit vectors (B, dim, h, w), for pictures."""
        vectors = self.heads[layer](features.flatten(2).transpose(1, 2))
        return F.normalize(vectors, dim=-1).transpose(1, 2).unflatten(2, features.shape[2:])


class PatchMapping(nn.Module):
    """What SimDCL compares images by (Han et al. 2021, arXiv 2104.07689): all projected patches to one unit vector.

    The tables of the layers, places by numbers, are the channels of an image for a convolution; then the mean over it,
    and two linear layers. With 4 layers and dim 64 it has 10,688 parameters. Weights start from N(0, 0.02²).
    """

    def __init__(self, layers: int = 4, dim: int = 64):
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(layers, dim, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
            *(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, dim)),
        )
        init_normal(self)

    def forward(self, vectors: Sequence[Tensor]) -> Tensor:
        """Vectors (B, S, C) of each layer, C the same for all, S and C at least 3, to (B, dim). Where layers have
        different numbers of places, the first ones of each are seen."""
        places = min(v.shape[1] for v in vectors)
        return _unit(self.layers(torch.stack([v[:, :places] for v in vectors], 1)))
