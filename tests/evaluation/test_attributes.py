"""The measures of portraits on translators whose answer is known."""

from pathlib import Path

import pytest
import torch
from known_translator import Known

from labkit.data import load
from labkit.errors import LabError
from labkit.evaluation import MEASURES, attributes, fitting, measure
from labkit.runs import RunSpec
from labkit.runs.run import Run

SMALL = {"size": 64, "n_train": 30, "n_test": 40}


@pytest.fixture(scope="module", autouse=True)
def one_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module", params=["hair_colour", "glasses"])
def pair(request):
    return load("portraits", {"attribute": request.param, **SMALL})


def known(dataset, there, back=lambda y: y):
    run = Run(RunSpec("cut", "portraits", 1, 1, seed=4), Path("none"), Known(there, back), None)
    run.__dict__["dataset"] = dataset
    return run


def values(run, *names):
    return [found.value for found in measure(run, list(names)).values()]


FOUR = ("attribute_reached", "attributes_kept", "error_inside", "error_outside")


def test_a_copy_keeps_everything_and_reaches_nothing(pair):
    run = known(pair, lambda x: x)
    reached, kept, inside, outside = values(run, *FOUR)
    assert reached <= 0.05 and kept >= 0.97
    assert inside > 0.2 and outside < 0.01
    assert values(run, *(f"{name}_copy" for name in FOUR)) == [reached, kept, inside, outside]


def test_the_true_partner_reaches_and_keeps_everything(pair):
    run = known(pair, lambda x: pair.truth["A", "B"])
    reached, kept, inside, outside = values(run, *FOUR)
    assert reached >= 0.97 and kept >= 0.97
    assert (inside, outside) == (0, 0)
    assert values(run, *(f"{name}_truth" for name in FOUR)) == [reached, kept, inside, outside]


def test_one_and_the_same_blond_reaches_the_attribute_and_loses_the_person():
    pair = load("portraits", SMALL)
    someone = pair.train["B"].images[:1]
    run = known(pair, lambda x: someone.expand_as(x))
    reached, kept, _, outside = values(run, *FOUR)
    assert reached == 1
    assert 0.3 < kept < 0.8
    assert outside > 0.1


def test_paint_everywhere_errs_outside():
    pair = load("portraits", SMALL)
    painted = known(pair, lambda x: pair.truth["A", "B"] * 0.7 + 0.3)
    assert values(painted, "error_outside")[0] == pytest.approx(values(painted, "error_inside")[0], abs=0.2)
    assert values(painted, "error_outside")[0] > 0.05


def test_recolouring_matches_the_moments_of_b_and_no_more():
    pair = load("portraits", SMALL)
    run = known(pair, lambda x: x)
    painted, wanted = attributes.recoloured(run, "A", "B"), pair.train["B"].images
    assert torch.allclose(painted.mean((0, 2, 3)), wanted.mean((0, 2, 3)), atol=0.02)
    reached, inside = values(run, "attribute_reached_recoloured", "error_inside_recoloured")
    assert reached < 0.9
    assert inside > 0.2


def test_the_way_back_and_tones_of_skin(pair):
    run = known(pair, lambda x: x, lambda y: pair.truth["B", "A"])
    assert values(run, "attribute_reached_back", "error_inside_back") == [1, 0]
    skin = pair.truth["A", "skin"]
    light_alone = skin[:, None, None, None] == 4
    half = known(pair, lambda x: torch.where(light_alone, pair.truth["A", "B"], x))
    assert values(half, "attribute_reached_tone_4")[0] >= 0.9 and values(half, "attribute_reached_tone_1")[0] <= 0.1
    light, worst = measure(half, ["attribute_reached_tone_4", "attribute_reached_worst_tone"]).values()
    assert light.n == int((skin == 4).sum()) and worst.value <= 0.1
    assert worst.name == "attribute reached, worst tone" and worst.judge == "portraits" and worst.seed == 4


def test_styles_are_an_attribute_and_a_drawing_has_only_what_it_shows():
    styles = load("portraits_styles", SMALL)
    run = known(styles, lambda x: styles.truth["A", "B"])
    assert attributes.attributes_of(run) == (["style"], ["skin", "hair_colour", "glasses", "beard", "mouth"])
    assert values(run, "attribute_reached", "attribute_reached_copy") == [1, 0]
    drawing = load("portraits_drawing", SMALL)
    run = known(drawing, lambda x: drawing.truth["A", "B"])
    assert attributes.attributes_of(run) == ([], ["glasses", "beard", "mouth"])
    assert values(run, "attributes_kept")[0] >= 0.97
    with pytest.raises(LabError, match="differ in no attribute"):
        measure(run, ["attribute_reached"])


def test_every_pair_of_many_domains_can_be_measured():
    many = load("portraits_many", {"hair": ["black", "grey"], **SMALL})
    run = known(many, lambda x: x)
    found = attributes.attribute_reached(run, attributes.true_partners, "grey", "black")
    assert found.value >= 0.95 and found.n == 40


def test_what_fits_is_measured_and_what_does_not_is_refused(pair):
    run = known(pair, lambda x: x)
    names = fitting(run)
    assert {"attribute_reached", "attributes_kept_truth", "error_outside", "truth_error"} <= set(names) <= set(MEASURES)
    with pytest.raises(LabError, match="no test picture shows skin of tone 9"):
        attributes.attribute_reached(run, tone=9)
    digits = load("grained_to_flat", {"n_train": 4, "n_test": 4})
    assert attributes.fitting(known(digits, lambda x: x)) == []
    with pytest.raises(LabError, match="are no portraits"):
        attributes.attribute_reached(known(digits, lambda x: x))
