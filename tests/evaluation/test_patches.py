"""What the patches of a small CUT tell."""

from pathlib import Path

import pytest
import torch
from known_translator import Known, known_run

from labkit.data import load
from labkit.evaluation import patches
from labkit.runs import Run, RunSpec
from labkit.systems.cut import CUT, CUTSettings


@pytest.fixture(scope="module")
def horses():
    return load("figure_on_ground", {"size": 32, "n_train": 4, "n_test": 12, "coats": ["brown", "white"]})


@pytest.fixture
def cut():
    torch.manual_seed(0)
    return CUT(CUTSettings(ngf=4, ndf=4, blocks=2, d_layers=1, dim=8, init_gain=1.0)).eval()


def test_patches_of_the_same_picture_are_found_best(cut, horses):
    x = horses.test["A"].images
    same, other = (patches.patch_nce_scores(cut, y, x, places=64) for y in (x, x.flip(3)))
    assert same.shape == (12,) and (same < other).all()
    each = [patches.patch_nce_scores(cut, x.flip(3), x, places=64, layers=[layer]) for layer in range(5)]
    assert torch.allclose(sum(each) / 5, other, atol=1e-5)


def test_embedded_places_are_unit_vectors_of_any_layer(cut):
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    for layer, side in ((0, 38), (1, 32), (-1, 8)):
        vectors = patches.embedded(cut, images, layer)
        assert vectors.shape == (2, 8, side, side)
        assert torch.allclose(vectors.norm(dim=1), torch.ones(2, side, side), atol=1e-4)


def test_figure_similarity_is_high_where_coats_look_alike(cut, horses):
    run = Run(RunSpec("cut", "figure_on_ground", 1, 1), Path("none"), cut, None)
    run.__dict__["dataset"] = horses
    assert 0 <= patches.figure_similarity(run).value <= 1
    torch.manual_seed(1)
    other = CUT(cut.settings).eval()
    assert patches.figure_similarity(run, other).value != patches.figure_similarity(run).value
    assert 0 <= patches.figure_similarity_untrained(run).value <= 1


def test_colours_alone_tell_a_copied_figure_from_its_ground(cut, horses):
    run = known_run(Known(lambda x: x, lambda y: y), horses.test["A"], horses.test["B"])
    run.dataset.truth.update(horses.truth)
    run.system.taps, run.system.G_AB = cut.taps, cut.G_AB
    assert patches.figure_similarity(run, cut, patches.pixels).value > 0.95


def test_quality_is_measured_on_photographs_that_were_not_trained_on(cut, monkeypatch):
    run = Run(RunSpec("cut", "colour_to_grey", 1, 1, seed=2), Path("none"), cut, None)
    pictures = patches.quality_pictures()
    assert pictures.shape == (30, 3, 64, 64)
    monkeypatch.setattr(patches, "quality_pictures", lambda: pictures[:4, :, :32, :32])
    correlation, auc = patches.quality_correlation(run), patches.quality_auc(run)
    assert 0.3 < correlation.value <= 1 and correlation.seed == auc.seed == 2
    assert 0 <= auc.value <= 1
