"""The judge of photographs: what its record says, what it sees, and how one is trained, on tiny made pictures."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from labkit import paths
from labkit.data.recipes.folders import cyclegan_folders
from labkit.errors import LabError
from labkit.judges import photographs as module
from labkit.judges.__main__ import main
from labkit.judges.photographs import SETS, PhotographJudge, load_photograph_judge, train_photograph_judge
from labkit.metrics import linear_probe

real = pytest.mark.skipif(not paths.data_root(), reason="LABKIT_DATA is not set: no photographs to look at")


def test_the_record_says_what_it_saw_and_under_which_terms():
    judge = load_photograph_judge()
    record = judge.record
    for key in ("data", "terms", "ceiling", "untrained"):
        assert set(record[key]) == set(SETS)
    assert record["n_train"] == sum(n for folders in record["data"].values() for n in folders.values())
    assert "research" in record["use"] and "ImageNet" in record["terms"]["horse2zebra"]
    assert (record["steps"], record["batch_size"], record["seed"]) == (module.STEPS, module.BATCH_SIZE, module.SEED)
    assert judge.name == f"photographs-{record['sha256'][:8]}"
    assert (module.FROZEN / "photographs.safetensors").stat().st_size <= 2_000_000


def test_what_it_sees_is_better_than_chance_and_for_horses_than_before_training():
    """Chance is the larger half: 140 of 260 test pictures are zebras, 100 of 150 photographs."""
    record = load_photograph_judge().record
    assert record["ceiling"]["horse2zebra"] > 140 / 260 + 0.2
    assert record["ceiling"]["horse2zebra"] > record["untrained"]["horse2zebra"] + 0.05
    assert record["ceiling"]["monet2photo"] > 100 / 150 + 0.05


@real
@pytest.mark.parametrize("name", SETS)
def test_a_linear_probe_reaches_the_recorded_ceiling(name):
    judge, dataset = load_photograph_judge(), cyclegan_folders(name, size=64)
    if {f"train{key}": len(dataset.train[key]) for key in "AB"} != judge.record["data"][name]:
        pytest.skip(f"{name} has other numbers of pictures here than the judge was trained on")
    train, test = (
        [(judge.embed(part[key].images), torch.full((len(part[key]),), i)) for i, key in enumerate("AB")]
        for part in (dataset.train, dataset.test)
    )
    found = linear_probe(*([torch.cat(each) for each in zip(*part, strict=True)] for part in (train, test)))
    assert found.value == pytest.approx(judge.record["ceiling"][name], abs=0.02)


def test_features_do_not_depend_on_the_others_of_a_batch():
    judge, images = load_photograph_judge(), torch.rand(5, 3, 64, 64) * 2 - 1
    assert judge.features(images).shape == judge(images).shape == (5, 64)
    assert torch.allclose(judge.embed(images)[2:3], judge.features(images[2:3]), atol=1e-4)


def test_other_sizes_are_scaled_without_aliases():
    judge = load_photograph_judge()
    coarse = torch.nn.functional.interpolate(torch.rand(4, 3, 8, 8) * 2 - 1, (64, 64), mode="bilinear")
    larger = torch.nn.functional.interpolate(coarse, (160, 160), mode="bilinear")
    spread = judge.features(coarse).std()
    assert (judge.features(larger) - judge.features(coarse)).square().mean().sqrt() < 0.2 * spread
    stripes = torch.ones(1, 3, 256, 256)
    stripes[..., ::2] = -1  # finer than 64 px can show: their mean is grey
    assert torch.allclose(judge.features(stripes), judge.features(torch.zeros(1, 3, 64, 64)), atol=0.3)


def test_it_takes_no_gradient_for_itself_and_lets_one_through():
    judge, images = load_photograph_judge(), torch.zeros(1, 3, 96, 96, requires_grad=True)
    judge(images).square().sum().backward()
    assert images.grad.abs().sum() > 0
    assert not judge.training and not any(parameter.requires_grad for parameter in judge.parameters())


def test_grey_images_are_refused():
    with pytest.raises(ValueError, match=r"\(B, 3, H, W\)"):
        PhotographJudge().features(torch.zeros(1, 1, 64, 64))


def test_touched_weights_are_refused(monkeypatch, tmp_path):
    for suffix in ("json", "safetensors"):
        shutil.copy(module.FROZEN / f"photographs.{suffix}", tmp_path)
    weights = tmp_path / "photographs.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    monkeypatch.setattr(module, "FROZEN", tmp_path)
    with pytest.raises(LabError, match="sha256 differs"):
        load_photograph_judge.__wrapped__()


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A set of made pictures in the layout of CycleGAN: smooth ones in A, noisy ones in B."""
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "data"))
    rng = np.random.default_rng(0)
    for name, n in {"trainA": 5, "trainB": 6, "testA": 3, "testB": 3}.items():
        folder = tmp_path / "data" / "made" / name
        folder.mkdir(parents=True)
        for i in range(n):
            pixels = rng.integers(0, 256, (2, 2, 3) if name.endswith("A") else (70, 70, 3), dtype=np.uint8)
            Image.fromarray(pixels).resize((70, 70), Image.Resampling.BICUBIC).save(folder / f"{i}.png")
    return tmp_path / "data" / "made"


def test_training_is_repeatable_recorded_and_blind_to_the_test_halves(made, tmp_path, monkeypatch):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    record = train_photograph_judge(tmp_path, ("made",), steps=2, batch_size=4).record
    assert torch.rand(1) == expected  # training leaves the generator as it was
    assert record["data"] == {"made": {"trainA": 5, "trainB": 6}} and (record["n_train"], record["n_test"]) == (11, 6)
    assert "owner" in record["terms"]["made"]
    monkeypatch.setattr(module, "FROZEN", tmp_path)
    opened = load_photograph_judge.__wrapped__()
    assert opened.record == record == json.loads((tmp_path / "photographs.json").read_text())
    known = opened.embed(torch.cat([each.images for each in cyclegan_folders("made", size=64).train.values()]))
    assert torch.allclose(known.mean(0), torch.zeros(64), atol=1e-3)
    assert torch.allclose(known.std(0), torch.ones(64), atol=1e-3)
    for path in (made / "testA").iterdir():
        Image.new("RGB", (70, 70), "red").save(path)
    again = train_photograph_judge(tmp_path, ("made",), steps=2, batch_size=4).record
    assert again["sha256"] == record["sha256"] and again["pictures_sha256"] == record["pictures_sha256"]
    Image.new("RGB", (70, 70), "red").save(made / "trainA" / "0.png")
    other = train_photograph_judge(tmp_path, ("made",), steps=2, batch_size=4).record
    assert other["sha256"] != record["sha256"] and other["pictures_sha256"] != record["pictures_sha256"]


def test_the_command_says_which_set_is_missing(made, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("labkit.paths.DATA", tmp_path)
    assert main(["photographs"]) == 2
    assert "horse2zebra: there is no such" in capsys.readouterr().err
