"""DiscoGAN: terms written out, the three arms, 1 : 2 turns, the change of the rate, and its survival of a stop."""

import math

import pytest
import torch

from labkit.errors import LabError
from labkit.nets.blocks import count_parameters
from labkit.systems.discogan import DiscoGAN, DiscoGANSettings
from labkit.train import train

BOTH = frozenset({"G", "D"})


def small(**settings):
    torch.manual_seed(0)
    return DiscoGAN(DiscoGANSettings(size=16, ngf=4, ndf=4, **settings))


@pytest.fixture
def batch():
    torch.manual_seed(1)
    return {key: torch.rand(3, 3, 16, 16) * 2 - 1 for key in "AB"}


def softplus(x):
    return torch.log1p(x.exp())


def test_terms_are_the_papers_written_out(batch):
    system = small(rate_first=0.2, rate_steps=5).eval()
    out = system(batch, BOTH)
    terms = system.losses("G", out)
    x, y, G, F, r = batch["A"], batch["B"], system.G_AB, system.G_BA, 0.2
    expected = {}
    for way, D, fake, real in (("AB", system.D_B, G(x), y), ("BA", system.D_A, F(y), x)):
        logits, features = D(fake)
        matching = sum((a.mean(0) - b.mean(0)).square().mean() for a, b in zip(D(real)[1], features, strict=True))
        expected[f"adv_{way}"] = (1 - r) * 0.1 * softplus(-logits).mean()
        expected[f"fm_{way}"] = (1 - r) * 0.9 * matching
    expected["rec_A"] = r * ((F(G(x)) + 1) / 2 - (x + 1) / 2).square().mean()  # on the official scale, [0, 1]
    expected["rec_B"] = r * ((G(F(y)) + 1) / 2 - (y + 1) / 2).square().mean()
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        assert terms[name].item() == pytest.approx(value.item(), rel=1e-4), name
    d = system.losses("D", out)
    by_hand = softplus(-system.D_A(x)[0]).mean() + softplus(system.D_A(F(y))[0]).mean()
    assert d["A"].item() == pytest.approx(by_hand.item(), rel=1e-4)


def test_a_discriminator_that_knows_nothing_costs_ln_4(batch):
    system = small().eval()
    for D in (system.D_A, system.D_B):
        torch.nn.init.zeros_(D.head.weight)
    terms = system.losses("D", system(batch, BOTH))
    assert all(value.item() == pytest.approx(math.log(4), rel=1e-5) for value in terms.values())


@pytest.mark.parametrize(
    ("arms", "networks", "terms"),
    [
        ("gan", {"G_AB", "D_B"}, {"adv_AB", "fm_AB"}),
        ("recongan", {"G_AB", "G_BA", "D_B"}, {"adv_AB", "fm_AB", "rec_A"}),
        ("discogan", {"G_AB", "G_BA", "D_A", "D_B"}, {"adv_AB", "fm_AB", "rec_A", "adv_BA", "fm_BA", "rec_B"}),
    ],
)
def test_the_three_arms_have_the_networks_and_terms_of_the_paper(arms, networks, terms, batch):
    system = small(arms=arms)
    assert {name for name, _ in system.named_children()} == networks
    assert set(system.losses("G", system(batch, BOTH))) == terms


def test_without_a_round_trip_the_adversarial_terms_keep_their_whole_weight(batch):
    system = small(arms="gan", rate_first=0.5).eval()
    out = system(batch, BOTH)
    logits = system.D_B(out["fake_B"])[0]
    assert system.losses("G", out)["adv_AB"].item() == pytest.approx(0.1 * softplus(-logits).mean().item(), rel=1e-4)


def test_D_moves_at_every_third_step_and_G_at_the_others():
    turns = {p.name: [p.due(step) for step in range(6)] for p in small().players()}
    assert turns["D"] == [True, False, False, True, False, False]
    assert turns["G"] == [not due for due in turns["D"]]


def test_the_rate_changes_after_the_steps_it_says_and_survives_a_stop(batch):
    system = small(rate_first=0.01, rate=0.5, rate_steps=2)
    assert system.rate.item() == pytest.approx(0.01)
    for _ in range(2):
        system.after_step(frozenset())
    assert system.rate.item() == 0.5
    other = small(rate_first=0.01, rate=0.5, rate_steps=2)
    other.load_state_dict(system.state_dict())
    assert other.rate.item() == 0.5


def test_a_D_step_leaves_no_gradient_in_G(batch):
    system = small()
    sum(system.losses("D", system(batch, BOTH)).values()).backward()
    for name in ("G_AB", "G_BA"):
        assert all(p.grad is None for p in getattr(system, name).parameters())


def test_paper_size_by_default():
    with torch.device("meta"):
        assert count_parameters(DiscoGAN()) == 2 * (5_513_856 + 2_765_568)


def test_the_toy_learns_points():
    class Points:
        def batch(self, step, rank=0, world=1):
            generator = torch.Generator().manual_seed(step)
            return {key: torch.randn(16, 2, generator=generator) * 0.1 + shift for key, shift in (("A", -1), ("B", 1))}

    torch.manual_seed(0)
    settings = DiscoGANSettings(networks="points", ngf=16, ndf=16, fm_share=0.0, lr=2e-3, rate_first=0.5)
    system = DiscoGAN(settings)
    train(system, Points(), 300)
    moved = system.translate(Points().batch(1000)["A"])
    assert moved.mean().item() == pytest.approx(1.0, abs=0.5)


def test_ways_that_an_arm_lacks_are_refused(batch):
    with pytest.raises(LabError, match="B → A"):
        small(arms="gan").translate(batch["B"], "B", "A")
