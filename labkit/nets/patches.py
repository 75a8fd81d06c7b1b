"""CUT's patch sampler: the same places in every image of a batch, and a small head for each layer."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def random_places(maps: Sequence[Tensor], n: int) -> list[Tensor]:
    """For each feature map (B, C, h, w) up to `n` different places in it, (S,) int64, counted row by row.

    Drawn from torch's global generator, without replacement: a place drawn twice would be its own negative.
    """
    return [torch.randperm(m.shape[2] * m.shape[3], device=m.device)[:n] for m in maps]


def at_places(features: Tensor, places: Tensor) -> Tensor:
    """The vectors of a feature map (B, C, h, w) at `places` (S,), the same ones in every image: (B, S, C)."""
    return features.flatten(2)[:, :, places].transpose(1, 2)


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
        # the small constant is the official code's: F.normalize's is too far below what fresh heads put out
        projected = [head(v) for head, v in zip(self.heads, vectors, strict=True)]
        return [p / (p.norm(dim=-1, keepdim=True) + 1e-7) for p in projected]

    def map(self, layer: int, features: Tensor) -> Tensor:
        """All places of one layer's map (B, C, h, w) as unit vectors (B, dim, h, w), for pictures."""
        vectors = self.heads[layer](features.flatten(2).transpose(1, 2))
        return F.normalize(vectors, dim=-1).transpose(1, 2).unflatten(2, features.shape[2:])
