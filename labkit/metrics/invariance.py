"""Domain-invariant perceptual distance (DIPD): does a feature distance see the scene, or the light it stands in?

MUNIT (Huang et al. 2018, arXiv 1804.04732, section 5.1 and figures 11 and 12), FUNIT (Liu et al. 2019): distances in
deep features become those of content once InstanceNorm has taken the statistics of each feature map away. The paper's
text names relu4_3 of VGG-16, both official codes take relu5_3.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from labkit.losses.perceptual import Extractor, feature_distance
from labkit.metrics.base import Measurement


def dipd(
    fake: Tensor,
    source: Tensor,
    extractor: Extractor,
    *,
    normalise: bool = True,
    judge: str | None = None,
    split: str = "test",
    seed: int | None = None,
) -> Measurement:
    """Mean distance of translations `fake` from their sources (N, C, H, W) in [-1, 1]: content lost on the way.

    The root of the mean squared difference of feature maps, so that it is in units of normalised features. Name the
    network and layer of `extractor` as `judge`.
    """
    features = (feature_maps(images, extractor) for images in (fake, source))
    distances = feature_distance(*features, normalise).sqrt()
    return Measurement("DIPD", float(distances.mean()), len(fake), split, judge, seed)


@dataclass(frozen=True, eq=False)
class PairDistances:
    """Distances of image pairs of two kinds, (N,) each: one scene in two domains; two scenes in one domain."""

    same_scene: Tensor
    same_domain: Tensor

    @property
    def auc(self) -> float:
        """How often a pair of one scene is closer than a pair of one domain (ties half): 1 sees scenes, 0 domains."""
        closer = (self.same_scene[:, None] < self.same_domain[None]).double()
        return float((closer + 0.5 * (self.same_scene[:, None] == self.same_domain[None])).mean())


def pair_distances(features_A: Tensor, features_B: Tensor, labels: Tensor, normalise: bool = True) -> PairDistances:
    """Distances of pairs among scenes that are known in both domains: feature maps (N, K, h, w), in the same order.

    labels: (N,) what a scene shows. A pair of one domain is an image and the next one with another label, half of the
    pairs in A and half in B.
    """

    def distance(x: Tensor, y: Tensor) -> Tensor:
        return feature_distance(x, y, normalise).sqrt()

    other = torch.tensor([_next_other(labels, i) for i in range(len(labels))])
    half = len(labels) // 2
    within = (distance(features_A, features_A[other])[:half], distance(features_B, features_B[other])[half:])
    return PairDistances(distance(features_A, features_B), torch.cat(within))


@torch.no_grad()
def feature_maps(images: Tensor, extractor: Extractor) -> Tensor:
    """Feature maps of images (N, C, H, W), a few at a time and without gradients."""
    return torch.cat([extractor(part) for part in images.split(64)])


def _next_other(labels: Tensor, i: int) -> int:
    later = [(i + step) % len(labels) for step in range(1, len(labels))]
    return next(j for j in later if labels[j] != labels[i])
