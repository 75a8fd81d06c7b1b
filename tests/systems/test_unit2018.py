"""UNIT as of 2018: its terms written out, and that nothing but losses ties its two halves."""

import pytest
import torch

from labkit.errors import LabError
from labkit.nets.blocks import count_parameters
from labkit.systems.unit2018 import UNIT2018, UNIT2018Settings

BOTH = frozenset({"G", "D"})


def small(**settings):
    torch.manual_seed(0)
    return UNIT2018(UNIT2018Settings(**({"width": 4, "blocks": 1, "ndf": 4, "d_layers": 2, "scales": 2} | settings)))


@pytest.fixture
def batch():
    torch.manual_seed(1)
    return {key: torch.rand(2, 3, 16, 16) * 2 - 1 for key in "AB"}


def test_as_many_parameters_as_the_official_code():
    with torch.device("meta"):
        system = UNIT2018()
    assert count_parameters(system.G_A) == count_parameters(system.G_B) == 11_140_483
    assert count_parameters(system) == 38_823_308


def test_terms_are_the_official_ones_written_out(batch):
    system = small().eval()
    out = system(batch, BOTH)
    terms, d = system.losses("G", out), system.losses("D", out)
    expected = {}
    for own, other in (("A", "B"), ("B", "A")):
        x, code = batch[own], system.encode(batch[own], own)
        fake = system.decode(code, other)
        back = system.encode(fake, other)
        D = getattr(system, f"D_{other}")
        expected[f"adv_{own}{other}"] = sum((logits - 1).square().mean() for logits in D(fake))
        expected[f"rec_{own}"] = 10 * (system.decode(code, own) - x).abs().mean()
        expected[f"kl_{own}"] = 0.01 * code.square().mean()
        expected[f"cyc_{own}"] = 10 * (system.decode(back, own) - x).abs().mean()
        expected[f"kl_fake_{other}"] = 0.01 * back.square().mean()
        of_D = sum((r - 1).square().mean() + f.square().mean() for r, f in zip(D(batch[other]), D(fake), strict=True))
        assert d[other].item() == pytest.approx(of_D.item(), rel=1e-3)
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        assert terms[name].item() == pytest.approx(value.item(), rel=1e-3), name


def test_the_halves_share_no_weight(batch):
    system = small()
    system.decode(system.encode(batch["A"], "A"), "A").sum().backward()
    assert all(p.grad is None for p in system.G_B.parameters())
    assert any(p.grad is not None for p in system.G_A.parameters())


def test_codes_are_noisy_in_training_alone(batch):
    system = small().train()
    assert not torch.allclose(system(batch, BOTH)["rec_A"], system(batch, BOTH)["rec_A"])
    system.eval()
    assert torch.equal(system(batch, BOTH)["fake_B"], system.translate(batch["A"]))


def test_a_D_step_leaves_no_gradient_in_G(batch):
    system = small()
    sum(system.losses("D", system(batch, BOTH)).values()).backward()
    assert all(p.grad is None for name in ("G_A", "G_B") for p in getattr(system, name).parameters())


def test_names_the_ways_it_has(batch):
    with pytest.raises(LabError, match="A → C"):
        small().translate(batch["A"], "A", "C")
