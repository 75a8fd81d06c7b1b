"""Translations beside their true partners."""

import pytest
import torch
from known_translator import Known, known_run

from labkit.data.recipes.rendered import MAP_COLOURS
from labkit.evaluation import measure, truth


@pytest.fixture
def images():
    return torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_retrieval_counts_own_partners(images):
    aligned = known_run(Known(lambda x: -0.5 * x), images, A_B=-images)
    assert truth.truth_retrieval(aligned).value == 1
    shuffled = known_run(Known(lambda x: -x.roll(1, 0)), images, A_B=-images)
    assert truth.truth_retrieval(shuffled).value == 0


def test_the_paired_rank_asks_for_ones_own_partner():
    noise = torch.rand(20, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    right = known_run(Known(lambda x: -x), noise, -noise, A_B=-noise)
    values = measure(right, ["paired_rank", "paired_rank_copy", "truth_error_copy"])
    assert values["paired_rank"].value == 1
    assert values["truth_error_copy"].value == pytest.approx(2 * noise.abs().mean().item(), rel=1e-5)
    wrong = known_run(Known(lambda x: -x.roll(1, 0)), noise, -noise, A_B=-noise)
    assert truth.paired_rank(wrong).value < 0.3


def test_map_accuracy_counts_colours():
    land = torch.randint(6, (2, 1, 8, 8), generator=torch.Generator().manual_seed(0))
    true = MAP_COLOURS[land[:, 0]].permute(0, 3, 1, 2) * 2 - 1
    run = known_run(Known(lambda x: x.flip(0)), true.flip(0), A_land=land.float())
    assert truth.map_accuracy(run).value == 1
    assert truth.map_copy(run).value < 0.5


def test_renamed_maps_are_right_after_the_best_renaming_and_one_colour_has_its_share():
    land = torch.randint(6, (2, 1, 8, 8), generator=torch.Generator().manual_seed(0))
    renamed = MAP_COLOURS[(land[:, 0] + 2) % 6].permute(0, 3, 1, 2) * 2 - 1
    run = known_run(Known(lambda x: x), renamed, A_land=land.float())
    assert truth.map_accuracy(run).value == 0
    assert truth.map_accuracy_renamed(run).value == 1
    assert truth.map_one_colour(run).value == pytest.approx(land.flatten().bincount().max().item() / land.numel())
