"""InstanceNorm: its formula, its gradients in every memory layout, and that nothing in labkit uses another one."""

import itertools
import re
from pathlib import Path

import pytest
import torch

import labkit
from labkit.nets.norms import InstanceNorm, instance_norm

LAYOUTS = (torch.contiguous_format, torch.channels_last)


def plain(x, weight=None, bias=None, eps=1e-5):
    centred = x - x.mean((2, 3), keepdim=True)
    normal = centred / (centred.square().mean((2, 3), keepdim=True) + eps).sqrt()
    return normal if weight is None else normal * weight[:, None, None] + bias[:, None, None]


def laid_out(x, layout):
    return x.contiguous(memory_format=layout).requires_grad_()


def gradients(norm, x, arriving):
    """The gradient by x, and that of the gradient's squared length: losses that differentiate gradients need it."""
    (first,) = torch.autograd.grad(norm(x), x, arriving, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), x)
    return first, second


@pytest.mark.parametrize("batch", (1, 2))
@pytest.mark.parametrize("layouts", itertools.product(LAYOUTS, LAYOUTS))
def test_gradients_are_right_whatever_the_layout_of_image_and_arriving_gradient(batch, layouts):
    generator = torch.Generator().manual_seed(0)
    x, arriving = torch.randn(2, batch, 4, 6, 5, generator=generator, dtype=torch.float64)
    expected = gradients(plain, laid_out(x, LAYOUTS[0]), arriving)
    found = gradients(instance_norm, laid_out(x, layouts[0]), arriving.contiguous(memory_format=layouts[1]))
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("batch", (1, 3))
def test_forward_is_torchs_bit_for_bit(batch):
    x = torch.randn(batch, 8, 9, 7)
    assert torch.equal(InstanceNorm(8)(x), torch.nn.InstanceNorm2d(8)(x))


def test_the_affine_layer_keeps_torchs_names():
    layer = InstanceNorm(3, affine=True)
    assert layer.state_dict().keys() == torch.nn.InstanceNorm2d(3, affine=True).state_dict().keys()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)
    x = torch.randn(2, 3, 5, 5)
    torch.testing.assert_close(layer(x), plain(x, layer.weight, layer.bias))


def test_nothing_in_labkit_uses_another_instance_norm():
    others = re.compile(r"(?:F|functional|torch)\.instance_norm|(?:nn|torch)\.InstanceNorm|_instance_norm\b")
    root = Path(labkit.__file__).parent
    found = {path.relative_to(root).as_posix() for path in root.rglob("*.py") if others.search(path.read_text())}
    assert found == {"nets/norms.py"}  # where there is one, `labkit.nets.norms` takes its place
