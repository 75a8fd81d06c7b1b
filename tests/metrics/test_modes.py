import math

import pytest
import torch

from labkit.data.recipes.toy import points_around, ring_centres
from labkit.metrics import high_quality_fraction, mode_divergence, modes_covered

CENTRES, STD = ring_centres(8), 0.02


def test_true_samples_cover_every_mode_with_the_known_fraction():
    points, _ = points_around(CENTRES, STD, 20_000, seed=0)
    assert modes_covered(points, CENTRES, STD).value == 8
    assert high_quality_fraction(points, CENTRES, STD).value == pytest.approx(1 - math.exp(-4.5), abs=0.003)


@pytest.mark.parametrize("found", [[0], [1, 4], [0, 2, 3, 7]])
def test_a_collapsed_generator_covers_what_it_visits(found):
    points, _ = points_around(CENTRES[found], STD, 1000, seed=0)
    assert modes_covered(points, CENTRES, STD).value == len(found)
    assert high_quality_fraction(points, CENTRES, STD).value > 0.97


def test_points_between_the_modes_count_for_nothing():
    between = (CENTRES + CENTRES.roll(1, 0)) / 2
    assert modes_covered(between, CENTRES, STD).value == 0
    assert high_quality_fraction(between, CENTRES, STD).value == 0


def test_three_deviations_are_the_border_and_least_the_count():
    points = CENTRES[:1] + torch.tensor([[0.0, 0.0], [2.9 * STD, 0.0], [3.1 * STD, 0.0]])
    assert high_quality_fraction(points, CENTRES, STD).value == pytest.approx(2 / 3)
    assert modes_covered(points, CENTRES, STD, least=2).value == 1
    assert modes_covered(points, CENTRES, STD, least=3).value == 0


def test_mode_divergence_of_an_even_spread_is_zero_and_of_a_single_mode_log_8():
    assert mode_divergence(CENTRES.repeat(5, 1), CENTRES).value == pytest.approx(0, abs=1e-12)
    assert mode_divergence(CENTRES[:1].repeat(9, 1), CENTRES).value == pytest.approx(math.log(8))
    halves = torch.cat([CENTRES[:1], CENTRES[4:5]]).repeat(10, 1)
    assert mode_divergence(halves, CENTRES).value == pytest.approx(math.log(4))


def test_circumstances():
    result = modes_covered(torch.zeros(10, 2), CENTRES, STD, seed=4)
    assert (result.n, result.split, result.judge, result.seed) == (10, "generated", None, 4)
