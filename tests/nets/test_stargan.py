"""The networks of StarGAN: published counts, shapes, and why the planes need zero padding."""

import pytest
import torch

from labkit.errors import LabError
from labkit.nets.blocks import count_parameters
from labkit.nets.stargan import LabelledGenerator, LabelReadingCritic


@pytest.mark.parametrize(
    ("labels", "planes", "size", "of_G", "of_D"),
    [
        (5, 5, 128, 8_430_528, 44_762_048),
        (8, 8, 128, 8_439_936, 44_786_624),
        (13, 15, 128, 8_461_888, 44_827_584),
        (13, 15, 256, 8_461_888, 45_147_072),
    ],
)
def test_the_published_counts(labels, planes, size, of_G, of_D):
    with torch.device("meta"):
        G, D = LabelledGenerator(planes), LabelReadingCritic(labels, size)
        assert (count_parameters(G), count_parameters(D)) == (of_G, of_D)
        x = torch.empty(2, 3, size, size)
        assert G(x, torch.empty(2, planes)).shape == x.shape
        patches, classes = D(x)
    assert patches.shape == (2, 1, size // 64, size // 64) and classes.shape == (2, labels)


def first_maps(padding: str) -> torch.Tensor:
    """What the first convolution and its norm make of a black picture with each of two labels: (2, maps, H, W)."""
    torch.manual_seed(0)
    G = LabelledGenerator(2, ngf=8, blocks=1, padding=padding)
    shown = torch.cat([torch.zeros(2, 3, 16, 16), torch.eye(2)[:, :, None, None].expand(-1, -1, 16, 16)], 1)
    return G.layers[1](G.layers[0](shown))


@torch.no_grad()
def test_a_plane_survives_the_norm_by_its_padded_edges_alone():
    zeros, reflect = first_maps("zeros"), first_maps("reflect")
    assert (zeros[0] - zeros[1]).abs().max() > 1
    assert reflect.abs().max() < 1e-3
    assert (zeros[0] - zeros[1])[:, 3:-3, 3:-3].std((1, 2)).max() < 1e-4  # inside it moves a map as a whole


@torch.no_grad()
def test_the_generator_follows_its_label():
    torch.manual_seed(0)
    G, x = LabelledGenerator(2, ngf=4, blocks=1), torch.rand(1, 3, 16, 16)
    one, other = (G(x, torch.eye(2)[i : i + 1]) for i in range(2))
    assert not torch.allclose(one, other, atol=0.01) and one.abs().max() <= 1


def test_a_side_that_cannot_be_halved_so_often_is_named():
    with pytest.raises(LabError, match="halves 4 times: its size must be a multiple of 16, not 40"):
        LabelReadingCritic(2, 40, layers=4)
    assert LabelReadingCritic(2, 48, ndf=2, layers=4).classes.kernel_size == (3, 3)
