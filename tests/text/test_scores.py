"""BLEU by hand, and the criterion that needs no pairs."""

import math

import pytest
import torch

from labkit.text.languages import languages
from labkit.text.scores import bleu, round_trip_bleu, translation_bleu, word_by_word_bleu
from labkit.text.translator import SentenceSettings, SentenceTranslator


@pytest.fixture(scope="module")
def data():
    return languages(n_train=20, n_test=30)


@pytest.fixture(scope="module")
def system(data):
    torch.manual_seed(0)
    return SentenceTranslator(data.dictionaries, SentenceSettings(width=8, hidden=8, layers=1, judge=8))


def test_bleu_by_hand():
    wanted = ["the dog sees the red apple"]
    assert bleu(wanted, wanted) == pytest.approx(100)
    # 5 of 5 words, 4 of 4 pairs, 3 of 3, 2 of 2, and one word too few of six
    assert bleu(["the dog sees the red"], wanted) == pytest.approx(100 * math.exp(1 - 6 / 5))
    # 5 of 6 words, 3 of 5 pairs, 2 of 4, 1 of 3
    assert bleu(["the dog sees the big apple"], wanted) == pytest.approx(100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25)


def test_an_oracle_scores_all_and_a_dictionary_some(data, system, monkeypatch):
    by_dictionary = word_by_word_bleu(system, data)
    assert 5 < by_dictionary < 80
    others = {"A": data.test["A"].numbers, "B": data.test["B"].numbers}
    monkeypatch.setattr(system, "translate", lambda x, src, dst: others[dst])
    assert translation_bleu(system, data) == pytest.approx(100) and round_trip_bleu(system, data) == pytest.approx(100)


def test_an_untrained_translator_scores_next_to_nothing(data, system):
    assert translation_bleu(system, data) < 5 and round_trip_bleu(system, data) < 5
