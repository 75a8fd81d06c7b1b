"""The pictures kept of a study's arm: what goes in comes out, to 8 bits."""

from dataclasses import replace

import pytest
import torch
from PIL import Image

from labkit.runs import RunSpec, pictures, run
from labkit.study import samples


@pytest.fixture
def finished(spec, tmp_path):
    return run(spec, tmp_path / "run")


def test_what_was_saved_is_read_back_to_eight_bits(finished, tmp_path, monkeypatch):
    monkeypatch.setattr("labkit.paths.RESULTS", tmp_path)
    samples.save(finished, samples.path_of("03_x", "study", "arm"))
    read, made = samples.load("03_x", "study", "arm"), samples.rows(finished)
    assert list(read) == list(made) == ["real_A", "fake_B", "rec_A", "real_B", "fake_A"]
    for name in made:
        torch.testing.assert_close(read[name], made[name], atol=1.01 / 255, rtol=0)
    assert samples.load("03_x", "study", "other") == {}


def test_photographs_are_kept_in_fewer_colours_and_read_back(spec, tmp_path, monkeypatch):
    monkeypatch.setattr("labkit.paths.RESULTS", tmp_path)
    monkeypatch.setattr(samples, "MAX_BYTES", 2000)
    noise = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    monkeypatch.setattr(samples, "rows", lambda run, columns: {"real_A": noise, "fake_B": -noise})
    path = samples.path_of("03_x", "study", "arm")
    samples.save(run(spec, tmp_path / "run"), path, columns=2)
    read = samples.load("03_x", "study", "arm", columns=2)
    with Image.open(path) as image:
        assert image.mode == "P"
    assert (read["real_A"] - noise).abs().mean() < 0.15 and (read["fake_B"] + noise).abs().mean() < 0.15


def test_large_images_are_kept_smaller(spec, tmp_path, monkeypatch):
    monkeypatch.setattr("labkit.paths.RESULTS", tmp_path)
    monkeypatch.setattr(pictures, "WIDEST", 8)
    samples.save(run(spec, tmp_path / "run"), samples.path_of("03_x", "study", "arm"), columns=3)
    read = samples.load("03_x", "study", "arm", columns=3)["real_A"]
    whole = run(spec, tmp_path / "run").dataset.test["A"].images[:3]
    assert read.shape == (3, 1, 8, 8)
    torch.testing.assert_close(read, whole.unfold(2, 2, 2).unfold(3, 2, 2).mean((4, 5)), atol=1.01 / 255, rtol=0)


def test_a_one_way_system_keeps_what_it_has(spec, tmp_path):
    settings = {"channels": 1, "ngf": 4, "ndf": 4, "blocks": 1, "d_layers": 1}
    one_way = run(replace(spec, system="direct", settings=settings), tmp_path / "one")
    assert list(samples.rows(one_way)) == ["real_A", "fake_B"]


def test_a_sampler_keeps_real_images_and_samples(tmp_path, monkeypatch):
    monkeypatch.setattr("labkit.paths.RESULTS", tmp_path)
    settings = {"size": 16, "channels": 1, "nz": 8, "ngf": 4, "ndf": 4}
    spec = RunSpec("gan", "optdigits", 2, 4, settings=settings, data_settings={"size": 16})
    finished = run(spec, tmp_path / "gan")
    samples.save(finished, samples.path_of("01_x", "study", "arm"), columns=3)
    read = samples.load("01_x", "study", "arm", columns=3, names=samples.OF_SAMPLERS)
    assert list(read) == ["real", "sample"]
    torch.testing.assert_close(read["sample"], finished.system.sample(3), atol=1.01 / 255, rtol=0)


def test_points_have_no_picture(tmp_path):
    settings = {"networks": "points", "ngf": 4, "ndf": 4}
    points = run(RunSpec("discogan", "rings", 2, 8, settings=settings), tmp_path / "points")
    samples.save(points, tmp_path / "points.png")
    assert not (tmp_path / "points.png").exists()


def test_a_sampler_of_pairs_keeps_both_pictures_of_each_code(tmp_path, monkeypatch):
    monkeypatch.setattr("labkit.paths.RESULTS", tmp_path)
    settings = {"nz": 4, "ngf": 2, "ndf": 2, "channels": 1}
    spec = RunSpec("cogan", "recoloured_digits", 2, 4, settings=settings, data_settings={"size": 28})
    finished = run(spec, tmp_path / "pairs")
    samples.save(finished, samples.path_of("04_x", "study", "arm"), columns=3)
    read = samples.load("04_x", "study", "arm", columns=3, names=samples.OF_PAIRS)
    assert list(read) == ["real_A", "fake_A", "fake_B"]
    for name, made in zip(("fake_A", "fake_B"), finished.system.sample_pairs(3), strict=True):
        torch.testing.assert_close(read[name], made, atol=1.01 / 255, rtol=0)
