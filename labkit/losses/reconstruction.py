"""Distances between an image and its reconstruction. All are means over the batch, channels and pixels."""

from torch import Tensor
from torch.nn import functional


def l1(estimate: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference: CycleGAN's cycle and identity losses (Zhu et al. 2017, Eq. 2)."""
    return functional.l1_loss(estimate, target)


def l2(estimate: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference: the reconstruction losses of DiscoGAN and DTN."""
    return functional.mse_loss(estimate, target)
