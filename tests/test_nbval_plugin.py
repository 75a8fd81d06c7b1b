import pytest

from labkit.nbval_plugin import close, snap, within_tolerance, without_widget
from labkit.notebooks import WIDGET_TEXT, WIDGET_VIEW


@pytest.mark.parametrize(
    ("number", "wanted", "expected"),
    [
        ("0.500", "0.500", True),
        ("0.504", "0.500", True),
        ("0.506", "0.500", False),
        ("0.494", "0.500", False),
        ("0.002", "0.000", True),
        ("0.003", "0.000", False),
        ("-0.50", "0.50", False),
        ("1.01e-05", "1.00e-05", True),
        ("1.03e-05", "1.00e-05", False),
        ("1.0e-04", "1.0e-05", False),
    ],
)
def test_close(number, wanted, expected):
    assert close(number, wanted) is expected


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("loss 0.51", "loss 0.99"),
        ("loss 0.5001 after 301 steps", "loss 0.5000 after 300 steps"),
        ("lost 0.5001", "loss 0.5000"),
        ("0.5000 0.5000", "0.5000"),
        ("holds 0.5001", "does not hold 0.5000"),
    ],
)
def test_snap_leaves_what_differs(text, reference):
    assert snap(text, reference) == text


def test_snap_forgives_the_last_digits():
    assert snap("D 0.5001, G -1.2345", "D 0.5000, G -1.2340") == "D 0.5000, G -1.2340"


def test_only_texts_are_snapped():
    output = {"data": {"text/plain": "0.5001", "image/png": "abc"}}
    reference = {"data": {"text/plain": "0.5000", "image/png": "xyz"}}
    assert within_tolerance(output, reference)["data"] == {"text/plain": "0.5000", "image/png": "abc"}


def test_a_widget_is_compared_by_its_presence():
    output = {"data": {WIDGET_VIEW: {"model_id": "random"}, "text/plain": "IntSlider(value=3)"}}
    assert without_widget(output)["data"] == {"text/plain": WIDGET_TEXT}
    assert without_widget({"text": "3"}) == {"text": "3"}
