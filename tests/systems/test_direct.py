"""Direct mapping: its terms, its two stages, and that its D is the one CycleGAN has."""

import pytest
import torch

from labkit.errors import LabError
from labkit.nets.blocks import count_parameters
from labkit.systems.direct import Direct, DirectSettings

SMALL = DirectSettings(ngf=4, ndf=4, blocks=1, d_layers=1, pool=0)
STAGES = DirectSettings(ngf=4, ndf=4, depth=4, d_layers=1, pool=0, small_depth=2, small_steps=3, lambda_near=7.0)


@pytest.fixture
def batch():
    torch.manual_seed(1)
    return {key: torch.rand(2, 3, 16, 16) * 2 - 1 for key in "AB"}


def due_at(system, step):
    return frozenset(player.name for player in system.players() if player.due(step))


def test_terms_are_least_squares_written_out(batch):
    system = Direct(SMALL)
    out = system(batch, frozenset({"G", "D"}))
    fake = system.G_AB(batch["A"])
    g, d = system.losses("G", out), system.losses("D", out)
    assert g.keys() == {"adv"} and d.keys() == {"B"}
    assert g["adv"].item() == pytest.approx((system.D_B(fake) - 1).square().mean().item(), rel=1e-5)
    by_hand = 0.5 * ((system.D_B(batch["B"]) - 1).square().mean() + system.D_B(fake).square().mean())
    assert d["B"].item() == pytest.approx(by_hand.item(), rel=1e-5)


def test_the_small_network_learns_first_and_then_stands_still():
    system = Direct(STAGES)
    assert due_at(system, 0) == due_at(system, 2) == {"small_G", "small_D"}
    assert due_at(system, 3) == due_at(system, 50) == {"G", "D"}
    schedules = {player.name: player.schedule for player in system.players()}
    assert schedules["G"](3, 13) == 1 and schedules["G"](8, 13) == 1 and schedules["G"](12, 13) < 0.5


def test_the_deep_network_is_held_near_the_small_one_and_moves_alone(batch):
    system = Direct(STAGES).train()
    out = system(batch, frozenset({"G", "D"}))
    terms = system.losses("G", out)
    assert terms["near"].item() == pytest.approx(7 * (out["fake_B"] - out["small_B"]).abs().mean().item(), rel=1e-5)
    sum(terms.values()).backward()
    assert all(p.grad is None for p in system.small_AB.parameters())
    assert all(p.grad is not None for p in system.G_AB.parameters())


def test_the_first_stage_computes_nothing_of_the_second(batch):
    out = Direct(STAGES)(batch, frozenset({"small_G", "small_D"}))
    assert set(out) == {"real_A", "real_B", "small_B"}


def test_a_D_step_leaves_no_gradient_in_G(batch):
    system = Direct(SMALL)
    sum(system.losses("D", system(batch, frozenset({"G", "D"}))).values()).backward()
    assert all(p.grad is None for p in system.G_AB.parameters())


def test_paper_size_by_default_and_depth_eight_is_discogans_generator():
    with torch.device("meta"):
        assert count_parameters(Direct()) == 11_378_179 + 2_764_737
        assert count_parameters(Direct(DirectSettings(depth=8)).G_AB) == 5_513_856


def test_translates_one_way_and_says_which(batch):
    system = Direct(SMALL)
    assert torch.equal(system.translate(batch["A"]), system.G_AB(batch["A"]))
    with pytest.raises(LabError, match="not B → A"):
        system.translate(batch["B"], "B", "A")


@pytest.mark.parametrize("wrong", [{"depth": 3}, {"depth": -2}, {"small_depth": 2}, {"small_steps": 5}])
def test_settings_that_make_no_sense_get_a_sentence(wrong):
    with pytest.raises(LabError):
        Direct(DirectSettings(ngf=4, ndf=4, blocks=1, **wrong))
