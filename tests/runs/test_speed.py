"""The forms of a step take turns; their ratios are to the first."""

import pytest

from labkit.runs import bench, speed
from labkit.runs.speed import Speed, speeds
from labkit.systems import build

SMALL = {"ngf": 4, "ndf": 4, "blocks": 1, "d_layers": 1}


def test_forms_are_measured_side_by_side_and_the_first_is_the_measure():
    found = speeds("cyclegan", SMALL, {"plain": ("float32", False), "again": ("float32", False)}, size=32, rounds=8)
    assert list(found) == ["plain", "again"]
    assert found["plain"].ratio == 1.0
    assert 0.5 < found["again"].ratio < 2
    assert all(each.seconds > 0 and each.first > 0 for each in found.values())


@pytest.mark.parametrize("label", speed.SYSTEMS)
def test_every_system_takes_the_measured_size(label):
    name, settings = speed.SYSTEMS[label]
    assert bench.cost(bench.Contender(name, settings), speed.SIZE, speed.BATCH).gflop > 0
    assert build(name, settings).settings


def test_a_row_names_seconds_ratios_and_the_slow_first_step():
    forms = dict(zip(speed.FORMS, (Speed(0.7, 1.0, 0.9), Speed(0.5, 1.4, 60.2), Speed(0.4, 1.75, 0.8)), strict=False))
    forms["bf16, compiled"] = Speed(0.25, 2.8, 71.7)
    record = {"engine": {"CycleGAN": {form: vars(found) for form, found in forms.items()}}}
    assert bench.engine_cells_of(record) == [("CycleGAN", "0.70", "1.40 ×", "1.75 ×", "2.80 ×", "72 s")]
    assert len(bench.ENGINE_COLUMNS) == 6
