"""DualGAN: terms written out, critics held by clipping or by the penalty, and the turns of the players."""

import pytest
import torch

from labkit.errors import LabError
from labkit.nets.blocks import count_parameters
from labkit.systems.dualgan import DualGAN, DualGANSettings
from labkit.train import train

BOTH = frozenset({"G", "D"})


def small(**settings):
    torch.manual_seed(0)
    return DualGAN(DualGANSettings(size=16, ngf=4, ndf=4, levels=3, d_layers=2, **settings))


@pytest.fixture
def batch():
    torch.manual_seed(1)
    return {key: torch.rand(2, 3, 16, 16) * 2 - 1 for key in "AB"}


class Noise:
    def batch(self, step, rank=0, world=1):
        generator = torch.Generator().manual_seed(step)
        return {key: torch.rand(2, 3, 16, 16, generator=generator) * 2 - 1 for key in "AB"}


def test_terms_are_the_papers_written_out(batch):
    system = small(lambda_cyc=300.0)
    out = system(batch, BOTH)
    u, v, G, F = batch["A"], batch["B"], system.G_AB, system.G_BA
    expected = {
        "adv_AB": -system.D_B(G(u)).mean(),
        "adv_BA": -system.D_A(F(v)).mean(),
        "cyc_A": 300 * (F(G(u)) - u).abs().mean(),
        "cyc_B": 300 * (G(F(v)) - v).abs().mean(),
    }
    terms = system.losses("G", out)
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        assert terms[name].item() == pytest.approx(value.item(), rel=1e-4, abs=1e-7), name
    d = system.losses("D", out)
    assert d.keys() == {"A", "B"}
    assert d["A"].item() == pytest.approx((system.D_A(F(v)).mean() - system.D_A(u).mean()).item(), rel=1e-4, abs=1e-7)


def test_clipping_bounds_every_weight_of_the_critics_and_no_other():
    system = small(clip=0.01)
    train(system, Noise(), 3)
    for D in (system.D_A, system.D_B):
        assert max(p.abs().max().item() for p in D.parameters()) == pytest.approx(0.01, abs=1e-8)
    assert max(p.abs().max().item() for p in system.G_AB.parameters()) > 0.02


def test_the_penalty_takes_the_place_of_clipping(batch):
    system = small(critic="gp")
    terms = system.losses("D", system(batch, BOTH))
    assert terms.keys() == {"A", "B", "gp_A", "gp_B"}
    assert terms["gp_A"].item() >= 0
    sum(terms.values()).backward()
    assert all(p.grad is None for p in system.G_AB.parameters())
    before = [p.detach().clone() for p in system.D_A.parameters()]
    system.after_step(BOTH)
    assert all(torch.equal(a, b) for a, b in zip(before, system.D_A.parameters(), strict=True))
    assert system.double_backward and not small().double_backward


def test_the_critics_move_first_and_more_often():
    players = small(n_critic=3).players()
    assert [p.name for p in players] == ["D", "G"]
    assert [[p.due(step) for step in range(6)] for p in players] == [[True] * 6, [False, False, True] * 2]


def test_when_only_the_critics_are_due_the_generators_keep_no_graph(batch):
    out = small()(batch, frozenset({"D"}))
    assert set(out) == {"real_A", "real_B", "fake_A", "fake_B"}
    assert not out["fake_A"].requires_grad


def test_paper_size_by_default():
    with torch.device("meta"):
        assert count_parameters(DualGAN()) == 2 * (30_627_907 + 3_949_441)


def test_translates_both_ways_and_names_the_ways_it_has(batch):
    system = small()
    assert torch.equal(system.translate(batch["B"], "B", "A"), system.G_BA(batch["B"]))
    with pytest.raises(LabError, match="A → C"):
        system.translate(batch["A"], "A", "C")
