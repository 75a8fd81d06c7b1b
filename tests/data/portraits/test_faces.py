"""Faces: fixed attributes are fixed, nothing else moves with them, and parts of a world share nobody."""

import pytest

from labkit.data.portraits import ATTRIBUTES, STYLES, credit, faces
from labkit.errors import LabError


def test_attributes_are_labels_and_fixed_ones_are_fixed():
    people = faces(200, seed=1, part=0, fixed={"hair_colour": 3, "mouth": (0, 1)})
    assert {face.hair_colour for face in people} == {3}
    assert {face.mouth for face in people} == {0, 1}
    for name, values in ATTRIBUTES.items():
        assert {getattr(face, name) for face in people} <= set(range(len(values)))


def test_grey_hair_is_for_those_who_ask_for_it():
    assert {face.hair_colour for face in faces(300, 1, 0)} == {0, 1, 2, 3}
    assert {face.hair_colour for face in faces(50, 1, 0, {"hair_colour": 4})} == {4}


def test_fixing_one_attribute_leaves_the_others():
    free, fixed = faces(50, 2, 0), faces(50, 2, 0, {"glasses": 1})
    assert [face.changed(glasses=1) for face in free] == fixed


def test_the_same_seed_gives_the_same_faces_and_more_of_them_begin_alike():
    assert faces(20, 5, 1) == faces(30, 5, 1)[:20]
    assert faces(20, 5, 1) != faces(20, 5, 2)
    assert faces(20, 5, 1) != faces(20, 6, 1)


def test_about_a_quarter_wear_glasses():
    share = sum(face.glasses for face in faces(2000, 3, 0)) / 2000
    assert share == pytest.approx(0.25, abs=0.04)


def test_every_style_has_a_free_licence_and_says_whose_it_is():
    for name in STYLES:
        assert credit(name).startswith("Faces: a remix of “") and "http" in credit(name)
    assert "Pablo Stanley" in credit("avataaars") and "CC BY 4.0" in credit("micah")


def test_a_style_with_another_licence_is_refused():
    with pytest.raises(LabError, match="icons is under 'MIT'; only CC0, CC BY or free commercial use"):
        credit("icons")


def test_changing_an_attribute_changes_no_other_option():
    (face,) = faces(1, 4, 0, {"glasses": 0, "beard": 0})
    for style in STYLES.values():
        before, after = style.options(face), style.options(face.changed(glasses=1))
        assert [key for key in before if before[key] != after[key]] in (
            ["accessoriesProbability"],
            ["glassesProbability"],
        )
        assert style.person(face) == style.person(face.changed(hair_colour=4, beard=1, mouth=1 - face.mouth))
        assert style.person(face) != style.person(face.changed(skin=(face.skin + 1) % 5))
