"""The order of two tables."""

import pytest

from labkit.metrics.order import order_agreement


def test_the_order_of_rows_agrees_disagrees_or_half_does():
    published = {"a": 0.9, "b": 0.5, "c": 0.1}
    ours = {"a": [0.6, 0.1, 0.6], "b": [0.5, 0.2, 0.1], "c": [0.2, 0.3, 0.2]}
    found = order_agreement(published, ours, [0, 1, 2])
    assert [m.value for m in found] == pytest.approx([1, -1, 1 / 3])
    assert [m.seed for m in found] == [0, 1, 2]
