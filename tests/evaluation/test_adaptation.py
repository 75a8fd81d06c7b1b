"""Reading B without its labels, and pairs from one code, on systems whose answer is known."""

import pytest
import torch
from known_translator import Known, known_run

from labkit import data
from labkit.data.domain import Domain
from labkit.evaluation import adaptation
from labkit.runs import RunSpec, run
from labkit.runs.run import kept


@pytest.fixture
def images():
    return torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_accuracy_is_read_in_the_domain_that_is_named(images):
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    right = torch.nn.functional.one_hot(labels, 3).float()
    run = known_run(
        Known(classify=lambda x, domain: right if domain == "A" else right.roll(1, 1)), Domain("a", images, labels)
    )
    assert adaptation.source_accuracy(run).value == 1
    assert adaptation.target_accuracy(run).value == 0
    assert adaptation.target_accuracy_best(run).value == 0  # nothing was kept on the way


def test_translations_are_read_as_pictures_of_B(images):
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    right = torch.nn.functional.one_hot(labels, 3).float()

    def classify(x, domain):
        return right if domain == "B" and torch.equal(x, -images) else right.roll(1, 1)

    run = known_run(Known(lambda x: -x, classify=classify), Domain("a", images, labels))
    assert adaptation.translation_accuracy(run).value == 1
    run = known_run(Known(lambda x: x, classify=classify), Domain("a", images, labels))
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
    run = known_run(Known(sample_pairs=lambda n, seed: (digits, -digits)), images)
    assert adaptation.pair_agreement(run).value == 1
    assert adaptation.pair_agreement_chance(run).value == pytest.approx(0.5, abs=0.1)  # white noise
    run = known_run(Known(sample_pairs=lambda n, seed: (digits, digits)), images)
    assert adaptation.pair_agreement(run).value == pytest.approx(0, abs=1e-6)


def test_pairs_of_one_digit():
    written = data.load("optdigits").test["real"].images[:60]
    run = known_run(Known(sample_pairs=lambda n, seed: (written, -written)), written)
    assert adaptation.pair_same_digit(run).value == 1
    run = known_run(Known(sample_pairs=lambda n, seed: (written, -written.roll(1, 0))), written)
    assert adaptation.pair_same_digit(run).value < 0.4
