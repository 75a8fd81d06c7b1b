"""SimCLR: its loss is NT-Xent of the two views, its negatives are the batch, its defaults the paper's."""

import pytest
import torch

from labkit.errors import LabError
from labkit.losses.contrastive import nt_xent
from labkit.systems.simclr import SimCLR, SimCLRSettings

SMALL = dict(encoder="conv", augmentation="digits", channels=1, width=4, features=16, dim=8, optimiser="adam", lr=3e-3)
DUE = frozenset({"f"})


def batch(n=12):
    generator = torch.Generator().manual_seed(3)
    return {"real": torch.rand(n, 1, 16, 16, generator=generator) * 2 - 1, "real_label": torch.arange(n) % 3}


def make(**settings):
    torch.manual_seed(0)
    return SimCLR(SimCLRSettings(**SMALL | settings))


def test_loss_is_nt_xent_of_two_different_views():
    system = make(tau=0.3)
    out = system(batch(), DUE)
    assert out["z_1"].shape == out["z_2"].shape == (12, 8)
    assert not torch.allclose(out["z_1"], out["z_2"])
    expected = nt_xent(out["z_1"], out["z_2"], 0.3)
    assert torch.equal(system.losses("f", out)["nce"], expected)


def test_the_same_view_twice_is_the_same_vector():
    out = make(augmentation="none")(batch(), DUE)
    assert torch.allclose(out["z_1"], out["z_2"], atol=1e-5)


def test_oracle_leaves_out_the_query_class_and_needs_labels():
    system = make(oracle_negatives=True)
    out = system(batch(), DUE)
    label = batch()["real_label"]
    expected = nt_xent(out["z_1"], out["z_2"], system.settings.tau, label[:, None] == label[None, :])
    assert torch.equal(system.losses("f", out)["nce"], expected)
    assert expected < nt_xent(out["z_1"], out["z_2"], system.settings.tau)
    with pytest.raises(LabError, match="labels"):
        system({"real": batch()["real"]}, DUE)


def test_head_and_encoder_both_learn_and_a_batch_is_overfitted():
    """Without augmentation the two views agree from the start; what is left to learn is to keep the images apart."""
    system = make(tau=0.5, augmentation="none")
    (player,) = system.players()
    optimiser = player.optimiser(system.parameters_of(player))
    losses = []
    for _ in range(60):
        loss = system.losses("f", system(batch(), DUE))["nce"]
        optimiser.zero_grad()
        loss.backward()
        assert all(p.grad is not None for p in system.parameters())
        optimiser.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) < 0.7 * sum(losses[:5])


def test_paper_size_by_default():
    with torch.device("meta"):
        system = SimCLR()
    assert sum(p.numel() for p in system.encoder.parameters()) == 23_508_032
    assert sum(p.numel() for p in system.head.parameters()) == 2048 * 2048 + 2048 + 2048 * 128 + 128


def test_a_full_size_step_fits_together():
    with torch.device("meta"):
        system = SimCLR().train()
        (player,) = system.players()
        optimiser = player.optimiser(system.parameters_of(player))
        terms = system.losses("f", system({"real": torch.empty(2, 3, 224, 224)}, DUE))
        terms["nce"].backward()
        optimiser.step()
        assert terms["nce"].shape == ()
