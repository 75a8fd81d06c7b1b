"""Portraits: nothing in training is paired, and the truth is the same person with one attribute changed."""

from itertools import repeat

import pytest
import torch

from labkit import data
from labkit.data.portraits import ATTRIBUTES, STYLES, faces
from labkit.data.recipes import portraits as module
from labkit.data.recipes.portraits import PAIRS, needed_change, portraits, strangers
from labkit.errors import LabError

SMALL = {"size": 32, "n_train": 40, "n_test": 12}


@pytest.fixture(scope="module", autouse=True)
def one_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module", params=PAIRS)
def pair(request):
    return request.param, portraits(request.param, **SMALL)


def test_only_the_attribute_differs_between_a_test_picture_and_its_truth(pair):
    attribute, dataset = pair
    name = "hair_colour" if attribute == "grey" else attribute
    for other in ATTRIBUTES:
        same = torch.equal(dataset.truth["A", other], dataset.truth["B", other])
        assert same == (other != name)


def test_the_truth_is_the_source_outside_the_mask_of_needed_change(pair):
    _, dataset = pair
    source, truth, mask = dataset.test["A"].images, dataset.truth["A", "B"], dataset.truth["A", "mask"]
    assert torch.equal(truth, dataset.test["B"].images)
    assert torch.equal(dataset.truth["B", "A"], source)
    assert ((source - truth).abs() * (1 - mask)).max() <= module.LEAST_CHANGE
    assert (mask.sum((1, 2, 3)) > 0).all() and mask.mean() < 0.5


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("attribute", PAIRS)
def test_no_training_picture_has_its_partner_in_the_other_domain(attribute, style):
    """What would draw the partner of each training picture is looked for in the other domain, at the usual sizes."""
    in_A, in_B = PAIRS[attribute]
    options = STYLES[style].options
    test, train_A, train_B = strangers([(200, in_A), (1500, in_A), (1500, in_B)], [style], seed=0)
    assert [len(group) for group in (test, train_A, train_B)] == [200, 1500, 1500]

    def partners(group, fixed):
        ((name, values),) = fixed.items()
        values = (values,) if isinstance(values, int) else values
        return {str(options(face.changed(**{name: value}))) for face in group for value in values}

    assert not partners(train_A, in_B) & partners(train_B, in_B)
    assert not partners(train_B, in_A) & partners(train_A, in_A)
    assert not partners(test, in_A) & partners(train_A, in_A)
    assert not partners(test, in_B) & partners(train_B, in_B)


def test_people_drawn_without_care_would_meet():
    """The test above can fail: of faces drawn at random some are in both domains."""
    A, B = ({STYLES["micah"].person(face) for face in faces(1500, 0, part)} for part in (1, 2))
    assert len(A & B) > 5


def test_two_styles_share_nobody_in_either():
    styles = ("avataaars", "micah")
    groups = strangers([(50, {}), (1500, {}), (1500, {})], styles, seed=0)
    for style in styles:
        test, A, B = ({STYLES[style].person(face) for face in group} for group in groups)
        assert not (A & B or A & test or B & test)


def test_more_training_pictures_leave_the_test_people():
    few, many = (strangers([(20, {}), (n, {})], ["avataaars"], seed=3) for n in (10, 400))
    assert few[0] == many[0] and few[1] == many[1][:10]


def test_more_people_than_a_style_can_draw_are_refused(monkeypatch):
    monkeypatch.setattr(module, "people", lambda *_: repeat(faces(1, 0)[0]))
    with pytest.raises(LabError, match="micah cannot draw so many different people"):
        strangers([(1, {}), (1, {})], ["micah"], seed=0)


def test_a_drawing_is_black_lines_on_white_and_its_portrait_has_colours():
    dataset = data.load("portraits_drawing", SMALL)
    lines, coloured = dataset.test["A"].images, dataset.test["B"].images
    assert set(lines.unique().tolist()) == {-1.0, 1.0}
    assert 0.03 < (lines == -1).float().mean() < 0.35
    assert coloured.std(1).mean() > 0.05
    assert ("B", "skin") in dataset.truth and ("A", "skin") not in dataset.truth
    assert torch.equal(dataset.truth["A", "beard"], dataset.truth["B", "beard"])


def test_two_styles_draw_the_same_people():
    dataset = data.load("portraits_styles", SMALL)
    assert torch.equal(dataset.truth["A", "skin"], dataset.truth["B", "skin"])
    assert (dataset.truth["A", "style"] == 0).all() and (dataset.truth["B", "style"] == 1).all()
    assert (dataset.test["A"].images - dataset.test["B"].images).abs().mean() > 0.1
    with pytest.raises(LabError, match="name two styles, found micah"):
        data.load("portraits_styles", {"styles": ["micah"], **SMALL})


def test_many_domains_know_every_translation():
    dataset = data.load("portraits_many", SMALL)
    assert list(dataset.train) == list(dataset.test) == ["black", "brown", "blond", "grey"]
    for src in dataset.test:
        for dst in set(dataset.test) - {src}:
            assert torch.equal(dataset.truth[src, dst], dataset.test[dst].images)
    assert not torch.equal(dataset.test["black"].images, dataset.test["grey"].images)


def test_people_are_one_domain_with_every_value_equally_frequent():
    dataset = data.load("portraits_people", {**SMALL, "n_test": 120, "labels": "glasses"})
    assert list(dataset.train) == list(dataset.test) == ["real"]
    assert torch.equal(dataset.test["real"].labels, dataset.truth["real", "glasses"])
    assert not any(
        torch.equal(one, other) for one in dataset.test["real"].images for other in dataset.train["real"].images
    )
    for name, values in ATTRIBUTES.items():
        counts = dataset.truth["real", name].bincount(minlength=len(values))[: 4 if name == "hair_colour" else None]
        assert counts.sum() == 120 and counts.min() > 0.6 * 120 / len(counts)


def test_several_labels_at_once_and_the_truth_of_every_change():
    dataset = data.load("portraits_attributes", {**SMALL, "n_mouth": 20})
    people, again = dataset.train["A"], dataset.train["B"]
    assert people.labels.shape == (40, 5) and (people.labels[:, :3].sum(1) == 1).all()
    assert 0.3 < people.labels[:, 3:].float().mean() < 0.7
    assert again.labels.shape == (20,) and again.labels.unique().tolist() == [0, 1]
    assert torch.equal(dataset.test["A"].images, dataset.test["B"].images)
    colour = dataset.truth["A", "hair_colour"]
    assert torch.equal(dataset.test["A"].labels[:, 1] == 1, colour == ATTRIBUTES["hair_colour"].index("blond"))
    changed = [dst for src, dst in dataset.truth if src == "A" and dst.startswith("other ")]
    assert len(changed) == 8 and module.change("hair_colour", "glasses", "beard") in changed
    for dst in changed:
        asked = set(dst.removeprefix("other ").split("+"))
        for name in ATTRIBUTES:
            same = dataset.truth["A", name] == dataset.truth[dst, name]
            assert not same.any() if name in asked else same.all()
        assert (dataset.truth["A", dst] - dataset.test["A"].images).abs().amax((1, 2, 3)).min() > 0.1
    assert set(dataset.truth["other hair_colour", "hair_colour"].tolist()) <= {0, 1, 3}
    assert list(data.load("portraits_attributes", SMALL).train) == ["A"]


def test_nobody_with_several_labels_is_in_two_sets():
    dataset = data.load("portraits_attributes", {**SMALL, "n_mouth": 20})
    shown = [dataset.train["A"].images, dataset.train["B"].images, dataset.test["A"].images]
    for i, one in enumerate(shown):
        for other in shown[i + 1 :]:
            assert not any(torch.equal(x, y) for x in one for y in other)


def test_domains_carry_labels_for_those_who_ask():
    assert data.load("portraits", SMALL).train["A"].labels is None
    labelled = data.load("portraits", {"labels": "skin", **SMALL})
    assert torch.equal(labelled.test["A"].labels, labelled.truth["A", "skin"])
    assert labelled.train["B"].labels.unique().tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("recipe", "settings", "message"),
    [
        ("portraits", {"attribute": "hat"}, "no pair for 'hat'"),
        ("portraits", {"style": "rembrandt"}, "no drawing style 'rembrandt'"),
        ("portraits", {"n_test": 0}, "n_train and n_test must be at least 1"),
        ("portraits", {"size": 50}, "drawn at 32, 48, 64, 128 px, not at 50"),
        ("portraits", {"labels": "age"}, "no attribute 'age'"),
        ("portraits_many", {"hair": ["black", "green"]}, "no hair colour 'green'"),
        ("portraits_attributes", {"attributes": ["black", "blond", "hat"]}, "no label 'hat'"),
        ("portraits_attributes", {"attributes": ["blond", "beard"]}, "no colour of hair or at least two"),
        ("portraits_attributes", {"attributes": []}, "at least one label"),
    ],
)
def test_what_is_unknown_is_refused(recipe, settings, message):
    with pytest.raises(LabError, match=message):
        data.load(recipe, {**SMALL, **settings})


def test_needed_change_ignores_what_no_eye_sees():
    one = torch.zeros(1, 3, 4, 4)
    other = one.clone()
    other[0, 0, 0, 0], other[0, 1, 1, 1] = 0.5, 2 / 127.5
    assert needed_change(one, other).sum() == 1
