"""DIPD and the pairs of its experiment, by hand."""

import pytest
import torch

from labkit.metrics.invariance import PairDistances, dipd, pair_distances


def identity(x):
    return x


def test_dipd_by_hand():
    x = torch.randn(3, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    assert dipd(x, x, identity).value == 0
    assert dipd(2 * x + 1, x, identity).value < 1e-3
    assert dipd(2 * x, x, identity, normalise=False).value == pytest.approx(
        float(x.square().mean((1, 2, 3)).sqrt().mean()), rel=1e-4
    )
    assert dipd(-x, x, identity, judge="pixels", seed=3).value == pytest.approx(2.0, abs=1e-3)
    assert dipd(-x, x, identity, judge="pixels").judge == "pixels"


def test_auc_by_hand():
    assert PairDistances(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])).auc == 1
    assert PairDistances(torch.tensor([3.0, 4.0]), torch.tensor([1.0, 2.0])).auc == 0
    assert PairDistances(torch.tensor([1.0, 3.0]), torch.tensor([2.0, 3.0])).auc == (1 + 1 + 0 + 0.5) / 4


def test_normalisation_turns_a_distance_of_domains_into_one_of_scenes():
    A = torch.randn(40, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    B, labels = 0.2 * A + 5, torch.arange(40)
    assert pair_distances(A, B, labels, normalise=False).auc == 0
    assert pair_distances(A, B, labels).auc == 1


def test_pairs_of_one_domain_show_two_labels_and_come_from_both_domains():
    labels = torch.tensor([0, 0, 1, 1])
    A = labels.float()[:, None, None, None].expand(-1, 1, 2, 2)
    distances = pair_distances(A, 10 * A, labels, normalise=False)
    assert distances.same_domain.tolist() == [1, 1, 10, 10]
    assert distances.same_scene.tolist() == [0, 0, 9, 9]
