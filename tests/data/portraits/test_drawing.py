"""Drawn pictures: the same everywhere within one grey level, kept in the cache, drawn again where that is damaged."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from labkit.data.portraits import drawing, drawn, faces
from labkit.data.portraits.drawing import outlines
from labkit.errors import LabError

REFERENCE = Path(__file__).with_name("reference.png")  # four faces of each style at 64 px, as first drawn


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path))


def rows() -> torch.Tensor:
    people = faces(4, seed=5, part=0)
    return torch.cat([torch.cat(list(drawn(style, people, 64)), 2) for style in ("avataaars", "micah")], 1)


def test_pixels_are_those_of_the_reference_within_one_grey_level():
    with Image.open(REFERENCE) as image:
        expected = torch.from_numpy(np.asarray(image.convert("RGB"), dtype=np.int16)).permute(2, 0, 1)
    found = ((rows() + 1) * 127.5).round().to(torch.int16)
    assert found.shape == expected.shape == (3, 128, 256)
    assert (found - expected).abs().max() <= 1


@pytest.mark.parametrize("size", drawing.SIZES)
def test_shape_and_range(size):
    images = drawn("avataaars", faces(2, 0, 0), size)
    assert images.shape == (2, 3, size, size) and images.dtype == torch.float32
    assert -1 <= images.min() < images.max() <= 1


def test_the_second_call_draws_nothing(monkeypatch):
    people = faces(3, 0, 0)
    first = drawn("avataaars", people, 32)
    monkeypatch.setattr(drawing, "_draw", lambda *_: pytest.fail("drawn again"))
    assert torch.equal(drawn("avataaars", people, 32), first)


def test_a_damaged_cache_is_drawn_again(tmp_path):
    people = faces(3, 0, 0)
    first = drawn("avataaars", people, 32)
    (file,) = (tmp_path / "portraits").glob("*.npy")
    file.write_bytes(file.read_bytes()[:200])
    assert torch.equal(drawn("avataaars", people, 32), first)
    file.write_bytes(b"no pictures")
    assert torch.equal(drawn("avataaars", people, 32), first)


def test_other_faces_are_other_files(tmp_path):
    drawn("avataaars", faces(2, 0, 0), 32)
    drawn("avataaars", faces(2, 0, 1), 32)
    drawn("micah", faces(2, 0, 0), 32)
    assert len(list((tmp_path / "portraits").glob("*.npy"))) == 3


def test_what_is_unknown_is_refused():
    with pytest.raises(LabError, match="no drawing style 'rembrandt'"):
        drawn("rembrandt", faces(1, 0, 0), 64)
    with pytest.raises(LabError, match="not at 50"):
        drawn("micah", faces(1, 0, 0), 50)


def test_outlines_are_dark_where_colours_meet_and_white_elsewhere():
    image = torch.ones(1, 3, 8, 8)
    image[:, :, :, 4:] = -1.0
    lines = outlines(image)
    assert (lines[0, :, :, 3] == -1).all()
    assert (lines == -1).float().mean() == pytest.approx(1 / 8)
