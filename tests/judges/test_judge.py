import json
import shutil

import pytest
import torch

from labkit import data
from labkit.data.recipes.few_shot import glyph_class_images
from labkit.errors import LabError
from labkit.evaluation.few_shot import class_judge
from labkit.judges import load
from labkit.judges.judge import FROZEN, Judge, open_judge
from labkit.judges.training import PLANS
from labkit.runs import RunSpec
from labkit.runs.run import Run

EMBEDDED = ("optdigits", "glyph_digits")


@pytest.fixture(scope="module", params=EMBEDDED)
def judge(request):
    return load(request.param)


def accuracy(judge, domain):
    return float((judge.predict(domain.images) == domain.labels).float().mean())


def test_the_recorded_ceiling_is_what_the_judge_reaches_on_its_test_split(judge):
    plan = judge.record["plan"]
    dataset = data.load(plan["data"], plan["settings"])
    test = dataset.test["real"]
    assert judge.record["n_train"] == len(dataset.train["real"])
    assert judge.record["n_test"] == len(test)
    assert accuracy(judge, test) == pytest.approx(judge.record["ceiling"], abs=1.5 / len(test))  # other machines round
    assert judge.record["ceiling"] > 0.97


def test_the_record_says_how_the_judge_came_about(judge):
    record = judge.record
    assert record["plan"] == PLANS[record["name"]].as_dict()  # the plan in the code is the one it was trained by
    assert record["split"] == "train"
    assert {"seed", "steps", "how", "sha256"} <= set(record)


def test_the_committed_weights_are_small(judge):
    assert (FROZEN / f"{judge.name}.safetensors").stat().st_size <= 400_000


def test_shapes_and_layers(judge):
    images = torch.rand(5, 1, 32, 32) * 2 - 1
    assert judge.features(images).shape == (5, 32)
    assert judge.logits(images).shape == (5, 10)
    assert torch.equal(judge.predict(images), judge.logits(images).argmax(1))
    assert torch.allclose(judge.embed(images), judge.features(images), atol=1e-5)
    assert torch.equal(judge(images), judge.logits(images))


def test_features_are_in_units_of_their_spread_over_the_training_images(judge):
    plan = judge.record["plan"]
    features = judge.embed(data.load(plan["data"], plan["settings"]).train["real"].images)
    assert torch.allclose(features.mean(0), torch.zeros(32), atol=0.01)
    assert torch.allclose(features.std(0), torch.ones(32), atol=0.01)


def test_a_large_set_is_worked_through_in_parts_with_the_same_result(judge):
    images = torch.rand(1003, 1, 32, 32) * 2 - 1
    parts = torch.cat([judge.embed(images[:501]), judge.embed(images[501:])])
    assert torch.allclose(judge.embed(images), parts, atol=1e-4)


def test_the_weights_are_frozen_and_the_mode_changes_nothing(judge):
    assert not judge.training
    assert not any(parameter.requires_grad for parameter in judge.parameters())
    images = torch.rand(4, 1, 32, 32) * 2 - 1
    before = judge.logits(images)
    assert torch.equal(judge.train().logits(images), before)
    assert torch.equal(judge.eval().logits(images[:1]), before[:1]) or torch.allclose(
        judge.logits(images[:1]), before[:1], atol=1e-5
    )  # no image depends on the others of its batch


@pytest.mark.parametrize("shape", [(2, 1, 32, 32), (2, 3, 32, 32), (2, 3, 48, 48), (2, 1, 28, 28)])
def test_gradients_reach_the_images_and_not_the_weights(judge, shape):
    images = torch.rand(shape).mul(2).sub(1).requires_grad_()
    judge.features(images).square().mean().backward()
    assert images.grad.abs().sum() > 0
    assert images.grad.abs().amin(0).amax() > 0
    assert all(parameter.grad is None for parameter in judge.parameters())


def test_colour_is_reduced_to_grey(judge):
    grey = torch.rand(3, 1, 32, 32) * 2 - 1
    assert torch.allclose(judge.logits(grey.repeat(1, 3, 1, 1)), judge.logits(grey), atol=1e-4)
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    colour = torch.rand(3, 3, 32, 32) * 2 - 1
    luma = (colour * weights).sum(1, keepdim=True)
    assert torch.allclose(judge.logits(colour), judge.logits(luma), atol=1e-4)


@pytest.mark.parametrize(
    "knobs",
    [
        {"inks": ["orange", "sky", "green", "yellow", "pink"]},
        {"inks": ["white", "yellow"], "papers": ["navy", "forest", "plum"]},
        {"inks": ["black", "navy"], "papers": ["white", "yellow"]},
        {"slants": ["left", "right"], "textures": ["rows", "dots", "outline"], "weights": ["light", "bold"]},
    ],
)
def test_the_judge_of_glyphs_tolerates_colours_and_styles(knobs):
    domain = data.load("glyph_digits", {"channels": 3, "n_train": 10, "n_test": 400, **knobs}).test["real"]
    assert accuracy(load("glyph_digits"), domain) > 0.97


@pytest.mark.parametrize("size", [24, 28, 48, 64])
def test_other_sizes_are_scaled(size):
    domain = data.load("glyph_digits", {"size": size, "n_train": 10, "n_test": 300}).test["real"]
    assert accuracy(load("glyph_digits"), domain) > 0.95


def test_a_judge_can_be_wrong():
    noise = torch.rand(1000, 1, 32, 32) * 2 - 1
    labels = torch.arange(1000) % 10
    assert (load("optdigits").predict(noise) == labels).float().mean() < 0.2


@pytest.mark.parametrize("shape", [(32, 32), (1, 32, 32), (2, 2, 32, 32), (2, 4, 32, 32)])
def test_what_is_no_batch_of_images_is_refused(shape):
    with pytest.raises(ValueError, match="a judge looks at images"):
        Judge().features(torch.zeros(shape))


# -- opening -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def copied(tmp_path):
    for suffix in ("json", "safetensors"):
        shutil.copy(FROZEN / f"optdigits.{suffix}", tmp_path)
    return tmp_path / "optdigits.json"


def test_a_single_changed_byte_is_noticed(copied):
    weights = copied.with_suffix(".safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(LabError, match=r"optdigits\.safetensors: these are not the weights"):
        open_judge(copied)


def test_weights_of_another_network_are_named(copied):
    from hashlib import sha256

    from safetensors.torch import save

    content = save({"something": torch.zeros(3)})
    copied.with_suffix(".safetensors").write_bytes(content)
    copied.write_text(json.dumps(json.loads(copied.read_text()) | {"sha256": sha256(content).hexdigest()}))
    with pytest.raises(LabError, match="do not fit"):
        open_judge(copied)


def test_a_broken_or_missing_record_is_named(copied):
    copied.write_text("{")
    with pytest.raises(LabError, match=r"optdigits\.json"):
        open_judge(copied)
    copied.unlink()
    with pytest.raises(LabError, match=r"optdigits\.json"):
        open_judge(copied)


def test_an_unknown_judge_is_refused_with_the_names_of_the_known():
    with pytest.raises(LabError, match="there are optdigits"):
        load("judy")


def test_a_judge_of_a_real_set_is_trained_once_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path))
    calls = []

    def train(name, folder, plan):
        calls.append(name)
        record = json.loads((FROZEN / "optdigits.json").read_text()) | {"name": name, "plan": plan.as_dict()}
        (folder / f"{name}.json").write_text(json.dumps(record))
        shutil.copy(FROZEN / "optdigits.safetensors", folder / f"{name}.safetensors")

    monkeypatch.setattr("labkit.judges.library.train", train)
    assert load("mnist").name == load("mnist").name == "mnist"
    assert calls == ["mnist"]
    path = tmp_path / "judges" / "mnist.json"
    record = json.loads(path.read_text())
    record["plan"]["epochs"] += 1  # made by another plan: out of date
    path.write_text(json.dumps(record))
    load("mnist")
    assert calls == ["mnist", "mnist"]


@pytest.mark.parametrize(
    ("kind", "classes", "least"), [("all", 220, 0.5), ("target", 20, 0.85), ("character", 24, 0.97)]
)
def test_the_judges_of_few_shot_glyphs_are_committed(tmp_path, monkeypatch, kind, classes, least):
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path))
    monkeypatch.setattr("labkit.judges.library.train", None)  # nothing is trained
    judge = class_judge(Run(RunSpec("funit", "glyph_classes", 1, 1), tmp_path, None, None), kind)
    assert judge.record["classes"] == classes and judge.record["plan"]["settings"]["kind"] == kind
    assert (FROZEN / f"{judge.name}.safetensors").stat().st_size <= 400_000
    fresh = glyph_class_images(kind, n_train=classes, n_test=4 * classes, seed=0).test["real"]
    assert accuracy(judge, fresh) > least - 0.05
    assert judge.record["ceiling"] > least


def test_without_the_real_set_the_way_out_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    monkeypatch.setattr("labkit.paths.DATA", tmp_path)
    with pytest.raises(LabError, match="MNIST/raw: there is no such"):
        load("mnist")
