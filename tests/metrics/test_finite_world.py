"""MUNIT's propositions by enumeration, what they do not promise, and that the gaps can be more than zero."""

from fractions import Fraction

import pytest

from labkit.metrics.finite_world import World, difference, marginal

UNEVEN = World((Fraction(2, 3), Fraction(1, 3)))
EVEN = World((Fraction(1, 2), Fraction(1, 2)))


@pytest.mark.parametrize(("world", "optima"), [(UNEVEN, 32), (EVEN, 576)])
def test_propositions_hold_at_every_optimum(world, optima):
    found = [pair for pair in world.pairs() if world.optimal(*pair)]
    assert len(found) == optima
    for pair in found:
        assert world.latent_gap(*pair) == world.joint_gap(*pair) == world.cycle_gap(*pair) == 0


def test_away_from_the_optima_latent_or_joint_distributions_differ():
    others = [pair for pair in UNEVEN.pairs() if not UNEVEN.optimal(*pair)]
    assert len(others) == 576 - 32
    assert all(UNEVEN.latent_gap(*pair) + UNEVEN.joint_gap(*pair) > 0 for pair in others)


def test_plain_cycle_consistency_fails_wherever_styles_are_drawn():
    assert {EVEN.cycle_gap(*pair, augmented=False) for pair in EVEN.pairs()} == {Fraction(1, 2)}


def test_content_is_kept_only_where_its_frequencies_tell():
    assert all(UNEVEN.keeps_content(*pair) for pair in UNEVEN.pairs() if UNEVEN.optimal(*pair))
    assert sum(EVEN.keeps_content(*pair) for pair in EVEN.pairs()) == 32


def test_without_choice_of_style_the_round_trip_is_plain():
    single = World((Fraction(2, 3), Fraction(1, 3)), styles=1)
    assert all(single.cycle_gap(*pair, augmented=False) == 0 for pair in single.pairs())


def test_distributions_by_hand():
    joint = {(0, "a"): Fraction(1, 4), (0, "b"): Fraction(1, 4), (1, "a"): Fraction(1, 2)}
    assert marginal(joint, 0) == {0: Fraction(1, 2), 1: Fraction(1, 2)}
    assert marginal(joint, 1) == {"a": Fraction(3, 4), "b": Fraction(1, 4)}
    assert difference({0: Fraction(1)}, {1: Fraction(1)}) == 2
