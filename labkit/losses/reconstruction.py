"""Distances between an image and its reconstruction: means over the batch, and but for one over channels and pixels."""

from torch import Tensor
from torch.nn import functional


def l1(estimate: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference: CycleGAN's cycle and identity losses (Zhu et al. 2017, Eq. 2)."""
    return functional.l1_loss(estimate, target)


def l2(estimate: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference: the reconstruction losses of DiscoGAN and DTN."""
    return functional.mse_loss(estimate, target)


def squared_distance(estimate: Tensor, target: Tensor) -> Tensor:
    """‖estimate − target‖², a sum over all numbers of an image, mean over the batch (CoGAN, UNIT's code for digits)."""
    return (estimate - target).square().flatten(1).sum(1).mean()
