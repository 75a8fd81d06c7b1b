"""The figures of what was varied: dots and means at their places, numbers in print beside them."""

from labkit.runs import RunSpec
from labkit.study import Recorded
from labkit.views.sweeps import sweep_panels


def recorded(**values):
    return Recorded(RunSpec("funit", "glyph_classes", 5, 2), [3, 4], values, {}, {"date": "2026-01-01"}, True)


RECORD = {"few": recorded(top1=[0.2, 0.4], dipd=[1.0, 1.2]), "many": recorded(top1=[0.5, 0.7], dipd=[1.1, 1.1])}
LINES = {"ours": {10: ("few", "top1"), 100: ("many", "top1"), 200: ("absent", "top1")}}


def drawn(panel):
    return [(list(line.get_xdata()), list(line.get_ydata())) for line in panel.get_lines()]


def test_a_dot_for_every_seed_and_a_line_through_their_means():
    panels = {"accuracy": LINES, "content": {"ours": {10: ("few", "dipd"), 100: ("many", "dipd")}}}
    figure = sweep_panels(RECORD, panels, "study", "classes", {"accuracy": {"chance": 0.05}}, log=True)
    accuracy, content = figure.axes
    assert ([10, 10], [0.2, 0.4]) in drawn(accuracy) and ([100, 100], [0.5, 0.7]) in drawn(accuracy)
    means = [y for x, y in drawn(accuracy) if x == [10, 100]]
    assert means and abs(means[0][0] - 0.3) < 1e-9 and abs(means[0][1] - 0.6) < 1e-9
    assert [0.05, 0.05] in [y for _, y in drawn(accuracy)]
    assert [label.get_text() for label in accuracy.get_xticklabels()] == ["10", "100", "200"]
    assert content.get_ylim()[0] == 0 and content.get_ylim()[1] > 1.2
    assert "not recorded yet: absent" in figure.get_supxlabel()


def test_numbers_in_print_stand_beside_ours_and_name_themselves():
    (panel,) = sweep_panels(RECORD, {"t": LINES}, "study", "K", published={"t": {10: 0.8, 100: 0.9}}).axes
    assert ([10, 100], [0.8, 0.9]) in drawn(panel)
    assert "in print" in [text.get_text() for text in panel.get_legend().get_texts()]
    assert panel.get_ylim()[1] > 0.9


def test_without_a_record_it_says_so():
    figure = sweep_panels({}, {"t": LINES}, "study", "K")
    assert "no record" in [text.get_text() for text in figure.axes[0].texts]
    assert figure.get_supxlabel() == "not recorded yet: run `study`"
