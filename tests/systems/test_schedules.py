import pytest

from labkit.systems.schedules import constant, cosine, halve_every, linear_decay, steps_down


def test_linear_decay_is_flat_then_falls_to_the_last_step():
    factor = linear_decay(0.5)
    assert [factor(step, 10) for step in (0, 4, 5)] == [1.0, 1.0, 1.0]
    assert factor(6, 10) == pytest.approx(0.8)
    assert factor(9, 10) == pytest.approx(0.2)


def test_linear_decay_of_one_is_constant():
    assert all(linear_decay(1.0)(step, 7) == constant(step, 7) == 1.0 for step in range(7))


def test_halving():
    factor = halve_every(100)
    assert [factor(step, 1000) for step in (0, 99, 100, 250)] == [1.0, 1.0, 0.5, 0.25]


def test_cosine_warms_up_and_comes_down():
    factor = cosine(0.1)
    assert [factor(step, 100) for step in (0, 9, 10)] == pytest.approx([1 / 11, 10 / 11, 1.0])
    assert factor(55, 100) == pytest.approx(0.5)
    assert factor(99, 100) == pytest.approx(0.0, abs=1e-3)
    assert cosine()(0, 7) == 1.0


def test_steps_down():
    factor = steps_down((0.6, 0.8))
    assert [factor(step, 10) for step in (0, 5, 6, 7, 8, 9)] == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])
