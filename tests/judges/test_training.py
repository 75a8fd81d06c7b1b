import hashlib
import json

import pytest
import torch

from labkit.judges import training
from labkit.judges.__main__ import main
from labkit.judges.judge import open_judge
from labkit.judges.training import ClassPlan, Plan, train


@pytest.fixture
def small_plan(monkeypatch):
    plan = Plan(
        "glyph_digits", {"n_train": 300, "n_test": 50, "fonts": ["sans"], "jitter": 0.3}, epochs=6, batch_size=30
    )
    monkeypatch.setitem(training.PLANS, "small", plan)
    return plan


def test_training_writes_weights_and_a_record_that_belong_together(small_plan, tmp_path):
    trained = train("small", tmp_path)
    record = json.loads((tmp_path / "small.json").read_text())
    weights = (tmp_path / "small.safetensors").read_bytes()
    assert record == trained.record
    assert record["sha256"] == hashlib.sha256(weights).hexdigest()
    assert (record["n_train"], record["n_test"], record["steps"]) == (300, 50, 60)
    assert record["ceiling"] > 0.6
    images = torch.rand(3, 1, 32, 32)
    assert torch.equal(open_judge(tmp_path / "small.json").logits(images), trained.logits(images))


def test_training_is_repeatable_and_leaves_the_global_generator_alone(small_plan, tmp_path, monkeypatch):
    monkeypatch.setitem(training.PLANS, "small", Plan(**(small_plan.as_dict() | {"epochs": 1})))
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first = train("small", tmp_path).record["sha256"]
    assert torch.rand(1) == expected
    assert train("small", tmp_path).record["sha256"] == first
    monkeypatch.setitem(training.PLANS, "small", Plan(**(small_plan.as_dict() | {"epochs": 1, "seed": 1})))
    assert train("small", tmp_path).record["sha256"] != first


def test_the_test_split_is_never_trained_on(small_plan, tmp_path, monkeypatch):
    """With wrong labels on the test images the weights stay the same: nothing was learnt or chosen from them."""
    monkeypatch.setitem(training.PLANS, "small", Plan(**(small_plan.as_dict() | {"epochs": 3})))
    honest = train("small", tmp_path).record
    original = training.data.load

    def spoilt(name, settings):
        dataset = original(name, settings)
        dataset.test["real"].labels.add_(1).remainder_(10)
        return dataset

    monkeypatch.setattr(training.data, "load", spoilt)
    other = train("small", tmp_path).record
    assert other["sha256"] == honest["sha256"]
    assert other["ceiling"] < honest["ceiling"]


def test_varied_images_stay_images_of_the_same_digits():
    torch.manual_seed(0)
    images = torch.zeros(64, 1, 32, 32) - 1
    images[:, :, 10:22, 12:20] = 1
    varied = training._varied(images, both_polarities=False)
    assert varied.shape == images.shape
    assert len({image.detach().numpy().tobytes() for image in varied}) == 64
    centre = varied[:, :, 13:19, 14:18].mean((1, 2, 3))
    border = varied[:, :, :3].mean((1, 2, 3))
    assert (centre > border + 0.3).all()


def test_both_polarities_turn_about_half_of_the_images_dark_on_light():
    torch.manual_seed(0)
    images = torch.zeros(400, 1, 32, 32) - 1
    images[:, :, 10:22, 12:20] = 1
    varied = training._varied(images, both_polarities=True)
    contrast = varied[:, :, 13:19, 14:18].mean((1, 2, 3)) - varied[:, :, :3].mean((1, 2, 3))
    assert (contrast.abs() > 0.3).all()
    assert 150 < (contrast < 0).sum() < 250


def test_the_command_says_what_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("labkit.paths.DATA", tmp_path)
    assert main(["usps"]) == 2
    assert "USPS: there is no such" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["judy"])


def test_a_judge_of_classes_sees_colour_and_has_as_many_classes_as_labels(tmp_path):
    settings = {"kind": "target", "n_target": 4, "n_train": 120, "n_test": 40, "jitter": 0.2}
    plan = ClassPlan("glyph_class_images", settings, epochs=8, batch_size=24, width=8)
    trained = train("four", tmp_path, plan)
    record = json.loads((tmp_path / "four.json").read_text())
    assert (record["classes"], record["plan"]["channels"], record["n_train"]) == (4, 3, 120)
    assert record["ceiling"] > 0.5
    opened, images = open_judge(tmp_path / "four.json"), torch.rand(3, 3, 32, 32) * 2 - 1
    assert torch.equal(opened.logits(images), trained.logits(images)) and opened.logits(images).shape == (3, 4)
    assert not torch.equal(opened.logits(images), opened.logits(images.flip(1)))  # red and blue exchanged
    grey = images[:, :1]
    assert torch.allclose(opened.logits(grey), opened.logits(grey.expand(-1, 3, -1, -1)))
    assert torch.equal(opened.score(images).argmax(1), opened.predict(images))
