"""Translating files: sizes, names, and what cannot be read."""

import numpy as np
import pytest
from PIL import Image

from labkit.errors import LabError
from labkit.runs import run
from labkit.runs.translate import translate_files


@pytest.fixture
def finished(tmp_path, spec):
    from dataclasses import replace

    colour = replace(spec, settings=spec.settings | {"channels": 3}, data_settings=spec.data_settings | {"channels": 3})
    return run(colour, tmp_path / "run")


def save(path, width, height):
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(np.zeros((height, width, 3), np.uint8)).save(path)


def test_one_file_or_a_folder_keeps_proportions_to_a_multiple_of_sixteen(tmp_path, finished):
    save(tmp_path / "in" / "wide.jpg", 100, 50)
    save(tmp_path / "in" / "tall.png", 33, 66)
    written, kept, unread = translate_files(finished, tmp_path / "in", tmp_path / "out", size=32)
    assert {path.name: Image.open(path).size for path in written} == {"tall.png": (32, 64), "wide.png": (64, 32)}
    assert kept == unread == []
    written, *_ = translate_files(finished, tmp_path / "in" / "wide.jpg", tmp_path / "one", "B", "A")
    assert Image.open(written[0]).size == (32, 16)


@pytest.mark.parametrize(
    ("names", "message"), [([], "no image in this folder"), (["a.png", "a.jpg"], "two images are called a")]
)
def test_folders_with_nothing_to_translate_or_clashing_names_are_refused(tmp_path, finished, names, message):
    (tmp_path / "in").mkdir()
    for name in names:
        save(tmp_path / "in" / name, 20, 20)
    with pytest.raises(LabError, match=message):
        translate_files(finished, tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_source_and_a_tiny_size_are_refused(tmp_path, finished):
    with pytest.raises(LabError, match="no such file or folder"):
        translate_files(finished, tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(LabError, match="smallest side"):
        translate_files(finished, tmp_path, tmp_path / "out", size=8)


@pytest.mark.parametrize("way", ["same folder", "another name for it", "a link to it", "one file"])
def test_a_translation_never_takes_the_place_of_its_source(tmp_path, finished, monkeypatch, way):
    source = tmp_path / "in"
    save(source / "a.png", 32, 32)
    before = (source / "a.png").read_bytes()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(source)
    target = {"another name for it": source / ".." / "in", "a link to it": tmp_path / "link"}.get(way, source)
    for overwrite in (False, True):
        with pytest.raises(LabError, match="do not go among their sources; name another folder"):
            translate_files(finished, source / "a.png" if way == "one file" else source, target, overwrite=overwrite)
    assert (source / "a.png").read_bytes() == before


def test_a_source_that_is_a_link_to_what_would_be_written_is_refused(tmp_path, finished):
    save(tmp_path / "out" / "a.png", 32, 32)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.png").symlink_to(tmp_path / "out" / "a.png")
    save(tmp_path / "in" / "a.png", 32, 32)
    with pytest.raises(LabError, match="would overwrite a source"):
        translate_files(finished, tmp_path / "in", tmp_path / "out", overwrite=True)


@pytest.mark.parametrize("there", ["a text", "a picture", "by another size"])
def test_another_file_in_the_way_is_refused_before_anything_is_written(tmp_path, finished, there):
    for name in ("a.png", "b.png"):
        save(tmp_path / "in" / name, 32, 32)
    (tmp_path / "out").mkdir()
    goal = tmp_path / "out" / "b.png"
    if there == "a text":
        goal.write_bytes(b"mine")
    elif there == "a picture":
        save(goal, 5, 5)
    else:
        translate_files(finished, tmp_path / "in" / "b.png", tmp_path / "out", size=48)
    before = goal.read_bytes()
    with pytest.raises(LabError, match=r"b\.png is there already.*--output, or replace what is there with --overwrite"):
        translate_files(finished, tmp_path / "in", tmp_path / "out")
    assert goal.read_bytes() == before and [path.name for path in (tmp_path / "out").iterdir()] == ["b.png"]
    written, kept, _ = translate_files(finished, tmp_path / "in", tmp_path / "out", overwrite=True)
    assert len(written) == 2 and kept == []
    assert Image.open(goal).size == (16, 16)


def test_a_changed_source_is_not_taken_for_done(tmp_path, finished):
    save(tmp_path / "in" / "a.png", 32, 32)
    translate_files(finished, tmp_path / "in", tmp_path / "out")
    assert translate_files(finished, tmp_path / "in", tmp_path / "out").written == []
    save(tmp_path / "in" / "a.png", 32, 64)
    with pytest.raises(LabError, match="is there already"):
        translate_files(finished, tmp_path / "in", tmp_path / "out")
    assert len(translate_files(finished, tmp_path / "in", tmp_path / "out", overwrite=True).written) == 1


def test_an_interruption_leaves_no_broken_file_and_the_same_command_goes_on(tmp_path, finished, monkeypatch):
    for name in ("a.png", "b.png", "c.png"):
        save(tmp_path / "in" / name, 32, 32)
    real, calls = finished.system.translate, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(finished.system, "translate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        translate_files(finished, tmp_path / "in", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.png"]
    written, kept, _ = translate_files(finished, tmp_path / "in", tmp_path / "out")
    assert [path.name for path in written] == ["b.png", "c.png"] and [path.name for path in kept] == ["a.png"]
    whole = translate_files(finished, tmp_path / "in", tmp_path / "whole").written
    assert [path.read_bytes() for path in whole] == [(tmp_path / "out" / path.name).read_bytes() for path in whole]


def test_an_output_that_is_a_file_is_refused(tmp_path, finished):
    save(tmp_path / "in" / "a.png", 32, 32)
    (tmp_path / "out").write_text("a file")
    with pytest.raises(LabError, match="the output must be a folder"):
        translate_files(finished, tmp_path / "in", tmp_path / "out")
