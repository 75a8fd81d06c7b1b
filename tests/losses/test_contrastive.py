"""Contrastive losses against a loop, against values that are known, and against each other."""

import math

import pytest
import torch
from torch.nn import functional as F

from labkit.errors import LabError
from labkit.losses.contrastive import (
    alignment,
    contrast,
    info_nce,
    mutual_information_bound,
    negative_weights,
    nt_xent,
    patch_nce,
    sliced_wasserstein,
    uniformity,
)


def unit(*shape, seed=0):
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def loop_info_nce(query, positive, negatives, tau):
    total = 0.0
    for q, k in zip(query.tolist(), positive.tolist(), strict=True):
        up = math.exp(sum(a * b for a, b in zip(q, k, strict=True)) / tau)
        down = [math.exp(sum(a * b for a, b in zip(q, n, strict=True)) / tau) for n in negatives.tolist()]
        total += -math.log(up / (up + sum(down)))
    return total / len(query)


@pytest.mark.parametrize("tau", [0.07, 0.5, 2.0])
def test_equals_the_formula_written_out(tau):
    q, k, n = unit(5, 8), unit(5, 8, seed=1), unit(7, 8, seed=2)
    assert info_nce(q, k, n, tau).item() == pytest.approx(loop_info_nce(q, k, n, tau), rel=1e-5)
    each = info_nce(q, k, n, tau, reduction="none")
    assert each.shape == (5,)
    assert each[2].item() == pytest.approx(loop_info_nce(q[2:3], k[2:3], n, tau), rel=1e-5)


@pytest.mark.parametrize("negatives", [1, 3, 255])
def test_equal_features_give_the_loss_of_a_guess(negatives):
    same = torch.ones(4, 16) / 4
    keys = torch.ones(negatives, 16) / 4
    assert info_nce(same, same, keys, 0.07).item() == pytest.approx(math.log(1 + negatives), abs=1e-4)


def test_known_values_at_256_keys():
    """Independent random features are a little worse than a guess, equal ones almost perfect (N = 256, τ = 0.07)."""
    q, k, n = unit(512, 256), unit(512, 256, seed=1), unit(255, 256, seed=2)
    assert info_nce(q, k, n).item() == pytest.approx(5.84, abs=0.1)
    assert math.log(256) < info_nce(q, k, n).item()
    assert info_nce(q, q, n).item() == pytest.approx(2.4e-4, abs=1e-4)


def test_is_the_cross_entropy_of_the_logits():
    q, k, n = unit(6, 8), unit(6, 8, seed=1), unit(9, 8, seed=2)
    logits = contrast(q, k, n, 0.2)
    assert logits.shape == (6, 10)
    expected = F.cross_entropy(logits, torch.zeros(6, dtype=torch.int64))
    assert info_nce(q, k, n, 0.2).item() == pytest.approx(expected.item(), rel=1e-6)


def test_an_ignored_key_does_not_count():
    q, k, n = unit(3, 8), unit(3, 8, seed=1), unit(4, 8, seed=2)
    ignore = torch.zeros(3, 4, dtype=torch.bool)
    ignore[:, 1] = True
    expected = info_nce(q, k, n[[0, 2, 3]], 0.1)
    assert info_nce(q, k, n, 0.1, ignore).item() == pytest.approx(expected.item(), rel=1e-6)


def test_leading_dimensions_are_batches_of_questions():
    """As PatchNCE needs it: every image asks about its own patches, and its own place is no negative."""
    q, k = unit(2, 5, 8), unit(2, 5, 8, seed=1)
    own = torch.eye(5, dtype=torch.bool)
    expected = sum(F.cross_entropy(q[b] @ k[b].T / 0.07, torch.arange(5)) for b in range(2)) / 2
    assert info_nce(q, k, k, 0.07, own).item() == pytest.approx(expected.item(), rel=1e-5)


def loop_nt_xent(view_1, view_2, tau):
    views = F.normalize(torch.cat([view_1, view_2]), dim=1)
    n, total = len(views), 0.0
    for i in range(n):
        partner = (i + n // 2) % n
        scores = {j: math.exp((views[i] @ views[j]).item() / tau) for j in range(n) if j != i}
        total += -math.log(scores[partner] / sum(scores.values()))
    return total / n


def test_nt_xent_equals_its_double_loop_and_needs_no_unit_vectors():
    a, b = torch.randn(5, 6, generator=torch.Generator().manual_seed(0)), unit(5, 6, seed=1) * 7
    assert nt_xent(a, b, 0.5).item() == pytest.approx(loop_nt_xent(a, b, 0.5), rel=1e-5)
    assert nt_xent(b, a, 0.5).item() == pytest.approx(nt_xent(a, b, 0.5).item(), rel=1e-6)
    assert nt_xent(3 * a, b, 0.5).item() == pytest.approx(nt_xent(a, b, 0.5).item(), rel=1e-5)


def test_nt_xent_of_equal_views_is_log_of_the_number_of_candidates():
    same = torch.ones(8, 4)
    assert nt_xent(same, same).item() == pytest.approx(math.log(15), rel=1e-5)


def test_nt_xent_without_negatives_of_the_same_class_is_smaller():
    a, b = unit(6, 4), unit(6, 4, seed=1)
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    same = labels[:, None] == labels[None, :]
    assert nt_xent(a, b, 0.5, same) < nt_xent(a, b, 0.5)
    none_left = torch.ones(6, 6, dtype=torch.bool)
    assert nt_xent(a, b, 0.5, none_left).item() == 0  # nothing to confuse the positive with


def test_gradient_weights_of_the_negatives():
    """d loss / d score of negative n is p_n / τ, and its share among the negatives is what negative_weights says."""
    scores = torch.tensor([0.8, 0.5, 0.1, -0.4], requires_grad=True)
    tau = 0.2
    loss = -torch.cat([torch.tensor([0.9]), scores]).div(tau).log_softmax(0)[0]
    loss.backward()
    p = torch.softmax(torch.tensor([0.9, 0.8, 0.5, 0.1, -0.4]) / tau, 0)[1:]
    assert torch.allclose(scores.grad, p / tau, atol=1e-6)
    assert torch.allclose(scores.grad / scores.grad.sum(), negative_weights(scores.detach(), tau), atol=1e-6)


def test_cold_looks_at_the_hardest_and_hot_at_all_alike():
    scores = torch.tensor([0.8, 0.5, 0.1, -0.4])
    assert negative_weights(scores, 0.02)[0] > 0.999
    assert torch.allclose(negative_weights(scores, 1000.0), torch.full((4,), 0.25), atol=1e-3)
    shares = [negative_weights(scores, tau)[0].item() for tau in (1.0, 0.5, 0.2, 0.1, 0.05)]
    assert shares == sorted(shares)


def test_bound_of_perfect_of_equal_and_of_wrong_scores():
    n = 32
    assert mutual_information_bound(1000 * torch.eye(n)).item() == pytest.approx(math.log(n), abs=1e-5)
    assert mutual_information_bound(torch.zeros(n, n)).item() == pytest.approx(0.0, abs=1e-5)
    assert mutual_information_bound(-5 * torch.eye(n)).item() < 0
    x = torch.randn(n, n, generator=torch.Generator().manual_seed(0))
    by_loss = math.log(n) - F.cross_entropy(x, torch.arange(n)).item()
    assert mutual_information_bound(x).item() == pytest.approx(by_loss, abs=1e-5)


def test_alignment_and_uniformity_at_known_places():
    x = unit(10, 3)
    assert alignment(x, x).item() == 0
    assert alignment(x, -x).item() == pytest.approx(4.0, rel=1e-5)
    assert uniformity(x[:1].repeat(5, 1)).item() == pytest.approx(0.0, abs=1e-5)
    poles = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    assert uniformity(poles, t=2.0).item() == pytest.approx(-8.0, rel=1e-4)
    assert uniformity(unit(2000, 512)).item() == pytest.approx(-4.0, abs=0.1)  # random directions: ‖x - y‖² = 2


@pytest.mark.parametrize("tau", [0.0, -0.1])
def test_a_temperature_must_be_above_zero(tau):
    with pytest.raises(LabError, match="temperature"):
        info_nce(unit(2, 4), unit(2, 4), unit(3, 4), tau)


def test_extreme_scores_stay_finite():
    q = torch.full((2, 1), 1.0, requires_grad=True)
    loss = info_nce(q, torch.full((2, 1), -1.0), torch.ones(3, 1), 1e-3)
    loss.backward()
    assert loss.item() == pytest.approx(2000 + math.log(3), rel=1e-4)
    assert q.grad.isfinite().all()


def patches(images=3, places=5, dim=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [F.normalize(torch.randn(images, places, dim, generator=generator), dim=-1) for _ in range(2)]


def patch_nce_by_loops(query, key, tau, negatives):
    losses = []
    for b in range(len(query)):
        for s in range(query.shape[1]):
            scores = []
            for other in range(len(key)):
                for place in range(key.shape[1]):
                    own = other == b
                    wanted = {"internal": own, "external": not own, "both": True}[negatives]
                    if wanted and not (own and place == s):
                        scores.append((query[b, s] @ key[other, place]).item() / tau)
            positive = (query[b, s] @ key[b, s]).item() / tau
            losses.append(-positive + math.log(sum(math.exp(x) for x in [positive, *scores])))
    return sum(losses) / len(losses)


@pytest.mark.parametrize("negatives", ["internal", "external", "both"])
def test_patch_nce_is_the_papers_written_out(negatives):
    query, key = patches()
    expected = patch_nce_by_loops(query, key, 0.2, negatives)
    assert patch_nce(query, key, 0.2, negatives).item() == pytest.approx(expected, rel=1e-5)


def test_patch_nce_of_patches_that_are_all_alike_is_the_log_of_their_number():
    same = torch.ones(2, 256, 4) / 2
    assert patch_nce(same, same).item() == pytest.approx(math.log(256), abs=1e-4)
    assert patch_nce(same, same, negatives="external").item() == pytest.approx(math.log(257), abs=1e-4)
    assert patch_nce(same, same, negatives="both").item() == pytest.approx(math.log(512), abs=1e-4)


def test_patch_nce_leaving_out_the_own_place_equals_the_official_codes_score_of_minus_ten():
    query, key = patches(images=1, places=40, dim=16)
    scores = query[0] @ key[0].T
    positive = scores.diagonal()[:, None]
    marked = scores.masked_fill(torch.eye(40, dtype=torch.bool), -10.0)
    official = F.cross_entropy(torch.cat([positive, marked], 1) / 0.07, torch.zeros(40, dtype=torch.int64))
    assert patch_nce(query, key).item() == pytest.approx(official.item(), rel=1e-6)


def test_patch_nce_teaches_the_query_alone():
    query, key = (x.requires_grad_() for x in patches())
    patch_nce(query, key).backward()
    assert query.grad.abs().max() > 0 and key.grad is None


def test_patch_nce_refuses_negatives_that_there_are_not():
    query, key = patches(images=1)
    with pytest.raises(LabError, match="other images"):
        patch_nce(query, key, negatives="external")
    with pytest.raises(LabError, match="internal, external, both or queue"):
        patch_nce(query, key, negatives="inside")


def test_patch_nce_takes_as_many_external_negatives_as_it_is_told():
    same = torch.ones(3, 16, 4) / 2
    assert patch_nce(same, same, negatives="external").item() == pytest.approx(math.log(33), abs=1e-4)
    assert patch_nce(same, same, negatives="external", count=15).item() == pytest.approx(math.log(16), abs=1e-4)


def test_patch_nce_takes_the_keys_of_earlier_images_from_a_bank():
    query, key = patches()
    bank = F.normalize(torch.randn(50, query.shape[2], generator=torch.Generator().manual_seed(5)), dim=1)
    losses = [
        -(q @ k).item() / 0.2 + math.log(math.exp((q @ k).item() / 0.2) + (q @ bank.T / 0.2).exp().sum().item())
        for q, k in zip(query.flatten(0, 1), key.flatten(0, 1), strict=True)
    ]
    found = patch_nce(query, key, 0.2, "queue", bank=bank)
    assert found.item() == pytest.approx(sum(losses) / len(losses), rel=1e-5)
    few = patch_nce(query, key, 0.2, "queue", count=5, bank=bank)
    assert few < found


def test_sliced_wasserstein_knows_values_and_no_places():
    x = torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, 2.0]])
    axes = torch.eye(2)
    moved = x + torch.tensor([0.3, 0.5])
    assert sliced_wasserstein(x, x[[2, 0, 1]], axes) == 0
    assert sliced_wasserstein(x[None], moved[None], axes).tolist() == pytest.approx([0.4])
