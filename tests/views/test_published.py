"""The figure of a paper's table: printed numbers and recorded seeds stand in the row of their arm."""

from labkit.runs import RunSpec
from labkit.study import Recorded
from labkit.views.published import published_beside


def recorded(values):
    spec = RunSpec("dtn", "digits", 5, 2)
    return Recorded(spec, [0, 1], {"accuracy": values}, {}, {"date": "2026-01-01"}, True)


def test_each_row_holds_its_number_in_print_and_its_seeds():
    record = {"full": recorded([0.7, 0.9]), "part": recorded([0.2, 0.4])}
    arms = {"DTN": "full", "part of it": "part", "not run": "absent"}
    figure = published_beside(record, "accuracy", arms, {"full": 0.95, "part": 0.5}, "study", "t", chance=0.1)
    (axes,) = figure.axes
    lines = [(list(line.get_xdata()), list(line.get_ydata())) for line in axes.get_lines()]
    assert ([0.95], [0]) in lines and ([0.5], [1]) in lines
    assert ([0.7, 0.9], [0, 0]) in lines and ([0.2, 0.4], [1, 1]) in lines
    assert any(x == [0.8, 0.8] for x, _ in lines)
    assert [label.get_text() for label in axes.get_yticklabels()] == list(arms)
    assert "no record" in [text.get_text() for text in axes.texts]
    assert "absent" in figure.get_supxlabel()
