"""Encoders and decoders of many domains: the official counts, shapes, and what is shared."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from labkit.nets.blocks import count_parameters
from labkit.nets.many_domains import CodeDiscriminator, ManyAutoencoders
from labkit.nets.norms import instance_norm


def test_halves_have_the_official_counts_and_shapes():
    with torch.device("meta"):
        networks = ManyAutoencoders(domains=3)
        code = networks.encode(torch.empty(1, 3, 256, 256), 2)
        assert code.shape == (1, 256, 64, 64) and networks.decode(code, 0).shape == (1, 3, 256, 256)
    assert {count_parameters(encoder) for encoder in networks.encoders} == {5_099_136}
    assert {count_parameters(decoder) for decoder in networks.decoders} == {6_565_763}


@pytest.mark.parametrize("halvings", [1, 2, 3])
@pytest.mark.parametrize("upsample", ["transposed", "resize"])
def test_keeps_the_size_at_every_depth(halvings, upsample):
    networks = ManyAutoencoders(2, 3, 2, blocks=2, shared=1, halvings=halvings, upsample=upsample)
    x = torch.rand(2, 3, 16, 24)
    assert networks.encode(x, 0).shape == (2, networks.width, 16 // 2**halvings, 24 // 2**halvings)
    assert networks(x, 0, 1).shape == x.shape


def test_planes_that_name_the_domain_would_change_nothing():
    """The official shared blocks have them: behind the padding, before a convolution and InstanceNorm."""
    x, convolution = torch.randn(1, 4, 6, 6), nn.Conv2d(4 + 3, 5, 3)
    padded = F.pad(x, (1, 1, 1, 1), mode="reflect")
    named = [
        instance_norm(convolution(torch.cat([padded, planes.expand(1, 3, 8, 8)], 1)))
        for planes in (2 * torch.eye(3) - 1)[:, None, :, None, None]
    ]
    without = instance_norm(F.conv2d(padded, convolution.weight[:, :4]))
    assert all(torch.allclose(found, without, atol=1e-5) for found in named)


@pytest.mark.parametrize(("width", "hidden", "count"), [(300, 1024, 2_408_449), (512, 128, 98_817)])
def test_the_reader_of_codes_has_the_papers_count_with_one_logit(width, hidden, count):
    with torch.device("meta"):
        reader = CodeDiscriminator(width, hidden)
        assert count_parameters(reader) == count
        assert reader(torch.empty(2, width, 5, 6)).shape == (2, 1, 5, 6)


def test_it_looks_at_each_place_alone():
    reader, code = CodeDiscriminator(4, 8), torch.randn(1, 4, 3, 3)
    before = reader(code)
    code[..., 1, 1] += 1
    changed = (reader(code) != before)[0, 0]
    assert changed[1, 1] and changed.sum() == 1
