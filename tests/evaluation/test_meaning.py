"""The measures of lesson 06 on translators whose answer is known."""

from pathlib import Path

import pytest
import torch

from labkit import data, judges
from labkit.data.domain import DataSet, Domain
from labkit.evaluation import meaning
from labkit.evaluation.measures import measure
from labkit.runs import RunSpec
from labkit.runs.run import Run
from labkit.systems.base import Translator
from labkit.systems.dtn import DTNSettings


class Known(Translator):
    """Translates A → B by a given function; embeds each domain by one."""

    def __init__(self, there, embed_A=None, embed_B=None):
        super().__init__()
        self.there, self.embeds = there, {"A": embed_A, "B": embed_B}
        self.settings = DTNSettings(f="optdigits")

    def translate(self, x, src="A", dst="B"):
        return self.there(x)

    def embed(self, x, src):
        return self.embeds[src](x)


def known_run(system, test, train=None, truth=None):
    spec = RunSpec("dtn", "known", 1, 1, seed=4)
    run = Run(spec, Path("none"), system, None)
    truth = {} if truth is None else {("A", "B"): truth}
    run.__dict__["dataset"] = DataSet("known", train or {}, test, truth)
    return run


@pytest.fixture(scope="module")
def digits():
    return data.load("optdigits", {}).test["real"]


@pytest.fixture
def noise():
    return torch.rand(20, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_the_copy_is_judged_as_it_is(digits):
    run = known_run(Known(lambda x: 0 * x), {"A": digits, "B": digits})
    assert meaning.label_accuracy_copy(run).value == pytest.approx(judges.load("optdigits").record["ceiling"])


def test_only_the_threes_count(digits):
    def all_but_threes(x):
        seen = judges.load("optdigits").predict(x)
        return torch.where((seen == 3)[:, None, None, None], torch.full_like(x, -1.0), x)

    def only_threes(x):
        return torch.where((judges.load("optdigits").predict(x) == 3)[:, None, None, None], x, torch.full_like(x, -1.0))

    lost, kept = (known_run(Known(there), {"A": digits, "B": digits}) for there in (all_but_threes, only_threes))
    assert meaning.three_accuracy(lost).value < 0.15
    assert meaning.three_accuracy(kept).value > 0.95
    assert meaning.three_accuracy(kept).n == int((digits.labels == 3).sum())


def test_constancy_is_nothing_for_a_copy_and_two_for_a_stranger(digits):
    run = known_run(Known(lambda x: x), {"A": digits, "B": digits})
    assert meaning.constancy_error(run).value == pytest.approx(0, abs=1e-8)
    shuffled = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    run = known_run(Known(lambda x: x[shuffled[shuffled < len(x)]]), {"A": digits, "B": digits})
    assert 1.5 < meaning.constancy_error(run).value < 2.5


def test_the_spread_of_a_frozen_f_is_one_and_of_a_constant_one_nothing(digits):
    system = Known(lambda x: x)
    system.f = judges.load("optdigits")
    run = known_run(system, {"A": digits, "B": digits})
    assert meaning.f_spread(run).value == pytest.approx(1, abs=0.1)
    system.f.feature_std.fill_(1e9)
    assert meaning.f_spread(run).value == pytest.approx(0, abs=1e-4)


def test_the_probe_finds_a_domain_that_shows_and_not_one_that_does_not(noise):
    domains = {"A": Domain("a", noise[:, :1]), "B": Domain("b", noise.flip(0)[:, :1])}

    def flat(shift):
        return lambda x: x.flatten(1)[:, :8] + shift

    shows = known_run(Known(None, flat(0.0), flat(3.0)), domains, domains)
    hides = known_run(Known(None, flat(0.0), flat(0.0)), domains, domains)
    assert meaning.domain_probe(shows).value == 1
    assert meaning.domain_probe(hides).value == pytest.approx(0.5, abs=1e-6)


def test_a_digit_read_in_both_domains_with_one_embedding(digits):
    judge = judges.load("optdigits")
    inverted = Domain("b", -digits.images, digits.labels)
    domains = {"A": digits, "B": inverted}
    one = known_run(Known(None, judge.features, lambda x: judge.features(-x)), domains, domains)
    two = known_run(Known(None, judge.features, lambda x: judge.features(-x).roll(9, 1)), domains, domains)
    assert meaning.embedded_digit(one).value > 0.98
    assert meaning.embedded_digit(two).value < 0.5


def test_the_semantic_error_is_relative_to_the_spread_of_the_embedding(noise):
    domains = {"A": Domain("a", noise), "B": Domain("b", noise)}
    for scale in (1.0, 50.0):
        code = lambda x, scale=scale: scale * x.flatten(1)  # noqa: E731
        kept = known_run(Known(lambda x: x, code, code), domains)
        assert meaning.semantic_error(kept).value == pytest.approx(0, abs=1e-6)
        lost = known_run(Known(lambda x: 0 * x, code, code), domains)
        assert meaning.semantic_error(lost).value == pytest.approx(1, abs=0.1)


def test_a_quarter_turn_is_undone_before_the_judge_looks(digits):
    B = Domain("rotated", digits.images.rot90(1, (2, 3)), digits.labels)
    turns = known_run(Known(lambda x: x.rot90(1, (2, 3))), {"A": digits, "B": B})
    stays = known_run(Known(lambda x: x), {"A": digits, "B": B})
    assert meaning.turned_back_accuracy(turns).value > 0.98
    assert meaning.turned_back_accuracy(stays).value < 0.5


def test_the_paired_rank_asks_for_ones_own_partner(noise):
    domains = {"A": Domain("a", noise), "B": Domain("b", -noise)}
    right = known_run(Known(lambda x: -x), domains, truth=-noise)
    values = measure(right, ["paired_rank", "paired_rank_copy", "truth_error_copy"])
    assert values["paired_rank"].value == 1
    assert values["truth_error_copy"].value == pytest.approx(2 * noise.abs().mean().item(), rel=1e-5)
    wrong = known_run(Known(lambda x: -x.roll(1, 0)), domains, truth=-noise)
    assert meaning.paired_rank(wrong).value < 0.3


def test_the_order_of_rows_agrees_disagrees_or_half_does():
    published = {"a": 0.9, "b": 0.5, "c": 0.1}
    ours = {"a": [0.6, 0.1, 0.6], "b": [0.5, 0.2, 0.1], "c": [0.2, 0.3, 0.2]}
    found = meaning.order_agreement(published, ours, [0, 1, 2])
    assert [m.value for m in found] == pytest.approx([1, -1, 1 / 3])
    assert [m.seed for m in found] == [0, 1, 2]
