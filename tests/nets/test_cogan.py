import pytest
import torch

from labkit.errors import LabError
from labkit.nets.blocks import count_parameters
from labkit.nets.cogan import CoupledDiscriminator, CoupledGenerator, DigitEncoder


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (CoupledGenerator, 7_842_694),
        (lambda: CoupledDiscriminator(classes=10), 432_603),
        (CoupledDiscriminator, 427_593),
    ],
)
def test_as_many_parameters_as_the_official_code(make, count):
    with torch.device("meta"):
        assert count_parameters(make()) == count


def test_one_code_is_painted_twice_from_one_scene():
    torch.manual_seed(0)
    G = CoupledGenerator(channels=3, nz=5, ngf=2).eval()
    z = torch.randn(2, 5)
    A, B = G(z)
    assert A.shape == B.shape == (2, 3, 28, 28)
    assert A.abs().max() <= 1 and not torch.allclose(A, B)
    assert torch.equal(A, G.paint(z, "A")) and torch.equal(B, G.paint(z, "B"))
    sides = []
    G.trunks["shared"].register_forward_hook(lambda module, given, made: sides.append(made.shape[-1]))
    G(z)
    assert sides == [25]  # 4, 7, 13, 25 px, and once only


def test_the_pair_shares_all_but_the_tails_or_nothing():
    def moved_by_a_gradient_of_A(shared):
        G = CoupledGenerator(nz=4, ngf=2, shared=shared)
        G.paint(torch.randn(2, 4), "A").sum().backward()
        return {name.split(".")[1] for name, p in G.named_parameters() if p.grad is not None}

    assert moved_by_a_gradient_of_A(True) == {"shared", "A"}
    assert moved_by_a_gradient_of_A(False) == {"A"}


def test_the_discriminator_answers_by_the_difference_of_its_two_outputs():
    D = CoupledDiscriminator(ndf=2, classes=3)
    x = torch.rand(4, 1, 28, 28) * 2 - 1
    logits, features = D(x, "B")
    assert logits.shape == (4,) and features.shape == (4, 50)
    fake, real = D.heads["shared"](features).T
    by_softmax = torch.stack([fake, real], 1).softmax(1)[:, 1]
    assert torch.allclose(logits.sigmoid(), by_softmax, atol=1e-6)
    assert not torch.allclose(logits, D(x, "A")[0])


def test_initial_values_are_the_official_ones():
    torch.manual_seed(0)
    G = CoupledGenerator()
    weight, bias = G.trunks["shared"][3].weight, G.trunks["shared"][3].bias  # 1024 -> 512, 3 × 3
    limit = 2**0.5 * (6 / (9 * (1024 + 512))) ** 0.5
    assert weight.abs().max().item() == pytest.approx(limit, rel=1e-3)
    assert weight.std().item() == pytest.approx(limit / 3**0.5, rel=1e-2)
    assert torch.all(bias == 0.1)


def test_a_single_encoder_is_one_domain_of_the_discriminator():
    torch.manual_seed(0)
    alone, D = DigitEncoder(ndf=2), CoupledDiscriminator(ndf=2)
    alone.layers[0].load_state_dict(D.fronts["B"].state_dict())
    alone.layers[1].load_state_dict(D.trunks["shared"].state_dict())
    x = torch.rand(3, 1, 28, 28) * 2 - 1
    assert torch.equal(alone(x), D.features(x, "B"))
    assert alone(x).shape == (3, alone.features)


@pytest.mark.parametrize(("size", "doubled"), [(32, 2), (64, 3)])
@pytest.mark.parametrize("upsample", ["transposed", "resize"])
def test_larger_sizes_are_coupled_stacks_of_dcgan(size, doubled, upsample):
    G = CoupledGenerator(channels=3, nz=5, ngf=2, size=size, upsample=upsample).eval()
    z = torch.randn(2, 5)
    sides = []
    G.trunks["shared"].register_forward_hook(lambda module, given, made: sides.append(tuple(made.shape[1:])))
    A, B = G(z)
    assert A.shape == B.shape == (2, 3, size, size) and A.abs().max() <= 1
    assert sides == [(2, size // 2, size // 2)]  # the scene, drawn once
    assert sum(isinstance(layer, torch.nn.BatchNorm2d) for layer in G.trunks["shared"]) == doubled + 1
    assert torch.equal(A, G.paint(z, "A")) and not torch.allclose(A, B)
    D = CoupledDiscriminator(channels=3, ndf=2, classes=4, size=size)
    logits, features = D(A.detach(), "A")
    assert logits.shape == (2,) and features.shape == (2, 2 * 2 * size)
    assert D.classifier(features).shape == (2, 4)


def test_the_larger_discriminator_shares_all_but_its_first_layer():
    D = CoupledDiscriminator(channels=3, ndf=2, size=32)
    D(torch.rand(2, 3, 32, 32), "A")[0].sum().backward()
    assert {name.split(".")[1] for name, p in D.named_parameters() if p.grad is not None} == {"A", "shared"}
    assert sum(p.numel() for p in D.fronts["A"].parameters()) == 3 * 2 * 16 + 2


def test_the_official_networks_start_from_the_same_values_as_ever():
    """What seed 0 gave before there were other sizes: sums of the parameters and of their squares."""
    torch.manual_seed(0)
    G, D = CoupledGenerator(nz=4, ngf=2), CoupledDiscriminator(ndf=2, classes=3)
    found = [sum(p.double().pow(power).sum().item() for p in net.parameters()) for power in (1, 2) for net in (G, D)]
    assert found == pytest.approx([-2.4432186, 4.0139188, 55.2609527, 50.6782354], rel=1e-6)


def test_a_size_that_no_doublings_reach_is_refused():
    for make in (CoupledGenerator, CoupledDiscriminator):
        with pytest.raises(LabError, match="30 px is not"):
            make(size=30)
