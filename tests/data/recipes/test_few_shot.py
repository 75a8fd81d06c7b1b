"""Few-shot data: what training sees and what it never sees, nested source classes, truth, folders and lists."""

import pytest
import torch
from PIL import Image

from labkit.data.recipes.few_shot import (
    SOURCE_CLASSES,
    UNSEEN_FONTS,
    UNSEEN_INKS,
    few_shot_folders,
    folder_class_images,
    glyph_class_images,
    glyph_class_styles,
    glyph_classes,
)
from labkit.data.recipes.glyphs import DIGITS, draw
from labkit.data.unpaired import UnpairedBatches
from labkit.errors import LabError

SMALL = {"n_source": 12, "n_train": 60, "n_target": 4, "n_test": 5, "per_target": 3, "size": 16}


def test_targets_have_an_unseen_font_or_an_unseen_ink_and_sources_neither():
    looks = glyph_class_styles(n_target=9)
    assert len(looks) == len(set(looks)) == SOURCE_CLASSES + 9 > 200
    source, by_font, by_ink = looks[:SOURCE_CLASSES], looks[SOURCE_CLASSES:][:5], looks[SOURCE_CLASSES:][5:]
    assert not any(look.font in UNSEEN_FONTS or look.ink in UNSEEN_INKS for look in source)
    assert all(look.font in UNSEEN_FONTS and look.ink not in UNSEEN_INKS for look in by_font)
    assert all(look.font not in UNSEEN_FONTS and look.ink in UNSEEN_INKS for look in by_ink)
    for knob in ("font", "weight", "slant", "texture", "ink", "paper"):
        assert len({getattr(look, knob) for look in source}) > 2
    assert looks == glyph_class_styles(n_target=9) != glyph_class_styles(n_target=9, seed=1)


def test_training_is_one_labelled_set_in_two_orders():
    dataset = glyph_classes(**SMALL)
    assert dataset.train["A"] is dataset.train["B"]
    assert dataset.train["A"].labels.bincount().tolist() == [5] * 12
    batch = UnpairedBatches(dataset.train, 30, seed=0, labels=["A", "B"]).batch(0)
    assert not torch.equal(batch["A_label"], batch["B_label"])
    looks, label = glyph_class_styles(4), int(batch["B_label"][0])
    paper = draw("A", looks, torch.tensor([0]), torch.tensor([label]), 16, 3).images[0, :, 0, 0]
    assert torch.equal(batch["B"][0, :, 0, 0], paper)  # the label is that of the image: on the paper of its class


def test_the_targets_are_never_trained_on_and_stay_the_same_for_any_number_of_sources():
    few, many = glyph_classes(**SMALL), glyph_classes(**SMALL | {"n_source": 30})
    for dataset in (few, many):
        assert dataset.test["B"].labels.bincount()[SOURCE_CLASSES:].tolist() == [3] * 4
        assert dataset.train["A"].labels.max() < SOURCE_CLASSES
    assert few.truth.keys() == many.truth.keys()
    assert all(torch.equal(few.truth[key], many.truth[key]) for key in few.truth)
    assert torch.equal(few.test["A"].images, many.test["A"].images)
    assert len(few.train["A"]) == len(many.train["A"]) == 60


def test_the_truth_is_the_content_in_the_style_of_the_target():
    dataset, looks = glyph_classes(**SMALL, chars=DIGITS), glyph_class_styles(4)
    characters, contents = dataset.truth["A", "character"], dataset.test["A"]
    for label in (SOURCE_CLASSES, SOURCE_CLASSES + 3):
        truth = dataset.truth["A", str(label)]
        again = draw(DIGITS, looks, characters, torch.full((5,), label), 16, 3, 1.0, seed=2).images
        assert torch.equal(truth, again)
    own = draw(DIGITS, looks, characters, contents.labels, 16, 3, 1.0, seed=2).images
    assert torch.equal(contents.images, own)  # the same poses
    trained = {image.numpy().tobytes() for image in dataset.train["A"].images}
    assert not any(image.numpy().tobytes() in trained for image in contents.images)


def test_the_judges_images_are_others_and_cover_what_their_kind_says():
    dataset, knobs = glyph_classes(**SMALL), {"n_target": 4, "size": 16, "n_train": 408, "n_test": 204}
    everything, target, character = (glyph_class_images(kind, **knobs) for kind in ("all", "target", "character"))
    assert everything.train["real"].labels.bincount().tolist() == [2] * 204
    assert target.train["real"].labels.bincount().tolist() == [102] * 4
    assert character.train["real"].labels.bincount().tolist() == [17] * 24
    shown = {image.numpy().tobytes() for part in dataset.test.values() for image in part.images}
    for part in (everything.train, everything.test, target.train):
        assert not any(image.numpy().tobytes() in shown for image in part["real"].images)


@pytest.mark.parametrize("wrong", [{"n_source": 0}, {"n_source": 201}, {"n_train": 5}, {"n_target": 2000}])
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(LabError, match="glyph_classes"):
        glyph_classes(**SMALL | wrong)


# -- folders -----------------------------------------------------------------------------------------------------------

NAMES = ("ash", "beech", "cedar", "elm", "oak")


@pytest.fixture
def trees(tmp_path):
    for shade, name in enumerate(NAMES):
        (tmp_path / "trees" / name).mkdir(parents=True)
        for i in range(6):
            Image.new("RGB", (20, 24), (40 * shade, 10 * i, 0)).save(tmp_path / "trees" / name / f"{i}.png")
    return tmp_path / "trees"


def classes(domain):
    return {(path.parent.name, label) for path, label in zip(domain.paths, domain.labels.tolist(), strict=True)}


def test_folders_hold_out_whole_classes_and_contents(trees):
    dataset = few_shot_folders(str(trees), size=16, unseen_classes=2, held_out=0.2)
    source, contents, targets = classes(dataset.train["A"]), classes(dataset.test["A"]), classes(dataset.test["B"])
    assert dataset.train["A"] is dataset.train["B"] and source == contents
    assert {label for _, label in source} == {0, 1, 2} and {label for _, label in targets} == {3, 4}
    assert {name for name, _ in source | targets} == set(NAMES) and len(source | targets) == 5
    assert not set(dataset.train["A"].paths) & set(dataset.test["A"].paths)
    assert (len(dataset.train["A"]), len(dataset.test["A"]), len(dataset.test["B"])) == (15, 3, 12)
    fewer = few_shot_folders(str(trees), size=16, unseen_classes=2, n_source=2)
    assert classes(fewer.train["A"]) < source and classes(fewer.test["B"]) == targets


def test_the_judge_s_labels_are_those_of_the_data_set(trees):
    dataset = few_shot_folders(str(trees), size=16, unseen_classes=2)
    known = classes(dataset.train["A"]) | classes(dataset.test["B"])
    everything, target = (folder_class_images(str(trees), kind, unseen_classes=2) for kind in ("all", "target"))
    assert classes(everything.train["real"]) == classes(everything.test["real"]) == known
    assert classes(target.train["real"]) == {(name, label - 3) for name, label in known if label >= 3}
    assert not set(everything.train["real"].paths) & set(everything.test["real"].paths)


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n")


def test_the_layout_of_animal_faces_with_its_lists(trees):
    write(trees.parent / "train.txt", *(f"{name}/{i}.png" for name in ("oak", "ash") for i in range(4)))
    write(trees / "test.txt", *(f"elm/{i}.png" for i in range(3)), "")
    dataset = few_shot_folders(str(trees), size=16, lists=["train.txt", "test.txt"], held_out=0.25)
    assert classes(dataset.train["A"]) == {("ash", 0), ("oak", 1)}
    assert classes(dataset.test["B"]) == {("elm", 2)} and len(dataset.test["B"]) == 3
    assert len(dataset.train["A"]) + len(dataset.test["A"]) == 8
    judged = folder_class_images(str(trees), lists=["train.txt", "test.txt"])
    assert classes(judged.train["real"]) == {("ash", 0), ("oak", 1), ("elm", 2)}


@pytest.mark.parametrize(
    ("lines", "hint"),
    [
        (["oak/0.png", "ash/1.png"], "class ash is in both"),
        (["oak/9.png"], "oak/9.png, which is not in"),
        (["../oak/0.png"], "not the path class/image"),
        (["0.png"], "not the path class/image"),
        ([""], "the list is empty"),
    ],
)
def test_a_list_that_cannot_be_used_is_named(trees, lines, hint):
    write(trees / "train.txt", "ash/0.png", "ash/1.png")
    write(trees / "test.txt", *lines)
    with pytest.raises(LabError, match=hint):
        few_shot_folders(str(trees), lists=["train.txt", "test.txt"])


def test_missing_lists_and_too_few_classes_are_named(trees):
    with pytest.raises(LabError, match="no such list"):
        few_shot_folders(str(trees), lists=["train.txt", "test.txt"])
    with pytest.raises(LabError, match="two files"):
        few_shot_folders(str(trees), lists=["train.txt"])
    for unseen in (0, 5):
        with pytest.raises(LabError, match="too few"):
            few_shot_folders(str(trees), unseen_classes=unseen)
    with pytest.raises(LabError, match="at most the 3"):
        few_shot_folders(str(trees), unseen_classes=2, n_source=4)
