"""MoCo: keys from the slow copy, negatives from the queue, and both moved after the step."""

import pytest
import torch

from labkit.errors import LabError
from labkit.losses.contrastive import info_nce
from labkit.systems.moco import MoCo, MoCoSettings
from labkit.systems.simclr import SimCLRSettings

SMALL = dict(
    encoder="conv", augmentation="digits", channels=1, width=4, features=16, dim=8, optimiser="adam", lr=3e-3,
    queue=20, momentum=0.9, bn_splits=2, head_layers=2,
)  # fmt: skip
DUE = frozenset({"f"})


def batch(n=8, seed=3):
    return {"real": torch.rand(n, 1, 16, 16, generator=torch.Generator().manual_seed(seed)) * 2 - 1}


def make(**settings):
    torch.manual_seed(0)
    return MoCo(MoCoSettings(**SMALL | settings)).train()


def test_loss_is_info_nce_against_the_queue_and_only_queries_take_gradient():
    system = make()
    out = system(batch(), DUE)
    assert out["q"].requires_grad and not out["k"].requires_grad
    loss = system.losses("f", out)["nce"]
    assert torch.equal(loss, info_nce(out["q"], out["k"], system.queue.keys, 0.07))
    loss.backward()
    assert all(p.grad is None for p in system.key_network.parameters())
    assert all(p.grad is not None for p in system.encoder.parameters())


def test_key_network_starts_as_a_copy_and_follows_by_equation_2():
    system = make()
    for slow, fast in zip(system.key_network.parameters(), system.projector().parameters(), strict=True):
        assert torch.equal(slow, fast)
    before = [p.clone() for p in system.key_network.parameters()]
    system(batch(), DUE)
    with torch.no_grad():
        for p in system.projector().parameters():
            p.add_(1.0)
    system.after_step(DUE)
    for old, slow, fast in zip(before, system.key_network.parameters(), system.projector().parameters(), strict=True):
        assert torch.allclose(slow, 0.9 * old + 0.1 * fast, atol=1e-6)


def test_keys_enter_the_queue_after_the_step_in_the_order_of_their_images():
    system = make()
    start = system.queue.keys.clone()
    out = system(batch(), DUE)
    assert torch.equal(system.queue.keys, start)  # the new keys are no negatives of this step
    system.after_step(DUE)
    assert torch.equal(system.queue.keys[:8], out["k"])
    assert torch.equal(system.queue.keys[8:], start[8:])


def test_photographs_get_the_views_of_the_paper_and_the_default_can_be_trained():
    assert MoCoSettings().augmentation == "photos_moco" and SimCLRSettings().augmentation == "photos"
    system = make(augmentation="photos_moco", channels=3)
    out = system({"real": batch()["real"].repeat(1, 3, 1, 1)}, DUE)
    assert system.losses("f", out)["nce"].isfinite()


def test_shuffling_puts_every_key_back_with_its_query():
    """Without augmentation and with one weight, query and key of an image agree more than those of two images."""
    system = make(augmentation="none", bn_splits=1)
    out = system(batch(), DUE)
    assert torch.allclose(out["q"], out["k"], atol=1e-5)


def test_batch_norm_sees_parts_of_the_batch():
    seen = []
    system = make(bn_splits=4)
    system.encoder.register_forward_pre_hook(lambda module, inputs: seen.append(len(inputs[0])))
    system(batch(), DUE)
    assert seen == [2, 2, 2, 2]


def test_oracle_leaves_out_keys_of_the_query_class_and_needs_labels():
    system = make(oracle_negatives=True)
    labelled = batch() | {"real_label": torch.arange(8) % 2}
    system(labelled, DUE)
    system.after_step(DUE)
    assert system.queue.labels.tolist() == [0, 1] * 4 + [-1] * 12
    out = system(labelled, DUE)
    same = labelled["real_label"][:, None] == system.queue.labels[None, :]
    assert same.sum() == 32
    assert torch.equal(system.losses("f", out)["nce"], info_nce(out["q"], out["k"], system.queue.keys, 0.07, same))
    with pytest.raises(LabError, match="labels"):
        system(batch(), DUE)


def test_a_copy_with_momentum_zero_is_the_encoder():
    system = make(momentum=0.0)
    system(batch(), DUE)
    with torch.no_grad():
        next(system.encoder.parameters()).mul_(2)
    system.after_step(DUE)
    for slow, fast in zip(system.key_network.parameters(), system.projector().parameters(), strict=True):
        assert torch.equal(slow, fast)


def test_paper_size_by_default():
    with torch.device("meta"):
        system = MoCo()
    assert sum(p.numel() for p in system.projector().parameters()) == 23_770_304
    assert system.queue.keys.shape == (65536, 128)
    assert not any(p.requires_grad for p in system.key_network.parameters())


def test_a_full_size_step_fits_together():
    with torch.device("meta"):
        system = MoCo(MoCoSettings(bn_splits=2)).train()
        (player,) = system.players()
        optimiser = player.optimiser(system.parameters_of(player))
        terms = system.losses("f", system({"real": torch.empty(4, 3, 64, 64)}, DUE))
        terms["nce"].backward()
        optimiser.step()
        assert terms["nce"].shape == ()


@pytest.mark.parametrize(("schedule", "expected"), [("steps", [1.0, 0.1, 0.01]), ("cosine", [1.0, 0.3455, 0.0955])])
def test_schedules(schedule, expected):
    (player,) = make(schedule=schedule).players()
    assert [player.schedule(step, 10) for step in (0, 6, 8)] == pytest.approx(expected, abs=1e-4)
