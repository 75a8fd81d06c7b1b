import pytest
import torch

from labkit.nets.blocks import count_parameters
from labkit.nets.unit import CoupledAutoencoder, StridedDiscriminator


@pytest.mark.parametrize(("make", "count"), [(CoupledAutoencoder, 18_017_286), (StridedDiscriminator, 25_149_057)])
def test_as_many_parameters_as_the_official_code(make, count):
    with torch.device("meta"):
        assert count_parameters(make()) == count


def test_shapes_at_the_official_size():
    with torch.device("meta"):
        G, D, x = CoupledAutoencoder(), StridedDiscriminator(), torch.empty(1, 3, 216, 216)
        code = G.encode(x, "A")
        assert code.shape == (1, 256, 54, 54)
        assert G.decode(code, "B").shape == x.shape
        assert D(x).shape == (1, 1, 4, 4)


def test_a_narrow_discriminator_sees_its_picture_where_it_starts_from_kaiming_weights():
    torch.manual_seed(0)
    x = torch.rand(8, 3, 32, 32) * 2 - 1
    official, kaiming = (StridedDiscriminator(ndf=16, layers=3, kaiming=k)(x).std().item() for k in (False, True))
    assert official < 1e-3
    assert 0.03 < kaiming < 3


def test_without_sharing_the_domains_have_two_more_blocks():
    with torch.device("meta"):
        shared, apart = (count_parameters(CoupledAutoencoder(shared=shared)) for shared in (True, False))
    assert apart - shared == 2 * 2 * (9 * 256 * 256 + 256)  # an encoder's and a decoder's block of two convolutions


@pytest.mark.parametrize("shared", [True, False])
def test_what_a_domain_learns_reaches_the_other_through_the_shared_blocks_alone(shared):
    G = CoupledAutoencoder(ngf=2, blocks=1, shared=shared)
    G.decode(G.encode(torch.rand(1, 3, 16, 16), "A"), "A").sum().backward()
    touched = {tuple(name.split(".")[:2]) for name, p in G.named_parameters() if p.grad is not None}
    middle = "shared" if shared else "A"
    assert touched == {("fronts", "A"), ("shared_in", middle), ("shared_out", middle), ("tails", "A")}


@pytest.mark.parametrize("shared", [True, False])
def test_started_alike_a_translation_is_a_reconstruction_and_layers_learn_alone(shared):
    torch.manual_seed(0)
    net = CoupledAutoencoder(ngf=2, blocks=1, shared=shared)
    x = torch.rand(2, 3, 16, 16) * 2 - 1
    assert not torch.allclose(net.encode(x, "A"), net.encode(x, "B"))
    net.start_alike()
    code = net.encode(x, "A")
    assert torch.equal(code, net.encode(x, "B")) and torch.equal(net.decode(code, "A"), net.decode(code, "B"))
    own = net.fronts["B"][0].weight
    net.fronts["A"][0].weight.data.add_(1.0)  # equal values, not one tensor
    assert not torch.equal(own, net.fronts["A"][0].weight)


def test_a_discriminator_with_a_norm_has_one_behind_all_layers_but_the_first():
    D = StridedDiscriminator(ndf=4, layers=3, norm=True)
    kinds = [type(layer).__name__ for layer in D.layers]
    norm = "InstanceNorm"
    assert kinds == ["Conv2d", "LeakyReLU", *2 * ["Conv2d", norm, "LeakyReLU"], "Conv2d"]
    assert count_parameters(D) == count_parameters(StridedDiscriminator(ndf=4, layers=3))
    assert D(torch.rand(2, 3, 32, 32)).shape == (2, 1, 4, 4)
