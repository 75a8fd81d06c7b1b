"""Metrics of attributes on cases that can be counted by hand."""

import pytest
import torch

from labkit.metrics import attributes


def test_reached_is_a_share():
    found = attributes.attribute_reached(torch.tensor([1, 1, 0, 1]), torch.ones(4, dtype=torch.int64), judge="j")
    assert (found.value, found.n, found.judge) == (0.75, 4, "j")


def test_kept_is_the_mean_over_the_attributes_that_should_stay():
    before = {"skin": torch.tensor([0, 1]), "mouth": torch.tensor([1, 1])}
    read = {"skin": torch.tensor([0, 1]), "mouth": torch.tensor([1, 0]), "glasses": torch.tensor([9, 9])}
    assert attributes.attributes_kept(read, before, judge="j").value == pytest.approx(0.75)


def test_errors_look_on_their_own_side_of_the_mask():
    truth, fake = torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4)
    mask = torch.zeros(2, 1, 4, 4)
    mask[:, :, :2] = 1
    fake[:, :, :2] = 0.5
    fake[1, :, 2:] = 0.2
    assert attributes.error_inside(fake, truth, mask).value == pytest.approx(0.5)
    assert attributes.error_outside(fake, truth, mask).value == pytest.approx(0.1)


def test_a_small_mask_counts_as_much_as_a_large_one_and_an_empty_one_not_at_all():
    truth, fake, mask = torch.zeros(3, 1, 4, 4), torch.zeros(3, 1, 4, 4), torch.zeros(3, 1, 4, 4)
    mask[0, :, :1, :1], mask[1] = 1, 1
    fake[0], fake[1], fake[2] = 1.0, 0.5, 7.0
    found = attributes.error_inside(fake, truth, mask)
    assert (found.value, found.n) == (pytest.approx(0.75), 2)
