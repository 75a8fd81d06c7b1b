"""The measures of lesson 07 on translators whose answer is known."""

from pathlib import Path

import pytest
import torch
from known_translator import Known

from labkit.data import load
from labkit.data.domain import DataSet, Domain
from labkit.evaluation import figure_and_ground
from labkit.evaluation.measures import measure
from labkit.runs import RunSpec
from labkit.runs.bench import gflop
from labkit.runs.run import Run
from labkit.systems.cut import CUT, CUTSettings


@pytest.fixture(scope="module")
def horses():
    return load("figure_on_ground", {"size": 32, "n_train": 4, "n_test": 12, "coats": ["brown", "white"]})


def known(dataset, there, back=lambda y: y):
    run = Run(RunSpec("cut", "figure_on_ground", 1, 1, seed=4), Path("none"), Known(there, back), None)
    run.__dict__["dataset"] = dataset
    return run


def test_the_true_partner_puts_the_figure_where_it_is(horses):
    run = known(horses, lambda x: horses.truth["A", "B"])
    assert figure_and_ground.figure_iou(run).value > 0.75
    assert figure_and_ground.figure_found(run).value == 1
    assert figure_and_ground.figure_painted(run).value > 0.85 and figure_and_ground.ground_kept(run).value > 0.95


def test_anothers_partner_and_a_bare_ground_do_not(horses):
    other = figure_and_ground.figure_iou(known(horses, lambda x: horses.truth["A", "B"].roll(1, 0)))
    assert other.value < 0.6
    assert figure_and_ground.figure_found(known(horses, lambda x: horses.truth["A", "B"].roll(1, 0))).value == 0
    bare = known(horses, lambda x: torch.tensor([0.3, 0.1, -0.3])[:, None, None].expand_as(x))
    assert figure_and_ground.figure_iou(bare).value == 0
    assert (figure_and_ground.figure_painted(bare).value, figure_and_ground.ground_kept(bare).value) == (0, 1)
    stripes_everywhere = known(horses, lambda x: torch.zeros_like(x))
    assert figure_and_ground.figure_painted(stripes_everywhere).value == 1
    assert figure_and_ground.ground_kept(stripes_everywhere).value == 0


def test_a_figure_is_readable_in_any_colours_and_not_in_a_picture_of_another(horses):
    brown = load("figure_on_ground", {"size": 32, "n_train": 4, "n_test": 24})
    faded = figure_and_ground.figure_readable(known(brown, lambda x: 0.1 * x.flip(1)))
    other = figure_and_ground.figure_readable(known(brown, lambda x: brown.truth["A", "B"].roll(1, 0)))
    assert faded.value > 0.9 and faded.seed == 4
    assert other.value < faded.value - 0.1


def test_needless_change_looks_at_images_of_b(horses):
    assert figure_and_ground.needless_change(known(horses, lambda x: x)).value == 0
    assert figure_and_ground.needless_change(known(horses, lambda x: x + 0.2)).value == pytest.approx(0.2, abs=1e-5)


def test_the_true_zebra_says_nothing_of_the_coat_and_a_copy_says_all(horses):
    copy = known(horses, lambda x: x, lambda y: y)
    assert figure_and_ground.coat_brightness(copy).value == 1
    truth = known(horses, lambda x: horses.truth["A", "B"], lambda y: y)
    assert 0.1 < figure_and_ground.coat_brightness(truth).value < 0.9
    assert figure_and_ground.coat_from_truth(truth).value < 0.9


def test_a_coat_comes_home_or_does_not(horses):
    home = known(horses, lambda x: x, lambda y: y)
    assert figure_and_ground.coat_recovered(home).value == 1
    assert figure_and_ground.coat_recovered_disturbed(home).value == 1
    white = horses.test["A"].images[horses.test["A"].labels == 1][:1]
    always_white = known(horses, lambda x: x, lambda y: white.expand_as(y) * 0 + 0.9)
    assert figure_and_ground.coat_recovered(always_white).value == (horses.test["A"].labels == 1).float().mean().item()
    # a coat that is kept in the last bit is lost with it
    hidden = known(horses, lambda x: 1e-3 * x, lambda y: 1e3 * y)
    assert figure_and_ground.coat_recovered(hidden).value == 1
    assert figure_and_ground.coat_recovered_disturbed(hidden).value < 0.9


def test_one_pair_of_pictures_in_style_and_structure():
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.rand(1, 3, 32, 32, generator=generator) - 0.5 for _ in range(2))
    y = 0.3 * y + torch.tensor([0.4, 0.0, -0.4])[:, None, None]
    pair = DataSet("pair", {}, {"A": Domain("a", x), "B": Domain("b", y)})

    def measured(there):
        return {name: m.value for name, m in measure(known(pair, there), PAIR).items()}

    copy, target = measured(lambda x: x), measured(lambda x: y)
    assert copy["style_distance"] == copy["style_distance_copy"] == target["style_distance_copy"] > 0.2
    assert copy["structure_kept"] == pytest.approx(1, abs=1e-4) and target["style_distance"] == 0
    assert target["structure_kept"] == target["structure_unrelated"] < 0.3
    assert copy["style_left"] == 1 and target["style_left"] == 0
    assert 0 < copy["style_distance_recoloured"] < 0.2 * copy["style_distance_copy"]  # noise of the same colours


PAIR = ["style_distance", "style_distance_copy", "style_distance_recoloured", "style_left"]
PAIR += ["structure_kept", "structure_unrelated"]


@pytest.mark.parametrize(("system", "kinds"), [("cut", [{}]), ("fastcut", [{"flip": 0.0}, {"flip": 1.0}])])
def test_the_cost_of_a_step_is_counted_at_the_size_of_the_run(system, kinds):
    settings = {"ngf": 4, "ndf": 4, "blocks": 2, "d_layers": 1, "dim": 8}
    spec = RunSpec(system, "figure_on_ground", 1, 3, settings=settings, data_settings={"size": 16})
    expected = 3 * sum(gflop(system, settings | kind, 16) for kind in kinds) / len(kinds)
    found = figure_and_ground.step_gflop(Run(spec, Path("none"), None, None))
    assert found.value == pytest.approx(expected, rel=0.02)


@pytest.fixture
def cut():
    torch.manual_seed(0)
    return CUT(CUTSettings(ngf=4, ndf=4, blocks=2, d_layers=1, dim=8, init_gain=1.0)).eval()


def test_patches_of_the_same_picture_are_found_best(cut, horses):
    x = horses.test["A"].images
    same, other = (figure_and_ground.patch_nce_scores(cut, y, x, places=64) for y in (x, x.flip(3)))
    assert same.shape == (12,) and (same < other).all()
    each = [figure_and_ground.patch_nce_scores(cut, x.flip(3), x, places=64, layers=[layer]) for layer in range(5)]
    assert torch.allclose(sum(each) / 5, other, atol=1e-5)


def test_embedded_places_are_unit_vectors_of_any_layer(cut, horses):
    for layer, side in ((0, 38), (1, 32), (-1, 8)):
        vectors = figure_and_ground.embedded(cut, horses.test["A"].images[:2], layer)
        assert vectors.shape == (2, 8, side, side)
        assert torch.allclose(vectors.norm(dim=1), torch.ones(2, side, side), atol=1e-4)


def test_all_are_known_by_name(horses):
    run = known(horses, lambda x: horses.truth["A", "B"])
    assert measure(run, ["figure_iou", "needless_change"])["figure_iou"].seed == 4


def test_figure_similarity_is_high_where_coats_look_alike(cut, horses):
    run = Run(RunSpec("cut", "figure_on_ground", 1, 1), Path("none"), cut, None)
    run.__dict__["dataset"] = horses
    assert 0 <= figure_and_ground.figure_similarity(run).value <= 1


def test_quality_is_measured_on_photographs_that_were_not_trained_on(cut, monkeypatch):
    run = Run(RunSpec("cut", "colour_to_grey", 1, 1, seed=2), Path("none"), cut, None)
    pictures = figure_and_ground.quality_pictures()
    assert pictures.shape == (30, 3, 64, 64)
    monkeypatch.setattr(figure_and_ground, "quality_pictures", lambda: pictures[:4, :, :32, :32])
    correlation, auc = figure_and_ground.quality_correlation(run), figure_and_ground.quality_auc(run)
    assert 0.3 < correlation.value <= 1 and correlation.seed == auc.seed == 2
    assert 0 <= auc.value <= 1
