"""What lesson 03 states as theory."""

import math
from itertools import permutations

import pytest
import torch

from labkit.losses.adversarial import optimal_discriminator, value
from labkit.losses.reconstruction import l1


@pytest.mark.parametrize("way", permutations(range(3)))
def test_the_best_discriminator_cannot_tell_a_renaming_of_the_kinds(way):
    kinds = torch.full((3,), 1 / 3, dtype=torch.float64)
    generated = torch.zeros_like(kinds).index_add(0, torch.tensor(way), kinds)
    best = value(optimal_discriminator(kinds, generated), kinds, generated, dx=1.0)
    assert best.item() == pytest.approx(-math.log(4), abs=1e-12)


def test_a_renaming_that_loses_a_kind_is_told():
    kinds = torch.full((3,), 1 / 3, dtype=torch.float64)
    generated = torch.tensor([2 / 3, 1 / 3, 0.0], dtype=torch.float64)
    assert value(optimal_discriminator(kinds, generated), kinds, generated, dx=1.0) > -math.log(4) + 0.1


def test_every_consistent_renaming_comes_home_and_a_merging_one_does_not():
    pictures = torch.randn(3, 1, 4, 4, generator=torch.Generator().manual_seed(0))  # one picture for each kind
    for way in permutations(range(3)):
        back = [way.index(kind) for kind in range(3)]
        there = pictures[list(way)]
        assert l1(there[back], pictures) == 0
    assert l1(pictures[[0, 0, 2]], pictures) > 0


def test_ten_kinds_can_be_renamed_in_as_many_ways_as_the_lesson_says():
    assert math.factorial(10) == 3_628_800
