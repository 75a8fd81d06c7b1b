"""The toy languages: what they say, that nothing is paired, and a dictionary that counts alone give."""

import pytest
import torch

from labkit.errors import LabError
from labkit.text.dictionary import by_company
from labkit.text.languages import CONCEPTS, END, LONGEST, PAD, Meaning, Noun, closed, in_A, in_B, languages, made_up


@pytest.fixture(scope="module")
def small():
    return languages(n_train=1500, n_test=40)


def test_each_language_says_it_in_its_own_order():
    meaning = Meaning(Noun("dog", "small"), "sees", Noun("apple", "red"), "garden", "often")
    assert " ".join(in_A(meaning)) == "the small dog sees the red apple in the garden often"
    itself = {concept: concept for concept in CONCEPTS}
    assert " ".join(in_B(meaning, itself)) == "dog small often sees apple red garden in"


def test_one_word_may_stand_for_two_and_only_the_sentence_tells():
    word = made_up(CONCEPTS, 0)
    assert word == made_up(CONCEPTS, 0) != made_up(CONCEPTS, 1)
    assert len(set(word.values())) == len(CONCEPTS) - 2
    for one, other in (("tall", "big"), ("meets", "sees")):
        assert word[one] == word[other]
    lamp, stone = Meaning(Noun("lamp", "light*"), "falls", None, None, None), Noun("stone", "light")
    assert in_A(lamp)[1] == in_A(lamp._replace(subject=stone))[1] == "light"
    assert in_B(lamp, word)[1] != in_B(lamp._replace(subject=stone), word)[1]


def test_test_sentences_are_pairs_and_training_sentences_are_none(small):
    said_A, said_B = small.test["A"].texts(), small.test["B"].texts()
    assert len(said_A) == len(said_B) == 40 and len(set(said_A)) == 40
    for key, said in (("A", said_A), ("B", said_B)):
        assert len(small.train[key]) == 1500
        assert not set(said) & set(small.train[key].texts())
    verb_of = {"sleeps": set(), "waits": set()}
    for one, other in zip(said_A, said_B, strict=True):
        for verb, words in verb_of.items():
            words |= set(other.split()) if verb in one.split() else set()
    word = made_up(CONCEPTS, 0)
    assert all(not words or word[verb] in words for verb, words in verb_of.items())


def test_sentences_are_numbers_and_end(small):
    numbers = small.train["A"].numbers
    assert numbers.shape == (1500, LONGEST + 1) and ((numbers == END).sum(1) == 1).all()
    after = (numbers == END).cumsum(1) - (numbers == END).int() > 0
    assert (numbers[after] == PAD).all() and not (numbers[~after] == PAD).any()
    assert torch.equal(small.train["A"].take([3, 1]), numbers[[3, 1]])


def test_the_true_dictionary_has_no_word_for_an_article(small):
    there, back = small.dictionaries
    words_A, words_B = small.train["A"].words, small.train["B"].words
    word = made_up(CONCEPTS, 0)
    assert there[words_A.index("the")] == PAD
    assert words_B[there[words_A.index("dog")]] == word["dog"] and words_A[back[words_B.index(word["dog"])]] == "dog"


def test_closing_gaps_keeps_the_order_of_words():
    assert closed(torch.tensor([[5, PAD, 7, END, PAD], [PAD, PAD, 4, END, PAD]])).tolist() == [
        [5, 7, END, PAD, PAD],
        [4, END, PAD, PAD, PAD],
    ]


def test_company_alone_tells_many_words(small):
    """Chance is 1 in 60."""
    for (src, dst), true in zip((("A", "B"), ("B", "A")), small.dictionaries, strict=True):
        found = by_company(small.train[src], small.train[dst])
        assert found[:3].tolist() == [0, 1, 2] and found[3:].min() >= 3
        assert (found == true)[3:].float().mean() > 0.25


def test_no_sentences_are_refused():
    with pytest.raises(LabError, match="n_train 0"):
        languages(n_train=0)
