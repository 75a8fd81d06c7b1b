"""Distances to B and to what was there before, on translators whose answer is known."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from known_translator import Known, known_run

from labkit.data.recipes.toy import ring_centres
from labkit.evaluation import (
    MEASURES,
    looks,
    measure,
)
from labkit.evaluation.looks import gaussian_in_pixels
from labkit.runs import Run
from labkit.train import History


@pytest.fixture
def images():
    return torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_colour_shift_sees_the_mean_and_not_the_texture(images):
    assert looks.colour_shift(known_run(Known(lambda x: x + 0.3), images)).value == pytest.approx(0.3, abs=1e-5)
    assert looks.colour_shift(known_run(Known(lambda x: x.flip(3)), images)).value == pytest.approx(0, abs=1e-6)


def test_identity_error_looks_at_images_of_b(images):
    assert looks.identity_error(known_run(Known(lambda x: x), images)).value == 0
    run = known_run(Known(lambda x: torch.where(x > 2, x + 0.2, x)), images, images + 5)
    assert looks.identity_error(run).value == pytest.approx(0.2, abs=1e-5)


def test_one_pair_of_pictures_in_style_and_structure():
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.rand(1, 3, 32, 32, generator=generator) - 0.5 for _ in range(2))
    y = 0.3 * y + torch.tensor([0.4, 0.0, -0.4])[:, None, None]
    names = ["style_distance", "style_distance_copy", "style_distance_recoloured", "style_left"]
    names += ["structure_kept", "structure_unrelated"]

    def measured(there):
        return {name: m.value for name, m in measure(known_run(Known(there), x, y), names).items()}

    copy, target = measured(lambda x: x), measured(lambda x: y)
    assert copy["style_distance"] == copy["style_distance_copy"] == target["style_distance_copy"] > 0.2
    assert copy["structure_kept"] == pytest.approx(1, abs=1e-4) and target["style_distance"] == 0
    assert target["structure_kept"] == target["structure_unrelated"] < 0.3
    assert copy["style_left"] == 1 and target["style_left"] == 0
    assert 0 < copy["style_distance_recoloured"] < 0.2 * copy["style_distance_copy"]  # noise of the same colours


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


def test_a_gaussian_in_pixels_has_mean_and_covariance_of_the_images():
    images = 0.2 * torch.randn(60, 1, 2, 2, generator=torch.Generator().manual_seed(0)) + 0.1
    images[:, :, 1] = images[:, :, 0]  # two rows that always agree
    drawn = gaussian_in_pixels(images, 20000)
    assert drawn.shape == (20000, 1, 2, 2) and torch.allclose(drawn.mean(0), images.mean(0), atol=0.01)
    torch.testing.assert_close(torch.cov(drawn.flatten(1).T), torch.cov(images.flatten(1).T), atol=0.003, rtol=0.05)
    assert torch.allclose(drawn[:, :, 0], drawn[:, :, 1], atol=1e-5)


def test_training_images_are_nearer_than_a_gaussian_and_portraits_have_their_own_judge(spec, tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path))
    faces = {"size": 32, "n_train": 120, "n_test": 120}
    faces = Run(
        replace(spec, system="gan", data="portraits_people", data_settings=faces, settings={}), Path(), None, None
    )
    near, far = (MEASURES[f"generated_distance_{name}"](faces) for name in ("train", "gaussian"))
    assert near.value < far.value and near.judge == "portraits"


def test_the_final_loss_of_G_is_the_mean_of_its_last_fifty_steps(spec):
    history = History()
    for step in range(60):
        history.add(step, "G/adv", float(step))
    assert MEASURES["final_generator_loss"](Run(spec, Path(), None, history)).value == pytest.approx(34.5)


def test_modes_are_those_of_the_runs_own_ring(spec):
    ring = replace(spec, system="gan", data="ring", data_settings={"std": 0.04, "modes": 4}, settings={})
    two = Samples(ring_centres(4)[:2])
    assert MEASURES["modes_covered"](Run(ring, Path(), two, None)).value == 2
    assert MEASURES["mode_divergence"](Run(ring, Path(), two, None)).value == pytest.approx(math.log(2))
