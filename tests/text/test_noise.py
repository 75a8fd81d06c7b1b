"""Noise of sentences: nothing moves too far, what is dropped is dropped, and a sentence still ends."""

import pytest
import torch

from labkit.text.languages import END, PAD
from labkit.text.noise import corrupted

SENTENCES = torch.full((400, 9), PAD)
for row, length in zip(SENTENCES, [1, 3, 5, 8] * 100, strict=True):
    row[: length + 1] = torch.tensor([*range(10, 10 + length), END])


def test_words_move_no_further_than_k_and_the_end_stays():
    torch.manual_seed(0)
    found = corrupted(SENTENCES, drop=0.0, shuffle=3)
    assert torch.equal(found == END, SENTENCES == END) and torch.equal(found == PAD, SENTENCES == PAD)
    assert torch.equal(found.sort(1).values, SENTENCES.sort(1).values)
    words = SENTENCES >= 10
    moved = (found - SENTENCES)[words].abs()
    assert moved.max() == 3 and (moved > 0).float().mean() > 0.3


def test_words_are_dropped_as_often_as_asked_and_one_stays():
    torch.manual_seed(0)
    found = corrupted(SENTENCES, drop=0.3, shuffle=0)
    left, before = (found >= 10).sum(1), (SENTENCES >= 10).sum(1)
    assert left.min() == 1 and (left[before == 8].float().mean() / 8).item() == pytest.approx(0.7, abs=0.04)
    assert torch.equal((found == END).int().argmax(1), left)  # words, then the end
    for row in found:
        assert row[row >= 10].tolist() == sorted(row[row >= 10].tolist())


def test_all_may_be_drawn_to_drop_and_one_stays():
    assert ((corrupted(SENTENCES, drop=1.0, shuffle=0) >= 10).sum(1) == 1).all()


def test_without_noise_nothing_changes():
    assert torch.equal(corrupted(SENTENCES, drop=0.0, shuffle=0), SENTENCES)
