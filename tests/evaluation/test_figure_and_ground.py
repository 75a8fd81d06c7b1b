"""Figure, ground and coats, on translators whose answer is known."""

import pytest
import torch
from known_translator import Known, known_run

from labkit.data import load
from labkit.evaluation import figure_and_ground


@pytest.fixture(scope="module")
def horses():
    return load("figure_on_ground", {"size": 32, "n_train": 4, "n_test": 12, "coats": ["brown", "white"]})


def known(dataset, there, back=lambda y: y):
    run = known_run(Known(there, back), dataset.test["A"], dataset.test["B"])
    run.dataset.truth.update(dataset.truth)
    return run


def test_the_true_partner_puts_the_figure_where_it_is(horses):
    run = known(horses, lambda x: horses.truth["A", "B"])
    assert figure_and_ground.figure_iou(run).value > 0.65
    assert figure_and_ground.figure_found(run).value == 1
    assert figure_and_ground.figure_painted(run).value > 0.7 and figure_and_ground.ground_kept(run).value > 0.95


def test_anothers_partner_and_a_bare_ground_do_not(horses):
    other = figure_and_ground.figure_iou(known(horses, lambda x: horses.truth["A", "B"].roll(1, 0)))
    assert other.value < 0.6
    assert figure_and_ground.figure_found(known(horses, lambda x: horses.truth["A", "B"].roll(1, 0))).value == 0
    bare = known(horses, lambda x: torch.tensor([0.3, 0.1, -0.3])[:, None, None].expand_as(x))
    assert figure_and_ground.figure_iou(bare).value == 0
    assert (figure_and_ground.figure_painted(bare).value, figure_and_ground.ground_kept(bare).value) == (0, 1)
    stripes_everywhere = known(horses, lambda x: torch.zeros_like(x))
    assert figure_and_ground.figure_painted(stripes_everywhere).value == 1
    assert figure_and_ground.ground_kept(stripes_everywhere).value == 0


def test_a_figure_is_readable_in_any_colours_and_not_in_a_picture_of_another(horses):
    brown = load("figure_on_ground", {"size": 32, "n_train": 4, "n_test": 24})
    faded = figure_and_ground.figure_readable(known(brown, lambda x: 0.1 * x.flip(1)))
    other = figure_and_ground.figure_readable(known(brown, lambda x: brown.truth["A", "B"].roll(1, 0)))
    assert faded.value > 0.9 and faded.seed == 4
    assert other.value < faded.value - 0.1


def test_the_true_zebra_says_nothing_of_the_coat_and_a_copy_says_all(horses):
    copy = known(horses, lambda x: x, lambda y: y)
    assert figure_and_ground.coat_brightness(copy).value == 1
    truth = known(horses, lambda x: horses.truth["A", "B"], lambda y: y)
    assert 0.1 < figure_and_ground.coat_brightness(truth).value < 0.9
    assert figure_and_ground.coat_from_truth(truth).value < 0.9


def test_a_coat_comes_home_or_does_not(horses):
    home = known(horses, lambda x: x, lambda y: y)
    assert figure_and_ground.coat_recovered(home).value == 1
    assert figure_and_ground.coat_recovered_disturbed(home).value == 1
    white = horses.test["A"].images[horses.test["A"].labels == 1][:1]
    always_white = known(horses, lambda x: x, lambda y: white.expand_as(y) * 0 + 0.9)
    assert figure_and_ground.coat_recovered(always_white).value == (horses.test["A"].labels == 1).float().mean().item()
    # a coat that is kept in the last bit is lost with it
    hidden = known(horses, lambda x: 1e-3 * x + 0.002, lambda y: 1e3 * (y - 0.002))
    assert figure_and_ground.coat_recovered(hidden).value == 1
    assert figure_and_ground.coat_recovered_disturbed(hidden).value < 0.9


def test_a_saddle_is_seen_where_there_is_one_and_not_where_there_is_none(horses):
    saddled = load("figure_on_ground", {"size": 32, "n_train": 12, "n_test": 12, "saddled": True}).train["B"].images
    assert figure_and_ground.saddle_invented(known(horses, lambda x: saddled)).value > 0.8
    clean = known(horses, lambda x: horses.truth["A", "B"])
    assert figure_and_ground.saddle_invented(clean).value == figure_and_ground.saddle_invented_copy(clean).value == 0
