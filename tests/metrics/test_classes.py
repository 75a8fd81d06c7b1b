import math

import pytest
import torch

from labkit.judges import Judge
from labkit.metrics import class_histogram_divergence, label_accuracy, matched_label_accuracy


class Oracle(Judge):
    """Sees in an image the number that its first pixel holds."""

    name = "oracle"

    def predict(self, images):
        return images[:, 0, 0, 0].long()


def images_of(classes):
    return torch.tensor(classes, dtype=torch.float32)[:, None, None, None].expand(-1, 1, 2, 2)


LABELS = torch.arange(100) % 10


@pytest.mark.parametrize(("wrong", "expected"), [(0, 1.0), (25, 0.75), (100, 0.0)])
def test_label_accuracy_counts(wrong, expected):
    seen = LABELS.clone()
    seen[:wrong] = (seen[:wrong] + 1) % 10
    result = label_accuracy(images_of(seen.tolist()), LABELS, Oracle(), seed=3)
    assert result.value == pytest.approx(expected)
    assert (result.n, result.split, result.judge, result.seed) == (100, "test", "oracle", 3)


def test_a_consistent_permutation_is_forgiven_by_matching_alone():
    permutation = torch.tensor([3, 0, 1, 2, 5, 4, 9, 6, 7, 8])
    seen = images_of(permutation[LABELS].tolist())
    assert label_accuracy(seen, LABELS, Oracle()).value == 0
    assert matched_label_accuracy(seen, LABELS, Oracle()).value == 1


def test_matching_is_one_to_one():
    """All images seen as a 4: only one class can be matched to it."""
    seen = images_of([4] * 100)
    assert matched_label_accuracy(seen, LABELS, Oracle()).value == pytest.approx(0.1)
    halves = images_of([0 if label < 5 else 1 for label in LABELS.tolist()])
    assert matched_label_accuracy(halves, LABELS, Oracle()).value == pytest.approx(0.2)


def test_matching_is_the_best_of_all_renamings():
    from itertools import permutations

    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(4, (60,), generator=generator)
    seen = torch.where(
        torch.rand(60, generator=generator) < 0.5, (labels + 1) % 4, torch.randint(4, (60,), generator=generator)
    )
    best = max(float((torch.tensor(p)[labels] == seen).float().mean()) for p in permutations(range(4)))
    assert matched_label_accuracy(images_of(seen.tolist()), labels, Oracle()).value == pytest.approx(best)


def test_divergence_of_equal_histograms_is_zero_and_of_disjoint_ones_ln_2():
    shuffled = LABELS[torch.randperm(100, generator=torch.Generator().manual_seed(0))]
    assert class_histogram_divergence(images_of(shuffled.tolist()), LABELS, Oracle()).value == pytest.approx(
        0, abs=1e-12
    )
    assert class_histogram_divergence(
        images_of([1] * 9), torch.zeros(5, dtype=torch.int64), Oracle()
    ).value == pytest.approx(math.log(2), abs=1e-9)


def test_divergence_by_hand():
    # p = (1/2, 1/2), q = (1, 0), m = (3/4, 1/4)
    expected = 0.5 * (0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)) + 0.5 * math.log(1 / 0.75)
    result = class_histogram_divergence(images_of([0, 1] * 4), torch.zeros(20, dtype=torch.int64), Oracle())
    assert result.value == pytest.approx(expected, abs=1e-9)
    assert result.n == 8


def test_a_class_that_is_never_produced_gives_a_finite_divergence():
    result = class_histogram_divergence(images_of([0] * 50), LABELS, Oracle())
    assert 0.3 < result.value < math.log(2)


@pytest.mark.parametrize("metric", [label_accuracy, matched_label_accuracy])
def test_images_without_their_labels_are_refused(metric):
    with pytest.raises(ValueError, match="one label for each image"):
        metric(images_of([1, 2, 3]), LABELS[:2], Oracle())
