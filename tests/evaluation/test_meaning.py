"""What f, the embedding and the code hold, on systems whose answer is known."""

import pytest
import torch
from known_translator import Known, known_run

from labkit import data, judges
from labkit.data.domain import Domain
from labkit.evaluation import meaning
from labkit.systems.dtn import DTNSettings


@pytest.fixture(scope="module")
def digits():
    return data.load("optdigits").test["real"]


@pytest.fixture
def images():
    return torch.rand(20, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def reads(there):
    """A translator that was trained with the judge of handwriting as its f."""
    return Known(there, settings=DTNSettings(f="optdigits"))


def embeds(embed_A, embed_B, there=None):
    """A translator that embeds each domain by a given function."""
    return Known(there, embed=lambda x, src: {"A": embed_A, "B": embed_B}[src](x))


def test_constancy_is_nothing_for_a_copy_and_two_for_a_stranger(digits):
    run = known_run(reads(lambda x: x), digits)
    assert meaning.constancy_error(run).value == pytest.approx(0, abs=1e-8)
    shuffled = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    run = known_run(reads(lambda x: x[shuffled[shuffled < len(x)]]), digits)
    assert 1.5 < meaning.constancy_error(run).value < 2.5


def test_the_spread_of_a_frozen_f_is_one_and_of_a_constant_one_nothing(digits):
    system = Known(f=judges.load("optdigits"))
    run = known_run(system, digits)
    assert meaning.f_spread(run).value == pytest.approx(1, abs=0.1)
    system.f.feature_std.fill_(1e9)
    assert meaning.f_spread(run).value == pytest.approx(0, abs=1e-4)


def test_the_probe_finds_a_domain_that_shows_and_not_one_that_does_not(images):
    grey = images[:, :1]

    def flat(shift):
        return lambda x: x.flatten(1)[:, :8] + shift

    shows = known_run(embeds(flat(0.0), flat(3.0)), grey, grey.flip(0))
    hides = known_run(embeds(flat(0.0), flat(0.0)), grey, grey.flip(0))
    assert meaning.domain_probe(shows).value == 1
    assert meaning.domain_probe(hides).value == pytest.approx(0.5, abs=1e-6)


def test_a_digit_read_in_both_domains_with_one_embedding(digits):
    judge = judges.load("optdigits")
    inverted = Domain("b", -digits.images, digits.labels)
    one = known_run(embeds(judge.features, lambda x: judge.features(-x)), digits, inverted)
    two = known_run(embeds(judge.features, lambda x: judge.features(-x).roll(9, 1)), digits, inverted)
    assert meaning.embedded_digit(one).value > 0.98
    assert meaning.embedded_digit(two).value < 0.5


def test_the_semantic_error_is_relative_to_the_spread_of_the_embedding(images):
    for scale in (1.0, 50.0):
        code = lambda x, scale=scale: scale * x.flatten(1)  # noqa: E731
        kept = known_run(embeds(code, code, lambda x: x), images)
        assert meaning.semantic_error(kept).value == pytest.approx(0, abs=1e-6)
        lost = known_run(embeds(code, code, lambda x: 0 * x), images)
        assert meaning.semantic_error(lost).value == pytest.approx(1, abs=0.1)


def test_latent_distances_of_one_code_of_two_and_of_a_wrong_partner(images):
    def encode(x, domain):
        return x if domain == "A" else -x

    def run(partner, encode=encode):
        return known_run(Known(lambda x: -x, encode=encode), images, A_B=partner)

    shared = run(-images)
    assert meaning.latent_distance(shared).value == pytest.approx(0, abs=1e-5)
    assert meaning.latent_distance_truth(shared).value == pytest.approx(0, abs=1e-5)
    assert meaning.latent_retrieval_truth(shared).value == 1
    strange = run(-images.roll(1, 0))
    assert meaning.latent_distance_truth(strange).value > 1
    assert meaning.latent_retrieval_truth(strange).value == 0
    unrelated = run(-images, lambda x, domain: x if domain == "A" else x.flip(2, 3))
    assert meaning.latent_distance(unrelated).value == pytest.approx(1, abs=0.1)
