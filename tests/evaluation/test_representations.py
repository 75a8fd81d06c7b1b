"""Probes of frozen features, and views of one image."""

from dataclasses import replace

import pytest
import torch

from labkit.evaluation import measure
from labkit.evaluation.representations import READ, from_scratch, projected_views
from labkit.metrics.probe import few_of_each
from labkit.runs import run
from labkit.runs.run import new_system


@pytest.fixture
def contrasting(tmp_path, spec):
    small = {"encoder": "conv", "augmentation": "digits", "channels": 1, "width": 4, "features": 12, "dim": 6}
    settings = small | {"optimiser": "adam", "lr": 0.003}
    digits = replace(spec, system="simclr", data="optdigits", data_settings={"size": 16}, settings=settings)
    return run(digits, tmp_path)


def test_features_are_probed_frozen_and_the_same_way_every_time(contrasting):
    names = ["probe_1", "probe_all", "pixels_explained", "score_gap", "view_alignment"]
    results, again = measure(contrasting, names), measure(contrasting, names)
    assert {name: m.value for name, m in results.items()} == {name: m.value for name, m in again.items()}
    assert 0.1 < results["probe_1"].value < results["probe_all"].value <= 1
    assert 0 < results["pixels_explained"].value < 1
    assert all(m.n == 450 and m.seed == contrasting.spec.seed for m in results.values())


def test_projected_views_are_two_views_on_the_sphere(contrasting):
    view_1, view_2 = projected_views(contrasting)
    assert view_1.shape == view_2.shape == (450, 6)
    assert torch.allclose(view_1.norm(dim=1), torch.ones(450), atol=1e-5)
    assert not torch.allclose(view_1, view_2)


def test_a_probe_looks_before_the_head_behind_it_or_before_training(contrasting):
    names = ["probe_5", "probe_5_behind", "probe_5_untrained"]
    before, behind, untrained = measure(contrasting, names).values()
    assert len({before.value, behind.value, untrained.value}) == 3
    fresh = replace(contrasting, system=new_system(contrasting.spec))
    assert measure(fresh, ["probe_5"])["probe_5"].value == untrained.value


def test_from_scratch_learns_from_the_labels_that_it_is_given_and_from_no_others(tmp_path, spec):
    settings = {"encoder": "conv", "augmentation": "none", "channels": 1, "width": 4, "features": 12, "classes": 10}
    digits = replace(spec, system="classifier", data="optdigits", data_settings={"size": 16}, labels=["real"])
    trained = run(replace(digits, settings=settings | {"lr": 0.01}, steps=60, batch_size=40), tmp_path)
    one, fifty, again = (from_scratch(trained, n).value for n in (1, 50, 1))
    assert one == again and 0.1 < one < fifty
    # Labels that it must not look at may be anything.
    whole = trained.dataset.train["real"]
    chosen = torch.from_numpy(few_of_each(whole.labels.numpy(), 1, trained.spec.seed))
    spoilt = torch.zeros_like(whole.images)
    spoilt[chosen] = whole.images[chosen]
    vars(trained)["dataset"] = replace(trained.dataset, train={"real": replace(whole, images=spoilt)})
    assert from_scratch(trained, 1).value == one


def test_attributes_of_portraits_are_read_with_the_labels_of_their_own(tmp_path, spec, monkeypatch):
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "cache"))
    small = {"encoder": "conv", "augmentation": "crops", "size": 32, "width": 4, "features": 24, "dim": 6}
    faces = {"size": 32, "n_train": 120, "n_test": 40}
    portraits = replace(spec, system="simclr", data="portraits_people", data_settings=faces)
    trained = run(replace(portraits, settings=small | {"optimiser": "adam", "lr": 0.003}), tmp_path / "run")
    found = {what: measure(trained, [f"reads_{what}"])[f"reads_{what}"] for what in READ}
    assert found["skin"].n == found["glasses"].n == 40
    dark, light = (trained.dataset.truth["real", "hair_colour"] == colour for colour in (0, 3))
    assert found["black_or_blond"].n == (dark | light).sum() < 40
    assert found["black_or_blond"].value > 0.8 and all(0 <= m.value <= 1 for m in found.values())
