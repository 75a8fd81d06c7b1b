"""What lesson 07 states as theory."""

import math

import pytest
import torch
from torch import nn

from labkit.losses.contrastive import patch_nce
from labkit.nets.blocks import BlurPool
from labkit.nets.generators import ResnetGenerator
from labkit.systems.cut import CUT, CUTSettings


def field(layers):
    """The lesson's walk back through kernels and strides."""
    r = 1
    for layer in reversed([module for stage in layers for module in stage.modules()]):
        if isinstance(layer, nn.Conv2d):
            r = (r - 1) * layer.stride[0] + layer.kernel_size[0]
        elif isinstance(layer, BlurPool):
            r = (r - 1) * 2 + 3
    return r


@pytest.mark.parametrize(
    ("antialias", "taps", "fields"),
    [
        (True, (0, 4, 8, 12, 16), [1, 9, 15, 35, 99]),
        (False, (0, 4, 7, 10, 14), [1, 9, 13, 29, 93]),
        (False, (0, 4, 8, 12, 16), [1, 9, 13, 61, 125]),  # the official code's numbers, with strided networks
    ],
)
def test_the_walk_gives_the_receptive_fields_that_the_lesson_names(antialias, taps, fields):
    with torch.device("meta"):
        generator = ResnetGenerator(antialias=antialias)
    assert [field(generator.layers[: tap + 1]) for tap in taps] == fields


def test_the_lessons_numbers_by_hand():
    query = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    key = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    rows = [[1.0, 0.6, 0.0], [0.0, 0.8, 1.0], [0.6, 1.0, 0.8]]
    by_hand = sum(math.log(sum(math.exp(s / 0.5) for s in row)) - row[i] / 0.5 for i, row in enumerate(rows)) / 3
    assert patch_nce(query[None], key[None], tau=0.5).item() == pytest.approx(by_hand, abs=1e-6)


def test_a_wall_of_equal_bricks_costs_the_log_of_their_number():
    bricks = torch.ones(1, 64, 8) / math.sqrt(8)
    assert patch_nce(bricks, bricks).item() == pytest.approx(math.log(64), abs=1e-5)


def test_the_score_of_minus_ten_weighs_nothing():
    assert -10 / CUTSettings().tau == pytest.approx(-143, abs=1)
    assert math.exp(-143) < 1e-60


def test_the_heads_cost_the_same_at_any_size_of_image():
    """Their input is 256 places, however large the map is."""
    with torch.device("meta"):
        system = CUT()
        for size in (64, 256):
            out = system({key: torch.empty(1, 3, size, size) for key in "AB"}, frozenset({"G", "F"}))
            assert {tuple(out[f"query_{i}"].shape[:2]) for i in range(5)} == {(2, 256)}
