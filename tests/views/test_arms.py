"""The figures of recorded arms: what is drawn, and what the line below them says."""

import pytest

from labkit.runs.spec import RunSpec
from labkit.study import Recorded
from labkit.views.arms import arm_panels, made_with, ratio_curves


def entry(up_to_date=True, date="2026-01-02", steps=300, **values):
    spec = RunSpec("cyclegan", "digits_to_glyphs", steps, 4)
    return Recorded(spec, [0, 1, 2], values, {}, {"date": date}, up_to_date)


RECORD = {"naive": entry(label_accuracy=[0.1, 0.2, 0.3]), "cycle": entry(label_accuracy=[0.5, 0.6, 0.7])}


def test_the_line_below_says_date_steps_and_seeds():
    assert made_with(RECORD, ["naive", "cycle"], "study") == "recorded 2026-01-02, 300 steps, seeds 0, 1, 2"


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({}, "not recorded yet: run `study`"),
        ({"naive": RECORD["naive"]}, "not recorded yet: cycle"),
        (RECORD | {"cycle": entry(False)}, "the settings of cycle have changed since: run `study`"),
        (RECORD | {"cycle": entry(steps=500)}, "300 or 500 steps"),
        (RECORD | {"cycle": entry(date="2026-02-01")}, "2026-01-02 and 2026-02-01"),
    ],
)
def test_it_says_what_is_missing_stale_or_mixed(record, words):
    assert words in made_with(record, ["naive", "cycle"], "study")


def test_a_dot_for_every_seed_and_a_bar_at_their_mean():
    arms = {"GAN": "naive", "both": "cycle", "absent": "none"}
    (panel,) = arm_panels(RECORD, {"kept": "label_accuracy"}, arms, "study", {"label_accuracy": {"chance": 0.1}}).axes
    dots, bar = panel.lines[0], panel.lines[1]
    assert list(dots.get_ydata()) == [0.1, 0.2, 0.3]
    assert list(bar.get_ydata()) == pytest.approx([0.2, 0.2])
    assert [text.get_text() for text in panel.texts] == ["no record", "chance"]
    assert [label.get_text() for label in panel.get_xticklabels()] == ["GAN", "both", "absent"]


def test_axes_start_at_zero_and_hold_every_dot_and_mark():
    arms = {"GAN": "naive", "both": "cycle"}
    (panel,) = arm_panels(RECORD, {"kept": "label_accuracy"}, arms, "study", {"label_accuracy": {"all": 2.0}}).axes
    assert panel.get_ylim()[0] == 0 and panel.get_ylim()[1] > 2.0


def test_an_arm_that_was_recorded_without_the_measure_says_so():
    (panel,) = arm_panels(RECORD, {"kept": "cycle_error"}, {"GAN": "naive", "absent": "none"}, "study").axes
    assert [text.get_text() for text in panel.texts] == ["not measured", "no record"]


def test_ratio_curves_draw_every_seed_and_survive_an_empty_record():
    values = {f"ratio_{kind}_{k}": [1.0, 1.1, 1.2 * k] for kind in ("white", "slow") for k in (1, 2)}
    record = {"hidden": entry(**values, ratio_rounded=[1.0, 1.0, 1.0])}
    noises = {"white": "ratio_white_{}", "slow": "ratio_slow_{}"}
    for found, lines in ((record, 2 * 3 + 1), ({}, 0)):
        (panel,) = ratio_curves(
            found, {"CycleGAN": "hidden"}, noises, (1, 2), {"8 bits": "ratio_rounded"}, "study"
        ).axes
        assert len(panel.lines) == lines
