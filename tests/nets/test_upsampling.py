"""Both ways of doubling: sizes, the papers' layers by default, and the checkerboard that one of them writes."""

import pytest
import torch
from torch import nn

from labkit.nets.upsampling import doubling


@pytest.mark.parametrize("how", ["transposed", "resize"])
@pytest.mark.parametrize(("kernel", "odd"), [(3, False), (4, False), (5, False), (3, True)])
def test_sides_are_doubled(how, kernel, odd):
    layer = doubling(2, 5, kernel, how, odd=odd)
    for height, width in ((1, 1), (4, 7)):
        assert layer(torch.randn(3, 2, height, width)).shape == (3, 5, 2 * height - odd, 2 * width - odd)


def test_the_default_is_the_papers_layer():
    layer = doubling(4, 8, 4, bias=False)
    assert type(layer) is nn.ConvTranspose2d
    assert (layer.kernel_size, layer.stride, layer.padding, layer.bias) == ((4, 4), (2, 2), (1, 1), None)


@pytest.mark.parametrize(("how", "chequered"), [("transposed", True), ("resize", False)])
def test_constant_weights_paint_a_constant_map_flat_or_chequered(how, chequered):
    layer = doubling(1, 1, 3, how, bias=False)
    for weight in layer.parameters():
        nn.init.ones_(weight)
    inner = layer(torch.ones(1, 1, 8, 8))[0, 0, 3:-3, 3:-3]
    assert (inner.std() > 0.1) == chequered
