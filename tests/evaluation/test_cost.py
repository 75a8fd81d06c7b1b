"""What a step costs."""

from pathlib import Path

import pytest

from labkit.evaluation import (
    cost,
)
from labkit.runs import Run, RunSpec
from labkit.runs.bench import gflop


@pytest.mark.parametrize(("system", "kinds"), [("cut", [{}]), ("fastcut", [{"flip": 0.0}, {"flip": 1.0}])])
def test_the_cost_of_a_step_is_counted_at_the_size_of_the_run(system, kinds):
    settings = {"ngf": 4, "ndf": 4, "blocks": 2, "d_layers": 1, "dim": 8}
    spec = RunSpec(system, "figure_on_ground", 1, 3, settings=settings, data_settings={"size": 16})
    expected = 3 * sum(gflop(system, settings | kind, 16) for kind in kinds) / len(kinds)
    found = cost.step_gflop(Run(spec, Path("none"), None, None))
    assert found.value == pytest.approx(expected, rel=0.02)
