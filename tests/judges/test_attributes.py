"""The judge of portraits: its ceilings, what it reads in pictures of any size, and files that were touched."""

import shutil

import pytest
import torch

from labkit.data.portraits import ATTRIBUTES, STYLES, drawn, faces
from labkit.errors import LabError
from labkit.judges import attributes as module
from labkit.judges.attributes import READ, AttributeJudge, load_attribute_judge


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path))


def rightly_read(style: str, size: int, n: int = 100) -> dict[str, float]:
    people = faces(n, seed=123, part=0)
    read = load_attribute_judge().read(drawn(style, people, size))
    known = {name: torch.tensor([getattr(face, name) for face in people]) for name in ATTRIBUTES}
    known["style"] = torch.full((n,), list(STYLES).index(style))
    return {name: float((read[name] == known[name]).float().mean()) for name in READ}


@pytest.mark.parametrize("style", STYLES)
def test_ceilings_are_high_and_are_reached_on_new_faces(style):
    ceiling, found = load_attribute_judge().record["ceiling"][style], rightly_read(style, 64)
    assert set(ceiling) == set(found) == set(READ)
    assert min(ceiling.values()) >= 0.97
    assert all(found[name] == pytest.approx(ceiling[name], abs=0.05) for name in READ)


@pytest.mark.parametrize("size", [48, 128])
def test_pictures_of_other_sizes_are_read_as_well(size):
    assert min(rightly_read("avataaars", size, 60).values()) >= 0.93


def test_it_takes_no_gradient_for_itself_and_lets_one_through():
    judge = load_attribute_judge()
    images = torch.zeros(1, 3, 64, 64, requires_grad=True)
    judge(images)["skin"].sum().backward()
    assert images.grad.abs().sum() > 0
    assert not any(parameter.requires_grad for parameter in judge.parameters())


def test_grey_images_are_refused():
    with pytest.raises(ValueError, match=r"\(B, 3, H, W\)"):
        AttributeJudge()(torch.zeros(1, 1, 64, 64))


def test_touched_weights_are_refused(monkeypatch, tmp_path):
    for suffix in ("json", "safetensors"):
        shutil.copy(module.FROZEN / f"portraits.{suffix}", tmp_path)
    weights = tmp_path / "portraits.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    monkeypatch.setattr(module, "FROZEN", tmp_path)
    with pytest.raises(LabError, match="sha256 differs"):
        load_attribute_judge.__wrapped__()


def test_a_judge_that_is_trained_is_written_and_recorded(monkeypatch, tmp_path):
    for name, value in {"N_TRAIN": 32, "N_TEST": 8, "EPOCHS": 1}.items():
        monkeypatch.setattr(module, name, value)
    record = module.train_attribute_judge(tmp_path).record
    monkeypatch.setattr(module, "FROZEN", tmp_path)
    opened = load_attribute_judge.__wrapped__()
    assert opened.record == record
    assert (record["n_train"], record["n_test"], record["steps"]) == (64, 16, 2)
    assert record["ceiling"]["micah"].keys() == READ.keys()
