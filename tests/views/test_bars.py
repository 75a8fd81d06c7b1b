import pytest

from labkit.views.bars import bar_panels


def test_a_bar_for_each_name_in_each_panel_with_its_value():
    figure = bar_panels({"a": {"x": 1.0, "y": -0.5}, "b": {"x": 2.0, "y": 0.25}}, {"b": 1.0})
    assert [len(axes.patches) for axes in figure.axes] == [2, 2]
    assert [t.get_text() for t in figure.axes[1].texts] == ["2.00", "0.25"]
    assert [len(axes.lines) for axes in figure.axes] == [0, 1]
    assert figure.axes[0].get_xlim()[0] == -0.5


def test_panels_with_other_names_are_refused():
    with pytest.raises(ValueError, match="other names"):
        bar_panels({"a": {"x": 1.0}, "b": {"y": 2.0}})
