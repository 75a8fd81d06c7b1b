"""Measures of a run by name: what fits the data, the arithmetic at known points, and where the results go."""

import json
from dataclasses import replace

import pytest
import torch

from labkit.errors import LabError
from labkit.metrics.appearance import FEATURES, appearance_features
from labkit.runs import run
from labkit.runs.measures import MEASURES, fitting, measure, record, translate_all
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
