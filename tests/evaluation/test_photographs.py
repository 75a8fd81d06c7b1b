"""Distances between collections of photographs: on translators whose answer is known, and on real ones in mixtures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from known_translator import Known, known_run
from PIL import Image

from labkit import metrics, paths
from labkit.data.domain import DataSet
from labkit.data.recipes.folders import cyclegan_folders
from labkit.errors import LabError
from labkit.evaluation import MEASURES, measure, photographs
from labkit.judges.photographs import load_photograph_judge
from labkit.runs import Run, RunSpec

real = pytest.mark.skipif(not paths.data_root(), reason="LABKIT_DATA is not set: no photographs to look at")
NAMES = [f"photo_{kind}{ending}" for kind in ("kid", "fid") for ending in ("", "_copy", "_recoloured")]


def smooth(n, seed, size=64):
    """Pictures of a few soft patches of colour."""
    small = torch.rand(n, 3, 4, 4, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    return torch.nn.functional.interpolate(small, (size, size), mode="bicubic").clamp(-1, 1)


def striped(n, seed, size=64):
    """The same under black and white stripes."""
    stripes = torch.ones(size, size)
    stripes[(torch.arange(size) * 8 // size) % 2 == 0] = -1
    return 0.4 * smooth(n, seed, size) + 0.6 * stripes


def values(run, names):
    return {name: found.value for name, found in measure(run, names).items()}


def test_copying_scores_as_the_copy_and_what_lies_among_b_nothing():
    A, B = smooth(12, 0), striped(14, 1)
    copy = values(known_run(Known(lambda x: x), A, B), NAMES)
    assert copy["photo_kid"] == copy["photo_kid_copy"] > 0
    assert copy["photo_fid"] == copy["photo_fid_copy"] > 0
    perfect = values(known_run(Known(lambda x: striped(len(x), 2)), A, B), NAMES)
    assert perfect["photo_kid"] < 0.1 * copy["photo_kid"] and perfect["photo_fid"] < 0.5 * copy["photo_fid"]
    assert values(known_run(Known(lambda x: B[: len(x)]), B, B), ["photo_fid"])["photo_fid"] == pytest.approx(
        0, abs=1e-6
    )


def test_recolouring_is_all_that_there_is_to_do_where_colours_are_all_that_differs():
    A, B = smooth(30, 0), 0.4 * smooth(30, 1) + torch.tensor([0.5, 0.0, -0.5])[:, None, None]
    found = values(known_run(Known(lambda x: x), A, B), NAMES)
    assert found["photo_kid_recoloured"] < 0.5 * found["photo_kid_copy"]
    assert found["photo_fid_recoloured"] < found["photo_fid_copy"]


def test_a_measurement_names_its_space_and_how_many_were_compared():
    run = known_run(Known(lambda x: x), smooth(6, 0), striped(9, 1))
    found = measure(run, ["photo_kid", "photo_fid", "photo_kid_floor", "photo_fid_halves"])
    assert {each.judge for each in found.values()} == {load_photograph_judge().name}
    assert [each.n for each in found.values()] == [6, 6, 6, 4] and {each.seed for each in found.values()} == {4}
    assert found["photo_kid"].name == "KID, 6 against 9" and found["photo_fid"].name == "Fréchet distance, 6 against 9"
    assert found["photo_kid_floor"].name == "KID, 6 against 9, mean of 20 draws"
    assert found["photo_kid_floor"].split == "train and test"
    assert found["photo_fid_halves"].name == "Fréchet distance, 4 against 4, above 95 % of 200 halvings"


def test_measurements_of_two_spaces_have_no_mean():
    found = measure(known_run(Known(lambda x: x), smooth(6, 0), striped(6, 1)), ["photo_kid"])["photo_kid"]
    with pytest.raises(LabError, match="only like measurements"):
        metrics.over_seeds([found, replace(found, judge="photographs-another", seed=5)])


def test_pictures_of_another_size_are_scaled():
    small, large = (known_run(Known(lambda x: x), smooth(12, 0, size), 0.4 * smooth(12, 1, size)) for size in (64, 160))
    found = values(small, ["photo_kid"])["photo_kid"]
    assert found > 0 and values(large, ["photo_kid"])["photo_kid"] == pytest.approx(found, rel=0.15)


def test_the_floor_and_the_halves_say_what_real_pictures_score():
    B = striped(40, 1)
    run = known_run(Known(lambda x: x), smooth(20, 0), B)
    run.__dict__["dataset"] = DataSet(
        "known",
        {"A": run.dataset.train["A"], "B": run.dataset.train["B"].subset(range(20))},
        {"A": run.dataset.test["A"], "B": run.dataset.test["B"].subset(range(20, 40))},
    )
    found = measure(run, ["photo_kid_floor", "photo_kid_halves", "photo_kid", "photo_fid_floor", "photo_fid"])
    floor, halves, kid, fid_floor, fid = (each.value for each in found.values())
    assert abs(floor) < 0.1 * kid and 0 < halves < 0.2 * kid
    assert 0 < fid_floor < fid  # biased: real pictures are not at 0


def test_the_floor_looks_at_whole_training_pictures(tmp_path):
    """The left of every picture is black and the right white; training's crops would show neither side whole."""
    for name, n in {"trainA": 3, "trainB": 4, "testA": 3, "testB": 4}.items():
        (tmp_path / name).mkdir()
        for i in range(n):
            pixels = np.full((72, 72, 3), 10 * i, np.uint8)
            pixels[:, 36:] = 255 - 10 * i
            Image.fromarray(pixels).save(tmp_path / name / f"{i}.png")
    settings = {"root": str(tmp_path), "size": 16, "load_size": 72, "test_size": 64}
    run = Run(RunSpec("known", "cyclegan_folders", 1, 1, settings), Path("none"), Known(lambda x: x), None)
    run.__dict__["dataset"] = cyclegan_folders(**settings)
    assert photographs.fitting(run) == ["photo_kid", "photo_kid_copy", "photo_kid_floor"]
    floor, copy = measure(run, ["photo_fid_floor", "photo_fid_copy"]).values()
    assert floor.n == copy.n == 3 and abs(floor.value) < 5  # the pictures of all four folders are alike


def test_what_cannot_be_measured_is_said():
    grey = torch.zeros(4, 1, 64, 64)
    with pytest.raises(LabError, match="these are grey"):
        measure(known_run(Known(lambda x: x), grey), ["photo_kid"])
    with pytest.raises(LabError, match="no two halves"):
        measure(known_run(Known(lambda x: x), smooth(3, 0)), ["photo_kid_halves"])
    assert photographs.fitting(known_run(Known(lambda x: x), smooth(3, 0))) == []  # no photographs, as far as one knows


def test_inception_is_asked_for_by_name(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(LabError, match="Inception-v3|torch-fidelity"):
        measure(known_run(Known(lambda x: x), smooth(4, 0)), ["inception_fid_copy"])
    monkeypatch.setattr(photographs, "inception_distance", lambda fake, real, seed: metrics.Measurement("FID", 3.0, 4))
    assert MEASURES["inception_fid"](known_run(Known(lambda x: x), smooth(4, 0))).name == "FID, 4 against 4"


@real
@pytest.mark.parametrize("name", ["horse2zebra", "monet2photo"])
def test_the_more_pictures_of_a_are_among_those_of_b_the_greater_is_the_distance(name):
    """B's own pictures, mixtures with more and more of A's, and A's: KID rises at every step, over eight draws."""
    judge, dataset = load_photograph_judge(), cyclegan_folders(name, size=64)
    a, b = (judge.embed(dataset.test[key].images) for key in "AB")
    half, rising = min(len(b) // 2, len(a)), []
    for share in (0, 0.25, 0.5, 0.75, 1):
        strangers, found = round(share * half), []
        for draw in range(8):
            order = np.random.default_rng(draw).permutation(len(b))
            chosen = np.random.default_rng([draw, 1]).permutation(len(a))[:strangers]
            mixture = torch.cat([a[chosen], b[order[half : 2 * half - strangers]]])
            found.append(metrics.kid(mixture, b[order[:half]]).value)
        rising.append(np.mean(found))
    assert all(np.diff(rising) > 0) and rising[-1] > 10 * abs(rising[0])


def test_photographs_that_no_figure_shows_are_measured_in_the_place_of_those_shown():
    A, B = smooth(12, 0), striped(14, 1)
    run = known_run(Known(lambda x: x), smooth(3, 5), B)
    run.dataset.truth["A", "unshown"] = A
    found = measure(run, ["photo_kid_copy"])["photo_kid_copy"]
    assert found.value == values(known_run(Known(lambda x: x), A, B), ["photo_kid_copy"])["photo_kid_copy"]
    assert "12 against 14" in found.name
