"""The figure of domain adaptation: last steps, the oracle beside them, and the printed number."""

from labkit.runs.spec import RunSpec
from labkit.study import Recorded
from labkit.views.adaptation import adaptation


def entry(**values):
    return Recorded(RunSpec("cogan", "mnist_to_usps", 300, 4), [0, 1], values, {}, {"date": "2026-01-02"}, True)


def test_dots_rings_and_dashes_stand_where_they_should():
    record = {
        "plain": entry(target_accuracy=[0.6, 0.7]),
        "cogan": entry(target_accuracy=[0.8, 0.9], target_accuracy_best=[0.85, 0.95]),
    }
    panels = {"M → U": {"source only": "plain", "CoGAN": "cogan", "UNIT": "absent"}}
    figure = adaptation(record, panels, {"M → U": {"CoGAN": 0.97}}, "study")
    (panel,) = figure.axes
    heights = [list(line.get_ydata()) for line in panel.lines if len(line.get_ydata())]
    assert heights == [[0.6, 0.7], [0.8, 0.9], [0.85, 0.95], [0.97, 0.97]]
    assert [text.get_text() for text in panel.texts] == ["no\nrecord"]
    assert "not recorded yet: absent" in figure.get_supxlabel()
