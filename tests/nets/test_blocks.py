"""Layers without parameters, against the operations that they stand for."""

import pytest
import torch
from torch.nn import functional as F

from labkit.nets.blocks import BlurPool, SmoothDouble


@pytest.mark.parametrize("sides", [(8, 8), (7, 10), (2, 3)])
def test_a_blur_pool_is_a_strided_convolution_of_each_channel_with_its_gradient(sides):
    x = torch.randn(2, 3, *sides, dtype=torch.float64, requires_grad=True)
    tent = torch.tensor([1.0, 2.0, 1.0], dtype=torch.float64) / 4
    kernel = torch.outer(tent, tent).expand(3, 1, 3, 3)
    convolved = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernel, stride=2, groups=3)
    halved = BlurPool()(x)
    torch.testing.assert_close(halved, convolved)
    incoming = torch.randn_like(halved)
    ours, theirs = (torch.autograd.grad(out, x, incoming)[0] for out in (halved, convolved))
    torch.testing.assert_close(ours, theirs)


def test_a_smooth_double_keeps_what_is_constant_and_what_is_linear():
    row = torch.arange(4.0).expand(1, 1, 4, 4)
    doubled = SmoothDouble()(row)
    assert doubled.shape == (1, 1, 8, 8)
    torch.testing.assert_close(doubled[0, 0, 0, 1:-1], torch.arange(0.25, 3, 0.5))
