"""Instance normalisation, written so that its gradients are right. Networks and losses use this one and no other.

torch.nn.functional.instance_norm has a silent fault on CPUs, in PyTorch 2.13: for a single image it gives wrong
gradients where the gradient that arrives lies channels-last in memory (the forward pass is right). It hands B images of
C channels to batch_norm as one image of B·C channels; for B = 1 the gradient keeps its layout on the way back, with a
stride for the image that no layout has, and the kernel reads it in the wrong order.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def instance_norm(x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5) -> Tensor:
    """(x - mean) / √(variance + eps) · weight + bias, mean and variance over the pixels of each channel of each image.

    (B, C, H, W) to the same shape, with more than one pixel. `weight`, `bias`: (C,); without them 1 and 0. The pixels
    are one dimension on the way: what is no longer an image has no channels-last layout, and the fault has no place.
    A compiler writes kernels of its own, and twice as fast ones for groups of one channel as for that one dimension.
    """
    if torch.compiler.is_compiling():
        return F.group_norm(x, x.shape[1], weight, bias, eps)
    return F.instance_norm(x.flatten(2), weight=weight, bias=bias, eps=eps).unflatten(2, x.shape[2:])


class InstanceNorm(nn.InstanceNorm2d):
    """`instance_norm` as a layer without running statistics; `affine`: with weights (from 1) and biases (from 0)."""

    def __init__(self, channels: int, affine: bool = False):
        super().__init__(channels, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        return instance_norm(x, self.weight, self.bias, self.eps)
