"""Do two views of one image find each other? Scores of positive and of negative pairs."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class PairScores:
    """Cosine similarities between views, sorted by what the pair is.

    positive: two views of one image, (N,). same_class: of two images of one class. other_class: of two classes. The
    last two are what a contrastive loss without labels calls negatives.
    """

    positive: Tensor
    same_class: Tensor
    other_class: Tensor

    @property
    def negative(self) -> Tensor:
        return torch.cat([self.same_class, self.other_class])

    @property
    def gap(self) -> float:
        """Mean score of positives minus mean score of negatives, in [-2, 2]."""
        return (self.positive.mean() - self.negative.mean()).item()


def pair_scores(view_1: Tensor, view_2: Tensor, labels: Tensor) -> PairScores:
    """Scores of all pairs of two views, unit vectors (N, C) each; row i of both is image i, of class labels[i]."""
    scores = view_1 @ view_2.T
    itself = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    same = labels[:, None] == labels[None, :]
    return PairScores(scores.diagonal(), scores[same & ~itself], scores[~same])
