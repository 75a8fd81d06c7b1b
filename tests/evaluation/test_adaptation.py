"""The measures of lesson 04 on systems whose answer is known."""

from pathlib import Path

import pytest
import torch

from labkit.data.domain import DataSet, Domain
from labkit.data.recipes.rendered import MAP_COLOURS
from labkit.evaluation import adaptation
from labkit.runs import RunSpec, run
from labkit.runs.run import Run, kept
from labkit.systems.base import Translator


class Known(Translator):
    """A system whose code, translation, classes and pairs are given functions."""

    def __init__(self, **functions):
        super().__init__()
        for name, function in functions.items():
            setattr(self, name, function)


def known_run(A, B=None, truth=None, labels=None, **functions):
    run = Run(RunSpec("unit", "known", 1, 1, seed=4), Path("none"), Known(**functions), None)
    test = {"A": Domain("a", A, labels), "B": Domain("b", A if B is None else B, labels)}
    run.__dict__["dataset"] = DataSet("known", {}, test, truth or {})
    return run


@pytest.fixture
def images():
    return torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_accuracy_is_read_in_the_domain_that_is_named(images):
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    right = torch.nn.functional.one_hot(labels, 3).float()
    run = known_run(images, labels=labels, classify=lambda x, domain: right if domain == "A" else right.roll(1, 1))
    assert adaptation.source_accuracy(run).value == 1
    assert adaptation.target_accuracy(run).value == 0
    assert adaptation.target_accuracy_best(run).value == 0  # nothing was kept on the way


def test_translations_are_read_as_pictures_of_B(images):
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    right = torch.nn.functional.one_hot(labels, 3).float()

    def classify(x, domain):
        return right if domain == "B" and torch.equal(x, -images) else right.roll(1, 1)

    run = known_run(images, labels=labels, classify=classify, translate=lambda x, src, dst: -x)
    assert adaptation.translation_accuracy(run).value == 1
    run = known_run(images, labels=labels, classify=classify, translate=lambda x, src, dst: x)
    assert adaptation.translation_accuracy(run).value == 0


def test_the_oracle_takes_the_best_of_what_was_kept(tmp_path):
    spec = RunSpec(
        "classifier", "digits_to_glyphs", 6, 8, data_settings={"size": 16, "n_train": 40}, labels=["A"], seed=5,
        settings={"encoder": "conv", "augmentation": "none", "classes": 10, "channels": 1, "width": 2, "domain": "A"},
    )  # fmt: skip
    finished = run(spec, tmp_path / "run", keep_every=2)
    on_the_way = kept(finished)
    assert list(on_the_way) == [2, 4]
    values = [float(adaptation._accuracy(finished, system, "B")) for system in (*on_the_way.values(), finished.system)]
    assert adaptation.target_accuracy_best(finished).value == max(values)
    with torch.no_grad():
        steps = [system.logits(finished.dataset.test["A"].images[:2]) for system in on_the_way.values()]
    assert not torch.allclose(*steps)


def test_pairs_agree_where_one_is_the_negative_of_the_other(images):
    digits = images[:, :1]
    run = known_run(images, sample_pairs=lambda n, seed: (digits, -digits))
    assert adaptation.pair_agreement(run).value == 1
    assert adaptation.pair_agreement_chance(run).value == pytest.approx(0.5, abs=0.1)  # white noise
    run = known_run(images, sample_pairs=lambda n, seed: (digits, digits))
    assert adaptation.pair_agreement(run).value == pytest.approx(0, abs=1e-6)


def test_pairs_of_one_digit():
    from labkit import data

    written = data.load("optdigits").test["real"].images[:60]
    run = known_run(written, sample_pairs=lambda n, seed: (written, -written))
    assert adaptation.pair_same_digit(run).value == 1
    run = known_run(written, sample_pairs=lambda n, seed: (written, -written.roll(1, 0)))
    assert adaptation.pair_same_digit(run).value < 0.4


def test_map_accuracy_counts_colours():
    land = torch.randint(6, (2, 1, 8, 8), generator=torch.Generator().manual_seed(0))
    true = MAP_COLOURS[land[:, 0]].permute(0, 3, 1, 2) * 2 - 1
    run = known_run(true.flip(0), truth={("A", "land"): land.float()}, translate=lambda x, src, dst: x.flip(0))
    assert adaptation.map_accuracy(run).value == 1
    assert adaptation.map_copy(run).value < 0.5


def test_latent_distances_of_one_code_of_two_and_of_a_wrong_partner(images):
    def encode(x, domain):
        return x if domain == "A" else -x

    def run(partner, encode=encode):
        return known_run(images, truth={("A", "B"): partner}, encode=encode, translate=lambda x, src, dst: -x)

    shared = run(-images)
    assert adaptation.latent_distance(shared).value == pytest.approx(0, abs=1e-5)
    assert adaptation.latent_distance_truth(shared).value == pytest.approx(0, abs=1e-5)
    assert adaptation.latent_retrieval_truth(shared).value == 1
    strange = run(-images.roll(1, 0))
    assert adaptation.latent_distance_truth(strange).value > 1
    assert adaptation.latent_retrieval_truth(strange).value == 0
    unrelated = run(-images, lambda x, domain: x if domain == "A" else x.flip(2, 3))
    assert adaptation.latent_distance(unrelated).value == pytest.approx(1, abs=0.1)
