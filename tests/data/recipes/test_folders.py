import numpy as np
import pytest
from PIL import Image

from labkit.data.recipes.folders import (
    class_folders,
    cyclegan_folders,
    emoji,
    photos_to_paintings,
    single_pair,
    two_folders,
)
from labkit.data.recipes.photos import crops
from labkit.errors import LabError


def fill(folder, n, shade=0, suffix="png"):
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(n):
        Image.new("RGB", (24, 20), (shade, 10 * i, 100)).save(folder / f"{i}.{suffix}")


def names(domain):
    return {path.name for path in domain.paths}


@pytest.fixture
def horses(tmp_path):
    for name, n in {"trainA": 6, "trainB": 9, "testA": 2, "testB": 3}.items():
        fill(tmp_path / "horses" / name, n, shade=200 * name.endswith("B"))
    return tmp_path / "horses"


def test_the_layout_of_cyclegan(horses):
    dataset = cyclegan_folders(str(horses), size=16, load_size=18)
    assert [len(dataset.train[key]) for key in "AB"] == [6, 9]
    assert [len(dataset.test[key]) for key in "AB"] == [2, 3]
    assert dataset.name == "horses"
    assert dataset.truth == {}
    assert dataset.train["A"].take([0], [1]).shape == (1, 3, 16, 16)
    assert dataset.test["B"].images[:, 0].min() > 0.5 > -0.5 > dataset.test["A"].images[:, 0].max()
    assert (dataset.train["A"].load_size, dataset.train["A"].flip) == (18, True)
    assert (dataset.test["A"].load_size, dataset.test["A"].flip) == (None, False)


def test_training_may_see_crops_and_tests_whole_pictures(horses):
    sizes = {"size": 8, "load_size": 16, "test_size": 12}
    folders = {key: str(horses / f"train{key}") for key in "AB"}
    for dataset in (cyclegan_folders(str(horses), **sizes), two_folders(**folders, **sizes)):
        for key in "AB":
            assert dataset.train[key].take([0], [1]).shape == (1, 3, 8, 8)
            assert dataset.test[key].images.shape[1:] == (3, 12, 12)
            assert dataset.test[key].load_size is None  # the whole picture, not a crop of it
    assert cyclegan_folders(str(horses), size=8, load_size=16).test["A"].size == 8


def test_without_test_folders_a_part_is_held_out(tmp_path):
    fill(tmp_path / "trainA", 20)
    fill(tmp_path / "trainB", 10)
    dataset, again, other = (cyclegan_folders(str(tmp_path), size=16, seed=seed) for seed in (0, 0, 1))
    for key, n in (("A", 20), ("B", 10)):
        assert len(dataset.test[key]) == n // 10
        assert not names(dataset.test[key]) & names(dataset.train[key])
        assert len(names(dataset.test[key]) | names(dataset.train[key])) == n
        assert names(dataset.test[key]) == names(again.test[key])
    assert names(dataset.test["A"]) != names(other.test["A"])


def test_any_two_folders_and_a_single_image(tmp_path):
    fill(tmp_path / "cats", 11)
    fill(tmp_path / "one_dog", 1, suffix="jpg")
    dataset = two_folders(str(tmp_path / "cats"), str(tmp_path / "one_dog"), size=16, held_out=0.2)
    assert (len(dataset.train["A"]), len(dataset.test["A"])) == (9, 2)
    assert names(dataset.train["B"]) == names(dataset.test["B"]) == {"0.jpg"}
    assert dataset.name == "cats_to_one_dog"


def test_paintings_are_learnt_from_a_set_and_tested_on_photographs_of_known_terms(horses):
    dataset = photos_to_paintings(str(horses), size=16, load_size=20, test_size=24, n_test=2, shown=("temple", "cat"))
    assert names(dataset.train["A"]) == names(cyclegan_folders(str(horses), size=16).train["B"])
    assert names(dataset.train["B"]) == names(cyclegan_folders(str(horses), size=16).train["A"])
    assert dataset.train["A"].take([0], [1]).shape == (1, 3, 16, 16)
    temple_and_cat = crops(("temple", "cat"), 2, 24, zoom=1.6)[0]
    assert (dataset.test["A"].images == temple_and_cat).all()
    assert dataset.test["B"].images.shape[1:] == (3, 24, 24)
    assert {path.parent.name for path in dataset.test["B"].paths} == {"testA"}
    own = cyclegan_folders(str(horses), size=24).test["B"].images
    assert (dataset.truth["A", "unshown"] == own).all()


def test_a_single_pair_is_trained_on_crops_and_tested_whole(tmp_path):
    for key in "AB":
        fill(tmp_path / "pair" / f"train{key}", 1, shade=200 * (key == "B"))
    dataset = single_pair(str(tmp_path / "pair"), size=8, load_size=20, zoom=0.5)
    assert dataset.train["A"].take([0, 0], [1, 2]).shape == (2, 3, 8, 8)
    assert [dataset.test[key].images.shape for key in "AB"] == [(1, 3, 20, 20)] * 2
    assert dataset.train["B"].paths == dataset.test["B"].paths and dataset.name == "pair"
    fill(tmp_path / "pair" / "trainB", 2)
    with pytest.raises(LabError, match="trainB: there are 2 images"):
        single_pair(str(tmp_path / "pair"), size=8, load_size=20, zoom=0.5)


def test_class_folders_hold_out_images_or_whole_classes(tmp_path):
    for i, name in enumerate(("ash", "beech", "cedar", "oak")):
        fill(tmp_path / name, 10, shade=50 * i)
    by_image = class_folders(str(tmp_path), size=16, held_out=0.2)
    assert by_image.train["real"].labels.bincount().tolist() == [8] * 4
    assert by_image.test["real"].labels.bincount().tolist() == [2] * 4
    by_class = class_folders(str(tmp_path), size=16, unseen_classes=1)
    seen, unseen = (set(part["real"].labels.tolist()) for part in (by_class.train, by_class.test))
    assert (len(seen), len(unseen), seen & unseen) == (3, 1, set())
    for domain in (by_image.train["real"], by_class.test["real"]):
        for path, label in zip(domain.paths, domain.labels.tolist(), strict=True):
            assert path.parent.name == ("ash", "beech", "cedar", "oak")[label]


@pytest.fixture
def styles(tmp_path):
    for i, style in enumerate("ABC"):
        fill(tmp_path / f"train{style}", 12, shade=80 * i)
        fill(tmp_path / f"test{style}", 4, shade=80 * i)
    return tmp_path


@pytest.mark.parametrize("domains", ["AB", "ABC", "CA"])
def test_no_emoji_is_trained_on_in_two_styles(styles, domains):
    dataset = emoji(str(styles), domains, size=16)
    shown = [names(dataset.train[key]) for key in domains]
    assert sum(map(len, shown)) == len(set().union(*shown)) == 12
    assert max(map(len, shown)) - min(map(len, shown)) <= 1
    for a in domains:
        for b in domains:
            if a != b:
                assert (dataset.truth[a, b] == dataset.test[b].images).all()
    assert [path.name for path in dataset.test["A"].paths] == ["0.png", "1.png", "2.png", "3.png"]


def test_a_domain_may_take_the_style_of_another_name(styles):
    dataset, own = emoji(str(styles), "AB", styles="AC", size=16), emoji(str(styles), "AC", size=16)
    assert (dataset.train["B"].images == own.train["C"].images).all()
    assert (dataset.truth["A", "B"] == own.truth["A", "C"]).all()


def test_test_emoji_without_partners_are_refused(styles):
    (styles / "testB" / "0.png").unlink()
    with pytest.raises(LabError, match="same file names"):
        emoji(str(styles))


# -- what cannot be used is named --------------------------------------------------------------------------------------


def test_missing_and_empty_folders_are_named(tmp_path, horses):
    with pytest.raises(LabError, match="nowhere"):
        two_folders(str(tmp_path / "nowhere"), str(horses / "trainA"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(LabError, match="empty: there are no images"):
        two_folders(str(tmp_path / "empty"), str(horses / "trainA"))
    with pytest.raises(LabError, match="trainA is missing"):
        cyclegan_folders(str(tmp_path / "empty"))
    with pytest.raises(LabError, match="class folders"):
        class_folders(str(tmp_path / "empty"))
    with pytest.raises(LabError, match="too few"):
        class_folders(str(horses), unseen_classes=4)


def test_a_file_that_is_no_image_is_found_before_training(horses):
    (horses / "trainB" / "3.png").write_bytes(b"not a picture")
    with pytest.raises(LabError, match=r"trainB/3\.png"):
        cyclegan_folders(str(horses))


def test_a_truncated_file_is_named_when_its_turn_comes(horses):
    path = horses / "trainA" / "2.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:2000])
    domain = cyclegan_folders(str(horses), size=16).train["A"]
    with pytest.raises(LabError, match=r"trainA/2\.png"):
        domain.take(range(len(domain)), range(len(domain)))


@pytest.mark.parametrize(
    "wrong",
    [{"held_out": 0.0}, {"held_out": 1.0}, {"size": 16, "load_size": 8}, {"channels": 4}, {"test_size": 0}],
)
def test_impossible_settings_are_refused(tmp_path, wrong):
    fill(tmp_path / "a", 3)
    with pytest.raises(LabError):
        two_folders(str(tmp_path / "a"), str(tmp_path / "a"), **wrong)
