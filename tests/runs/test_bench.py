"""The counted cost of a step: the official CycleGAN's figures, and gradients left as they were."""

import pytest
import torch

from labkit.runs.bench import gflop, seconds, step
from labkit.systems import build


def test_gflop_of_a_cyclegan_step_equal_those_counted_on_the_official_code():
    assert gflop("cyclegan", {}) == pytest.approx(1879.2, abs=0.1)
    assert gflop("cyclegan", {"lambda_idt": 0.0}) == pytest.approx(1287.1, abs=0.1)


def test_a_measured_step_takes_time_and_leaves_no_gradient():
    small = {"ngf": 4, "ndf": 4, "blocks": 1, "d_layers": 1}
    assert seconds("cyclegan", small, size=16, repeats=1) > 0
    system = build("cyclegan", small)
    step(system, {key: torch.zeros(1, 3, 16, 16) for key in "AB"})
    assert all(p.grad is None and p.requires_grad for p in system.parameters())
