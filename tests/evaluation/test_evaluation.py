"""Measures of a run by name: what fits the data, the arithmetic at known points, and where the results go."""

import json
from dataclasses import replace

import pytest
import torch

from labkit.errors import LabError
from labkit.evaluation import MEASURES, QUESTIONS, fitting, measure, record
from labkit.evaluation.base import translate_all
from labkit.paths import RESULTS
from labkit.runs import run
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
    with pytest.raises(LabError, match="no measure 'truth_eror'; did you mean 'truth_error'"):
        measure(copying, ["truth_eror"])
    with pytest.raises(LabError, match="no measure 'xyz'; they are listed in labkit/evaluation"):
        measure(copying, ["xyz"])


def test_every_question_names_its_measures_and_no_two_share_a_name():
    questions = [name for module in QUESTIONS for name in module.MEASURES]
    assert len(questions) == len(set(questions)) == len(MEASURES) > 150
    assert MEASURES["needless_change"] is MEASURES["identity_error"]


def test_every_measure_that_an_arm_or_a_record_names_exists():
    """Also those that were recorded under a name long ago."""
    recorded = {
        name
        for path in (RESULTS / "study").glob("*.json")
        if path.name != "verdicts.json"
        for arm in json.loads(path.read_text()).values()
        for name in arm["measures"]
    }
    assert len(recorded) > 50 and recorded <= MEASURES.keys()
