"""Contrastive losses: pick the positive out of a crowd.

    InfoNCE  l(q) = -log( exp(q·k⁺/τ) / (exp(q·k⁺/τ) + Σ_n exp(q·k⁻_n/τ)) )

van den Oord et al., "Representation learning with contrastive predictive coding", 2018, arXiv 1807.03748, Eq. 4;
Chen et al. (SimCLR), ICML 2020, arXiv 2002.05709, Eq. 1 (NT-Xent); He et al. (MoCo), CVPR 2020, arXiv 1911.05722,
Eq. 1; Wang and Isola, "Understanding contrastive representation learning through alignment and uniformity on the
hypersphere", ICML 2020, arXiv 2005.10242, section 4. All of them, and PatchNCE of CUT, are one cross-entropy over one
row of logits a query; they differ in where the keys come from.

Natural logarithms: losses and information are in nats. Nothing here normalises its vectors but `nt_xent`.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.errors import LabError


def contrast(query: Tensor, positive: Tensor, negatives: Tensor, tau: float, ignore: Tensor | None = None) -> Tensor:
    """The logits of a query over its keys, the positive in column 0: (..., Q, 1 + K).

    query, positive: (..., Q, C), row i belongs to row i. negatives: (..., K, C), shared by the Q queries.
    ignore:          (..., Q, K) bool, keys that do not count for a query (such as its own place in an image).
    """
    if tau <= 0:
        raise LabError(f"a temperature must be above 0, found {tau}.")
    score_positive = (query * positive).sum(-1, keepdim=True)  # (..., Q, 1)
    score_negatives = query @ negatives.transpose(-1, -2)  # (..., Q, K)
    if ignore is not None:
        score_negatives = score_negatives.masked_fill(ignore, -math.inf)
    return torch.cat([score_positive, score_negatives], -1) / tau


def info_nce(
    query: Tensor,
    positive: Tensor,
    negatives: Tensor,
    tau: float = 0.07,
    ignore: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """InfoNCE: cross-entropy of the question "which key is the positive?". Shapes as in `contrast`.

    Returns the mean over all queries, or (..., Q) with reduction="none". With equal scores it is log(1 + K), the loss
    of a guess; it can be higher, for a network that is sure of the wrong key.
    """
    losses = -contrast(query, positive, negatives, tau, ignore).log_softmax(-1)[..., 0]
    return losses.mean() if reduction == "mean" else losses


def patch_nce(
    query: Tensor,
    key: Tensor,
    tau: float = 0.07,
    negatives: str = "internal",
    count: int = 0,
    bank: Tensor | None = None,
) -> Tensor:
    """PatchNCE of one layer (Park et al. 2020, arXiv 2007.15651, Eqs. 3 and 4): which place of the input is this?

    query:     (B, S, C) unit vectors at S places of each output image.
    key:       (B, S, C) unit vectors at the same places of its input; row s belongs to row s. No gradient enters it.
    negatives: "internal", the other places of the own input; "external", places of the other inputs; "both", all of
               these; "queue", the keys in `bank`.
    count:     how many negatives "external" and "queue" take, at random, anew for each image; 0 takes all.
    bank:      (K, C) unit vectors at places of earlier inputs.
    """
    key = key.detach()
    images, places, _ = key.shape
    if negatives == "internal":
        own_place = torch.eye(places, dtype=torch.bool, device=key.device)
        return info_nce(query, key, key, tau, own_place.expand(images, -1, -1))
    if negatives == "both":
        query, key = query.flatten(0, 1), key.flatten(0, 1)  # (B·S, C)
        return info_nce(query, key, key, tau, torch.eye(len(key), dtype=torch.bool, device=key.device))
    if negatives == "external" and images < 2:
        raise LabError("external negatives come from the other images of a batch, which needs two or more of them.")
    if negatives == "external":
        pools = [torch.cat([key[:i], key[i + 1 :]]).flatten(0, 1) for i in range(images)]
    elif negatives == "queue":
        pools = [bank] * images
    else:
        raise LabError(f"negatives are internal, external, both or queue, not '{negatives}'.")
    if count:
        pools = [pool[torch.randperm(len(pool), device=pool.device)[:count]] for pool in pools]
    return info_nce(query, key, torch.stack(pools), tau)


def sliced_wasserstein(x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
    """How far apart two collections of vectors are, whatever their order: the distance of their sorted projections.

    x, y:       (..., S, C), as many vectors in each. Exchanging rows changes nothing: no vector has a partner.
    directions: (D, C), unit vectors to project on. Rabin et al. 2011; returns (...), in the units of x.
    """
    projected = [(directions @ v.transpose(-1, -2)).sort(-1).values for v in (x, y)]
    return (projected[0] - projected[1]).abs().mean((-1, -2))


def nt_xent(view_1: Tensor, view_2: Tensor, tau: float = 0.5, ignore: Tensor | None = None) -> Tensor:
    """NT-Xent of SimCLR (Eq. 1): both views ask, and all other 2B - 2 images of the batch are the negatives.

    view_1, view_2: (B, C), two views of the same B images, any length (they are normalised here).
    ignore:         (B, B) bool, pairs of images that are not to count as negatives of each other.
    """
    both = F.normalize(torch.cat([view_1, view_2]), dim=1)  # (2B, C)
    partner = both.roll(len(view_1), 0)  # row i's other view
    no_negative = torch.eye(len(view_1), dtype=torch.bool, device=both.device)  # neither oneself nor one's other view
    if ignore is not None:
        no_negative = no_negative | ignore
    return info_nce(both, partner, both, tau, no_negative.repeat(2, 2))


def mutual_information_bound(scores: Tensor) -> Tensor:
    """The InfoNCE lower bound of the mutual information, in nats: log N - mean InfoNCE (van den Oord et al., Eq. 5).

    scores: (N, N), scores[i, j] = how well x_i and y_j match; the N true pairs are on the diagonal. Whatever the
    scores, the bound is at most log N, because a cross-entropy is never negative.
    """
    return math.log(len(scores)) + scores.log_softmax(1).diagonal().mean()


def negative_weights(scores: Tensor, tau: float) -> Tensor:
    """How InfoNCE shares its push among the negatives: softmax of their scores (..., K) over τ, rows sum to 1.

    The gradient of the loss by the score of negative n is p_n / τ, with p the softmax over all keys; the share of n in
    the sum over the negatives does not depend on the positive, and is this. As τ → 0 the hardest takes it all.
    """
    return (scores / tau).softmax(-1)


def alignment(view_1: Tensor, view_2: Tensor) -> Tensor:
    """Mean squared distance of positive pairs, unit vectors (B, C); from 0 (the same) to 4 (opposite ends)."""
    return (view_1 - view_2).square().sum(1).mean()


def uniformity(features: Tensor, t: float = 2.0) -> Tensor:
    """log of the mean Gaussian potential exp(-t ‖x - y‖²) over pairs of different rows of unit vectors (N, C).

    0 when all are the same; the more evenly they cover the sphere, the lower (towards -2t on a sphere of many
    dimensions, where random vectors are at right angles).
    """
    return torch.pdist(features).square().mul(-t).exp().mean().log()
