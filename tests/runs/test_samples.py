"""The pictures kept of a study's arm: what goes in comes out, to 8 bits."""

from dataclasses import replace

import pytest
import torch

from labkit.runs import RunSpec, run, samples


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


def test_a_one_way_system_keeps_what_it_has(spec, tmp_path):
    settings = {"channels": 1, "ngf": 4, "ndf": 4, "blocks": 1, "d_layers": 1}
    one_way = run(replace(spec, system="direct", settings=settings), tmp_path / "one")
    assert list(samples.rows(one_way)) == ["real_A", "fake_B"]


def test_points_have_no_picture(tmp_path):
    settings = {"networks": "points", "ngf": 4, "ndf": 4}
    points = run(RunSpec("discogan", "rings", 2, 8, settings=settings), tmp_path / "points")
    samples.save(points, tmp_path / "points.png")
    assert not (tmp_path / "points.png").exists()
