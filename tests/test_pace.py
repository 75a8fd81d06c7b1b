"""The estimate: never from the first step, true for players that take turns, unmoved by one slow moment."""

import pytest

from labkit.pace import Pace, spoken
from labkit.progress import Bar
from labkit.train import History


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def walk(seconds, kinds=None, aside=()):
    clock = Clock()
    pace = Pace(clock)
    for i, step in enumerate(seconds):
        clock.now += step
        pace.step(kinds[i] if kinds else None)
        if i in aside:
            clock.now += 10
        pace.aside()
    return pace


def test_nothing_is_said_before_enough_steps_were_timed_and_the_first_is_not_counted():
    assert walk([100.0]).seconds() is None
    assert walk([100.0, 2.0, 2.0]).seconds() is None
    assert "first steps" in walk([100.0, 2.0, 2.0]).sentence(3, 10)
    assert walk([100.0, 2.0, 2.0, 2.0]).seconds() == pytest.approx(2.0)


def test_one_slow_moment_does_not_move_it():
    assert walk([9.0, 2.0, 2.0, 50.0, 2.0, 2.0]).seconds() == pytest.approx(2.0)


def test_players_that_take_turns_are_weighted_by_how_often_they_come():
    kinds = ["D", "G", "G"] * 5
    pace = walk([1.0 if kind == "D" else 4.0 for kind in kinds], kinds)
    assert pace.seconds() == pytest.approx(3.0)  # the median of all steps would be 4


def test_a_kind_that_was_seen_once_is_waited_for():
    assert walk([5.0, 1.0, 1.0, 1.0, 1.0, 60.0], "DDDDDG").seconds() is None


def test_checkpoints_and_pictures_are_spread_over_the_steps():
    pace = walk([1.0] * 20, aside=(9, 19))
    assert pace.seconds() == pytest.approx(2.0)
    assert pace.sentence(20, 100) == "2 s a step, 3 min left of 3 min"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (42, "42 s"), (119, "119 s"), (1800, "30 min"), (12_000, "3 h 20 min"), (7200, "2 h")]
    + [(186_000, "2 d 4 h"), (345_600, "4 d")],
)
def test_durations_are_spoken_in_two_units(seconds, text):
    assert spoken(seconds) == text


def test_the_bar_says_the_pace(monkeypatch, capsys):
    monkeypatch.delenv("LABKIT_PROGRESS", raising=False)
    with Bar("cyclegan", 8, pace=walk([9.0, 0.5, 0.5, 0.5])) as bar:
        for _ in range(8):
            bar.advance()
    assert "0.5 s a step, 0 s left of 4 s" in capsys.readouterr().err


def test_the_clock_goes_on_and_is_no_part_of_what_makes_two_histories_equal():
    first, second = History(), History()
    for history, seconds in ((first, 1.5), (second, 9.0)):
        history.add(0, "G/adv", 1.0)
        history.tick(0, seconds)
    assert first == second
    again = History.from_dict(first.to_dict())
    assert again.clock() == ([0], [1.5]) and again.terms() == ["G/adv"] and again.seconds() == 1.5
    assert History.from_dict({"G/adv": [[0], [1.0]]}).seconds() == 0.0  # records from before there was a clock
