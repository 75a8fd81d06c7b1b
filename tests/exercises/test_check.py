import pytest

from labkit.exercises.check import Exercise, Property, Unsolved, answer

DOUBLE = Exercise(
    "doubling",
    (
        Property("value", lambda f: answer(f, 3) == 6, "3 becomes 6."),
        Property("sign", lambda f: answer(f, -1) == -2, "Mind negative numbers."),
    ),
)


def test_a_right_answer_passes(capsys):
    assert DOUBLE.broken(lambda x: 2 * x) is None
    assert DOUBLE(lambda x: 2 * x) is None
    assert capsys.readouterr().out == "✓ doubling: right (value, sign).\n"


def test_the_first_broken_property_is_named(capsys):
    assert DOUBLE.broken(lambda x: 2 * abs(x)).name == "sign"
    DOUBLE(lambda x: x)
    assert capsys.readouterr().out == "✗ doubling: value. 3 becomes 6.\n"


def test_an_error_in_the_answer_is_shown_and_not_raised(capsys):
    DOUBLE(lambda x: 1 / 0)
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_an_answer_that_returns_nothing_later_on_is_wrong_and_not_unsolved(capsys):
    DOUBLE(lambda x: 2 * x if x > 0 else None)
    out = capsys.readouterr().out
    assert out.startswith("✗ doubling: sign.") and "returned nothing" in out


def stub_raises(x):
    raise NotImplementedError


@pytest.mark.parametrize("stub", [lambda x: ..., lambda x: None, lambda x: (1, ...), stub_raises])
def test_a_stub_is_told_from_a_wrong_answer(stub, capsys):
    with pytest.raises(Unsolved):
        DOUBLE.broken(stub)
    DOUBLE(stub)
    assert capsys.readouterr().out.startswith("○ doubling: not solved yet.")
