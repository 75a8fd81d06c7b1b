"""Inception score and conditional inception score, with any judge that gives a probability to each kind of image.

Both are means of a divergence in nats, from 0 to the logarithm of the number of kinds. Papers that quote an inception
score above 2 or so quote its exponential.
"""

import torch
from torch import Tensor

from labkit.metrics.base import Measurement


def inception_score(
    probabilities: Tensor, *, judge: str | None = None, split: str = "test", seed: int | None = None
) -> Measurement:
    """E_x KL(p(y | x) ‖ p(y)) over images, in nats (Salimans et al. 2016, arXiv 1606.03498, before its exponential).

    `probabilities`: (N, K), what a judge gives to K kinds of images. High where each image is plainly of one kind and
    all kinds occur. It cannot tell many outputs for one input from one output for each of many inputs.
    """
    p = _checked(probabilities, 2)
    return Measurement("inception score", _divergence(p, p.mean(0)), len(p), split, judge, seed)


def conditional_inception_score(
    probabilities: Tensor, *, judge: str | None = None, split: str = "test", seed: int | None = None
) -> Measurement:
    """CIS = E_x E_{x' | x} KL(p(y | x') ‖ p(y | x)) in nats (MUNIT, Huang et al. 2018, section 5.2).

    `probabilities`: (N inputs, S outputs each, K). p(y | x) is the mean over the outputs of one input, so the score is
    0 for a deterministic translator, and high where the outputs of a single input are of many kinds.
    """
    p = _checked(probabilities, 3)
    value = _divergence(p, p.mean(1, keepdim=True))
    return Measurement("conditional inception score", value, len(p), split, judge, seed)


def _divergence(p: Tensor, q: Tensor) -> float:
    """Mean KL(p ‖ q) along the last axis. Where p is 0 the term is 0; q is a mean of p, so q = 0 only where p is."""
    terms = torch.xlogy(p, p) - torch.xlogy(p, q.expand_as(p))
    return max(0.0, float(terms.sum(-1).mean()))


def _checked(probabilities: Tensor, dimensions: int) -> Tensor:
    p = probabilities.detach().double().cpu()
    if p.ndim != dimensions or p.numel() == 0:
        raise ValueError(f"probabilities must have {dimensions} dimensions and not be empty, found {tuple(p.shape)}")
    if (p < 0).any() or not torch.allclose(p.sum(-1), torch.ones(()).double(), atol=1e-4):
        raise ValueError("probabilities must not be negative and sum to 1 over the last axis")
    return p / p.sum(-1, keepdim=True)
