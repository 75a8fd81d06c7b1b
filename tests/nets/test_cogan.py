import pytest
import torch

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
