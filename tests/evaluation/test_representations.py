"""Probes of frozen features, and views of one image."""

from dataclasses import replace

import pytest
import torch

from labkit.evaluation import measure
from labkit.evaluation.representations import projected_views
from labkit.runs import run


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
