"""The networks of FUNIT: published counts, the mean over examples, one map for each class, and what in-place means."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from labkit.errors import LabError
from labkit.nets.blocks import count_parameters
from labkit.nets.funit import ActivationFirstBlock, FewShotGenerator, MultiTaskPatchGAN

TINY = {"width": 2, "halvings": 2, "blocks": 1, "class_halvings": 2, "class_dim": 5, "mlp_width": 6, "classes": 4}


def tiny(**settings) -> FewShotGenerator:
    torch.manual_seed(0)
    return FewShotGenerator(**(TINY | settings))


def noise(*shape, seed=1):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_the_published_counts():
    with torch.device("meta"):
        G, D = FewShotGenerator(), MultiTaskPatchGAN()
        parts = [count_parameters(part) for part in (G.content_encoder, G.style_encoder, G.decoder, G.mlp)]
        assert parts == [12_202_112, 2_779_328, 13_749_891, 1_135_104]
        assert count_parameters(G) == sum(parts) == 29_866_435
        assert count_parameters(D) == 54_252_599
        assert G.content_encoder(torch.empty(1, 3, 128, 128)).shape == (1, 512, 16, 16)
        assert D(torch.empty(2, 3, 128, 128), torch.zeros(2, dtype=torch.int64)).shape == (2, 8, 8)
        assert D.layers(torch.empty(1, 3, 128, 128)).shape == (1, 1024, 8, 8)


def test_the_class_code_is_the_mean_over_examples_in_any_order():
    G, examples = tiny(), noise(2, 3, 3, 16, 16)
    by_hand = torch.stack([torch.stack([G.style_encoder(y[None])[0] for y in ys]).mean(0) for ys in examples])
    torch.testing.assert_close(G.class_code(examples), by_hand)
    torch.testing.assert_close(G.class_code(examples.flip(1)), by_hand)
    torch.testing.assert_close(G.class_code(examples[:, :1].expand(-1, 7, -1, -1, -1)), G.class_code(examples[:, :1]))


def test_a_code_is_of_examples_of_a_label_or_nothing():
    examples, labels = noise(2, 1, 3, 16, 16), torch.tensor([3, 1])
    table = tiny(condition="label")
    assert torch.equal(table.code(examples, labels), table.style_encoder.weight[labels])
    with pytest.raises(LabError, match="name one for each image"):
        table.code(examples)
    nothing = tiny(condition="nothing")
    assert torch.equal(nothing.code(examples), torch.zeros(2, 5))
    assert count_parameters(nothing) == count_parameters(tiny()) - count_parameters(tiny().style_encoder)


def test_each_class_has_a_map_of_its_own():
    D, x = MultiTaskPatchGAN(classes=4, ndf=2, stages=3), noise(4, 3, 16, 16)
    maps = D(x, torch.tensor([0, 1, 2, 3]))
    assert maps.shape == (4, 4, 4)
    with torch.no_grad():
        D.head.bias[2] += 5
    torch.testing.assert_close(
        D(x, torch.tensor([0, 1, 2, 3])) - maps, torch.tensor([0.0, 0, 5, 0])[:, None, None].expand(4, 4, 4)
    )
    D(x, torch.tensor([1, 1, 3, 3])).sum().backward()
    touched = D.head.weight.grad.abs().sum((1, 2, 3)) > 0
    assert touched.tolist() == [False, True, False, True]


def test_a_label_without_a_map_is_named():
    with pytest.raises(LabError, match="4 classes, and a label is 7"):
        MultiTaskPatchGAN(classes=4, ndf=2, stages=2)(noise(1, 3, 16, 16), torch.tensor([7]))


def in_place(block: ActivationFirstBlock, x: torch.Tensor) -> torch.Tensor:
    """The block as code that activates in place computes it: `x` is overwritten before it is added."""
    kept = block.shortcut(x) if block.shortcut is not None else x
    y = block.first(F.leaky_relu(x, 0.2, inplace=True))
    return kept + block.second(F.leaky_relu(y, 0.2, inplace=True))


@torch.no_grad()
@pytest.mark.parametrize("widths", [(3, 3), (3, 5)])
def test_activated_shortcuts_are_what_in_place_activations_compute(widths):
    torch.manual_seed(0)
    block, x = ActivationFirstBlock(*widths), noise(2, widths[0], 8, 8)
    torch.testing.assert_close(block(x), in_place(block, x.clone()))
    block.activated_shortcut = False
    plain, changed = block(x), not torch.allclose(block(x), in_place(block, x.clone()))
    assert changed == (widths[0] == widths[1])
    if changed:
        torch.testing.assert_close(plain - in_place(block, x.clone()), x - F.leaky_relu(x, 0.2))


@torch.no_grad()
def test_features_are_those_that_the_head_sees_or_those_before():
    x, label = noise(2, 3, 16, 16), torch.tensor([0, 1])
    for activated in (True, False):
        D = MultiTaskPatchGAN(classes=2, ndf=2, stages=2, activated=activated)
        features = D.layers(x)
        wanted = F.leaky_relu(features, 0.2) if activated else features
        torch.testing.assert_close(D.judge(x, label)[1], wanted.mean((2, 3)))


def test_widths_double_up_to_sixteen_times():
    D = MultiTaskPatchGAN(classes=2, ndf=1, stages=6)
    blocks = [layer for layer in D.layers if isinstance(layer, ActivationFirstBlock)]
    assert [block.second.out_channels for block in blocks[1::2]] == [2, 4, 8, 16, 16, 16]
    assert sum(isinstance(layer, nn.AvgPool2d) for layer in D.layers) == 5
