"""The check of lesson 00: the solution passes, and each typical mistake fails for its own reason."""

import pytest
import torch

from labkit.exercises import lesson00
from labkit.exercises.check import Unsolved
from lesson_text import folded_solution, stub


def test_the_lessons_solution_passes_and_its_stub_is_unsolved():
    assert lesson00.to_range.broken(folded_solution("00_start_here", "to_range")) is None
    with pytest.raises(Unsolved):
        lesson00.to_range.broken(stub("00_start_here", "to_range"))


@pytest.mark.parametrize(
    ("wrong", "property_name"),
    [
        (lambda p: p / 127.5 - 1.0 > 0, "type"),
        (lambda p: p.double() / 127.5 - 1, "type"),
        (lambda p: p.float().flatten() / 127.5 - 1, "shape"),
        (lambda p: p.float() / 255, "ends"),
        (lambda p: p.float() / 128 - 1, "ends"),
        (lambda p: 1 - p.float() / 127.5, "ends"),
        (lambda p: 2 * (p.float() / 255).sqrt() - 1, "line"),
        (lambda p: (p.float() / 127.5 - 1).round(), "line"),
        (lambda p: torch.zeros_like(p.float()), "ends"),
        (lambda p: (p.float() / 127.5 - 1, p.zero_())[0], "input"),
    ],
)
def test_wrong_answers_fail_for_their_reason(wrong, property_name):
    assert lesson00.to_range.broken(wrong).name == property_name
