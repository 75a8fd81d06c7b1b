"""Measures of a run by name: what fits the data, the arithmetic at known points, and where the results go."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from labkit.data.recipes.toy import ring_centres
from labkit.errors import LabError
from labkit.evaluation.measures import MEASURES, fitting, measure, projected_views, record, translate_all
from labkit.metrics.appearance import FEATURES, appearance_features
from labkit.runs import Run, run
from labkit.systems.base import Translator


class Copy(Translator):
    """Translates by doing nothing; says at which mode it was asked."""

    def translate(self, x, src="A", dst="B"):
        self.asked_while_training = self.training
        return x.clone()


@pytest.fixture
def copying(tmp_path, spec):
    pair = replace(spec, data="textured_to_flat", data_settings={"size": 16, "n_train": 6, "n_test": 5})
    finished = run(replace(pair, settings=spec.settings | {"channels": 3}), tmp_path)
    return replace(finished, system=Copy())


def test_what_fits_depends_on_the_data(copying, tmp_path, spec):
    assert fitting(copying) == ["appearance_distance", "appearance_distance_copy", "truth_error"]
    digits = run(spec, tmp_path / "digits")
    assert set(fitting(digits)) == {
        "label_accuracy",
        "matched_label_accuracy",
        "feature_distance",
        "appearance_distance",
        "appearance_distance_copy",
    }
    results = measure(digits)
    assert 0 <= results["label_accuracy"].value <= results["matched_label_accuracy"].value <= 1
    assert results["label_accuracy"].judge == "glyph_digits"
    assert results["label_accuracy"].n == len(digits.dataset.test["A"])
    assert results["label_accuracy"].seed == spec.seed
    stored = json.loads(record(digits, results).read_text())
    assert stored["label_accuracy"]["value"] == results["label_accuracy"].value


def test_copying_scores_what_the_copy_row_says_and_the_known_error(copying):
    results = measure(copying, ["appearance_distance", "appearance_distance_copy", "truth_error", "cycle_error"])
    assert results["appearance_distance"].value == results["appearance_distance_copy"].value > 0
    test, truth = copying.dataset.test["A"].images, copying.dataset.truth["A", "B"]
    assert results["truth_error"].value == pytest.approx((test - truth).abs().mean().item())
    assert results["cycle_error"].value == 0


def test_translation_is_done_in_evaluation_mode_and_puts_the_mode_back(copying):
    system = Copy().train()
    translate_all(system, torch.zeros(70, 3, 8, 8))
    assert system.training and not system.asked_while_training


def test_an_unknown_measure_is_named(copying):
    with pytest.raises(LabError, match="no measure 'beauty'; there are label_accuracy"):
        measure(copying, ["beauty"])
    assert "label_accuracy" in MEASURES


def test_appearance_features_see_colour_and_roughness():
    flat, striped = torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 16)
    striped[..., ::2] = 1.0
    assert appearance_features(flat).shape == (1, FEATURES)
    assert appearance_features(flat).abs().max() == 0
    features = appearance_features(striped)[0]
    assert features[:3].tolist() == [0.5] * 3
    assert features[6] == 0 and features[7] == 1  # no change along rows of pixels below each other, full change across
    assert torch.equal(appearance_features(flat[:, :1]), appearance_features(flat))


@pytest.fixture
def contrasting(tmp_path, spec):
    small = {"encoder": "conv", "augmentation": "digits", "channels": 1, "width": 4, "features": 12, "dim": 6}
    settings = small | {"optimiser": "adam", "lr": 0.003}
    digits = replace(spec, system="simclr", data="optdigits", data_settings={"size": 16}, settings=settings)
    return run(digits, tmp_path)


def test_features_are_probed_frozen_and_the_same_way_every_time(contrasting):
    names = ["few_label_accuracy", "many_label_accuracy", "pixels_explained", "score_gap", "view_alignment"]
    results, again = measure(contrasting, names), measure(contrasting, names)
    assert {name: m.value for name, m in results.items()} == {name: m.value for name, m in again.items()}
    assert 0.1 < results["few_label_accuracy"].value < results["many_label_accuracy"].value <= 1
    assert 0 < results["pixels_explained"].value < 1
    assert all(m.n == 450 and m.seed == contrasting.spec.seed for m in results.values())


def test_projected_views_are_two_views_on_the_sphere(contrasting):
    view_1, view_2 = projected_views(contrasting)
    assert view_1.shape == view_2.shape == (450, 6)
    assert torch.allclose(view_1.norm(dim=1), torch.ones(450), atol=1e-5)
    assert not torch.allclose(view_1, view_2)


class Samples(torch.nn.Module):
    """A generator that has these samples."""

    def __init__(self, samples):
        super().__init__()
        self.samples = samples

    def sample(self, n, seed=0):
        return self.samples[torch.arange(n) % len(self.samples)]


def test_generated_distance_is_none_for_the_test_images_and_large_for_noise(spec):
    digits = replace(spec, system="gan", data="optdigits", data_settings={"size": 16}, settings={})
    real = Run(digits, Path(), Samples(torch.zeros(0)), None)
    images = real.dataset.test["real"].images
    same = MEASURES["generated_distance"](replace(real, system=Samples(images))).value
    noise = MEASURES["generated_distance"](replace(real, system=Samples(torch.rand(1000, 1, 16, 16) * 2 - 1))).value
    assert same < 0.2 < 5 < noise


def test_modes_are_those_of_the_runs_own_ring(spec):
    ring = replace(spec, system="gan", data="ring", data_settings={"std": 0.04, "modes": 4}, settings={})
    two = Samples(ring_centres(4)[:2])
    assert MEASURES["modes_covered"](Run(ring, Path(), two, None)).value == 2
    assert MEASURES["mode_divergence"](Run(ring, Path(), two, None)).value == pytest.approx(math.log(2))
