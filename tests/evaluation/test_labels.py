"""The class that a judge sees, on translators whose answer is known."""

import pytest
import torch
from known_translator import Known, known_run

from labkit import data, judges
from labkit.data.domain import Domain
from labkit.evaluation import labels


@pytest.fixture(scope="module")
def digits():
    return data.load("optdigits").test["real"]


def test_the_copy_is_judged_as_it_is(digits):
    run = known_run(Known(lambda x: 0 * x), digits)
    assert labels.label_accuracy_copy(run).value == pytest.approx(judges.load("optdigits").record["ceiling"])


def test_only_the_threes_count(digits):
    def all_but_threes(x):
        seen = judges.load("optdigits").predict(x)
        return torch.where((seen == 3)[:, None, None, None], torch.full_like(x, -1.0), x)

    def only_threes(x):
        return torch.where((judges.load("optdigits").predict(x) == 3)[:, None, None, None], x, torch.full_like(x, -1.0))

    lost, kept = (known_run(Known(there), digits) for there in (all_but_threes, only_threes))
    assert labels.three_accuracy(lost).value < 0.15
    assert labels.three_accuracy(kept).value > 0.95
    assert labels.three_accuracy(kept).n == int((digits.labels == 3).sum())


def test_a_quarter_turn_is_undone_before_the_judge_looks(digits):
    B = Domain("rotated", digits.images.rot90(1, (2, 3)), digits.labels)
    turns = known_run(Known(lambda x: x.rot90(1, (2, 3))), digits, B)
    stays = known_run(Known(lambda x: x), digits, B)
    assert labels.turned_back_accuracy(turns).value > 0.98
    assert labels.turned_back_accuracy(stays).value < 0.5
