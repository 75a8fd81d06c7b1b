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
    written, unread = translate_files(finished, tmp_path / "in", tmp_path / "out", size=32)
    assert {path.name: Image.open(path).size for path in written} == {"tall.png": (32, 64), "wide.png": (64, 32)}
    assert unread == []
    written, _ = translate_files(finished, tmp_path / "in" / "wide.jpg", tmp_path / "one", "B", "A")
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
