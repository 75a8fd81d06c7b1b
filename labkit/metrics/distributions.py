"""Do translated images look like the target domain? Distances between two sets of features, (N, D) and (M, D).

Features come from a judge: `judge.embed(images)`. Both distances compare sets, not images: they say nothing about
whether content survived.
"""

import torch
from torch import Tensor

from labkit.errors import LabError
from labkit.metrics.base import Measurement


def frechet_distance(
    features_a: Tensor,
    features_b: Tensor,
    *,
    judge: str | None = None,
    split: str = "test",
    seed: int | None = None,
) -> Measurement:
    """The Fréchet distance of the Gaussians with the features' means and covariances (Heusel et al. 2017):

        |m_a - m_b|² + tr(C_a + C_b - 2 (C_a C_b)^½)

    It is biased upwards for small sets, more so the more dimensions there are: compare only values of equal n, and look
    at `kid` beside it. 0 for equal sets; not comparable between judges, nor with published FIDs.
    """
    a, b = _checked(features_a, features_b)
    covariance_a, covariance_b = (torch.cov(x.T).reshape(x.shape[1], x.shape[1]) for x in (a, b))
    # tr (C_a C_b)^½ is the sum of the roots of the eigenvalues of C_a C_b, which are real and not negative
    roots = torch.linalg.eigvals(covariance_a @ covariance_b).real.clamp_min(0).sqrt().sum()
    value = (a.mean(0) - b.mean(0)).square().sum() + covariance_a.trace() + covariance_b.trace() - 2 * roots
    return Measurement("Fréchet distance", max(0.0, float(value)), min(len(a), len(b)), split, judge, seed)


def kid(
    features_a: Tensor,
    features_b: Tensor,
    *,
    judge: str | None = None,
    split: str = "test",
    seed: int | None = None,
) -> Measurement:
    """The kernel distance of Binkowski et al. 2018: squared MMD with the kernel (x·y / D + 1)³, on all features.

    Unbiased for any size of the sets, so it can come out slightly negative where they are alike.
    """
    a, b = _checked(features_a, features_b)
    k_aa, k_bb, k_ab = ((x @ y.T / x.shape[1] + 1) ** 3 for x, y in ((a, a), (b, b), (a, b)))
    within = sum((k.sum() - k.trace()) / (len(k) * (len(k) - 1)) for k in (k_aa, k_bb))
    return Measurement("KID", float(within - 2 * k_ab.mean()), min(len(a), len(b)), split, judge, seed)


def _checked(features_a: Tensor, features_b: Tensor) -> tuple[Tensor, Tensor]:
    if features_a.ndim != 2 or features_b.ndim != 2 or features_a.shape[1] != features_b.shape[1]:
        raise ValueError(f"features must be (N, D) and (M, D), found {features_a.shape} and {features_b.shape}")
    if min(len(features_a), len(features_b)) < 2:
        raise ValueError("a covariance needs at least two images in each set")
    if not (features_a.isfinite().all() and features_b.isfinite().all()):
        raise LabError(
            "the features hold numbers that are not finite: look at the images, the training has gone wrong."
        )
    return features_a.detach().double().cpu(), features_b.detach().double().cpu()
