from collections import Counter

import numpy as np
import pytest
import torch

from labkit.data.domain import Domain
from labkit.data.unpaired import UnpairedBatches
from labkit.errors import LabError


def numbered(n, first=0):
    """A domain whose image i holds the number first + i, so that a batch tells which images it was made of."""
    values = torch.arange(first, first + n, dtype=torch.float32).reshape(n, 1, 1, 1)
    return Domain("numbered", values, torch.arange(n) % 10)


def numbers(images):
    return images.flatten().int().tolist()


def pairs(batches, steps):
    """(index in A, index in B) of everything that shares a place in a batch."""
    plans = ([batches.plan(key, step)[0] for step in range(steps)] for key in ("A", "B"))
    return np.stack([np.concatenate(plan) for plan in plans])


def independence(pairs, n):
    """Pearson's statistic of the table of co-occurring indices."""
    table = np.zeros((n, n))
    np.add.at(table, tuple(pairs), 1)
    expected = table.sum() / n**2
    return ((table - expected) ** 2 / expected).sum()


# -- training never sees pairs ---------------------------------------------------------------------------------------


def test_indices_of_A_and_B_co_occur_as_if_independent():
    n, epochs = 10, 1000
    batches = UnpairedBatches({"A": numbered(n), "B": numbered(n)}, batch_size=n, seed=0)
    found = pairs(batches, epochs)
    # A sum of random permutation matrices has the mean n (n - 1) = 90 and a deviation of about 14
    assert 45 < independence(found, n) < 140
    # ... and the statistic does see a sampler that walks through both domains in one order
    assert independence(np.stack([found[0], found[0]]), n) > 10_000


@pytest.mark.parametrize("shift", range(4))
def test_no_epoch_pairs_by_equal_or_shifted_index(shift):
    n = 500
    batches = UnpairedBatches({"A": numbered(n), "B": numbered(n)}, batch_size=50, seed=3)
    a, b = pairs(batches, 40)
    assert ((a + shift) % n == b).mean() < 0.01  # by chance 1 in 500


def test_the_same_holds_for_neighbouring_seeds():
    n = 400
    orders = [
        pairs(UnpairedBatches({"A": numbered(n), "B": numbered(n)}, n, seed), 1)[i] for seed in range(3) for i in (0, 1)
    ]
    for i, one in enumerate(orders):
        for other in orders[i + 1 :]:
            assert (one == other).mean() < 0.02


def test_the_order_in_which_B_is_stored_changes_nothing_about_the_joint():
    A, B = numbered(12), numbered(12, first=100)
    stored_otherwise = B.subset(torch.randperm(12, generator=torch.Generator().manual_seed(1)))
    one = UnpairedBatches({"A": A, "B": B}, 12, seed=5)
    other = UnpairedBatches({"A": A, "B": stored_otherwise}, 12, seed=5)
    joint_one, joint_other = Counter(), Counter()
    for step in range(1500):
        x, y = one.batch(step), other.batch(step)
        assert torch.equal(x["A"], y["A"])  # A does not notice
        joint_one.update(zip(numbers(x["A"]), numbers(x["B"]), strict=True))
        joint_other.update(zip(numbers(y["A"]), numbers(y["B"]), strict=True))
    # every pair of images turns up equally often, about 125 times with a deviation of about 11, in either storage order
    for joint in (joint_one, joint_other):
        assert len(joint) == 144
        assert 75 < min(joint.values()) < max(joint.values()) < 185


def test_what_A_yields_does_not_depend_on_B_at_all():
    alone = UnpairedBatches({"A": numbered(7)}, 3, seed=2)
    beside = UnpairedBatches({"B": numbered(31), "A": numbered(7)}, 3, seed=2)
    for step in range(10):
        assert torch.equal(alone.batch(step)["A"], beside.batch(step)["A"])


# -- epochs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("length_A", "length_B", "batch_size"), [(12, 12, 4), (10, 7, 4), (5, 23, 8), (3, 4, 5)])
def test_each_domain_is_covered_once_an_epoch(length_A, length_B, batch_size):
    batches = UnpairedBatches({"A": numbered(length_A), "B": numbered(length_B)}, batch_size, seed=1)
    for key, length in (("A", length_A), ("B", length_B)):
        stream = np.concatenate([batches.plan(key, step)[0] for step in range(4 * length)])
        for epoch in range(3):
            assert sorted(stream[epoch * length : (epoch + 1) * length]) == list(range(length))


def test_epochs_have_orders_of_their_own():
    batches = UnpairedBatches({"A": numbered(50)}, 50, seed=1)
    orders = {tuple(batches.plan("A", epoch)[0]) for epoch in range(10)}
    assert len(orders) == 10


def test_augmentation_differs_between_epochs_and_images_and_domains():
    batches = UnpairedBatches({"A": numbered(20), "B": numbered(20)}, 20, seed=1)
    draws = np.concatenate([batches.plan(key, epoch)[1] for key in ("A", "B") for epoch in range(5)])
    assert len(set(draws.tolist())) == 200
    assert (draws >= 0).all()


# -- a function of seed, step, rank and world --------------------------------------------------------------------------


def test_a_batch_depends_on_the_step_and_not_on_what_was_asked_before():
    domains = {"A": numbered(10), "B": numbered(13)}
    forward = UnpairedBatches(domains, 4, seed=9)
    straight = [forward.batch(step) for step in range(30)]
    backward = UnpairedBatches(domains, 4, seed=9)
    for step in reversed(range(30)):  # a resumed run starts anywhere
        batch = backward.batch(step)
        assert all(torch.equal(batch[key], straight[step][key]) for key in ("A", "B"))


def test_the_seed_matters():
    one, other = (UnpairedBatches({"A": numbered(30)}, 30, seed).plan("A", 0) for seed in (0, 1))
    assert (one[0] != other[0]).any()
    assert (one[1] != other[1]).all()


@pytest.mark.parametrize("world", [2, 3])
def test_several_ranks_see_what_one_rank_with_the_larger_batch_sees(world):
    domains = {"A": numbered(11), "B": numbered(17)}
    many, one = UnpairedBatches(domains, 4, seed=4), UnpairedBatches(domains, 4 * world, seed=4)
    for step in range(9):
        for key in ("A", "B"):
            indices, draws = (
                np.concatenate([many.plan(key, step, rank, world)[i] for rank in range(world)]) for i in range(2)
            )
            whole = one.plan(key, step)
            assert np.array_equal(indices, whole[0])
            assert np.array_equal(draws, whole[1])


def test_labels_come_with_their_images_and_only_where_asked_for():
    batches = UnpairedBatches({"A": numbered(40), "B": numbered(40)}, 8, seed=0, labels=["A"])
    batch = batches.batch(3)
    assert set(batch) == {"A", "B", "A_label"}
    assert batch["A_label"].tolist() == [number % 10 for number in numbers(batch["A"])]


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"seed": -1}, {"labels": ["C"]}, {"labels": ["B"]}])
def test_impossible_wishes_are_refused(wrong):
    unlabelled = Domain("unlabelled", torch.zeros(3, 1, 2, 2))
    with pytest.raises(LabError):
        UnpairedBatches({"A": numbered(3), "B": unlabelled}, **({"batch_size": 2, "seed": 0} | wrong))
