"""The counted cost of a step: the official CycleGAN's figures, the targets, and gradients left as they were."""

import pytest
import torch

from labkit.runs import bench
from labkit.runs.bench import CONTENDERS, Contender, cost, gflop, measured, step
from labkit.systems import SYSTEMS, build

SMALL = {"ngf": 4, "ndf": 4, "blocks": 1, "d_layers": 1}


def test_gflop_of_a_cyclegan_step_equal_those_counted_on_the_official_code():
    assert gflop("cyclegan", {}) == pytest.approx(1879.2, abs=0.1)
    assert gflop("cyclegan", {"lambda_idt": 0.0}) == pytest.approx(1287.1, abs=0.1)


@pytest.mark.parametrize(
    ("name", "limit"), [("CUT, strided", 975), ("CUT", 1290), ("FastCUT, strided", 545), ("MUNIT", 1950)]
)
def test_no_pass_is_made_twice(name, limit):
    """The official code: 1235, 1423, 643, 2237. The lower bound keeps a pass from being forgotten."""
    assert 0.9 * limit < cost(CONTENDERS[name]).gflop <= limit


def test_a_flipped_step_costs_one_more_encoding_and_the_cost_is_the_mean():
    plain, flipped = (gflop("fastcut", bench.STRIDED | kind, 64) for kind in bench.FLIPS)
    assert plain < flipped < 1.2 * plain
    both = cost(Contender("fastcut", bench.STRIDED, bench.FLIPS), 64)
    assert both.gflop == pytest.approx((plain + flipped) / 2)


@pytest.mark.parametrize("name", CONTENDERS)
def test_every_contender_is_a_system_that_takes_the_measured_size(name):
    assert CONTENDERS[name].system in SYSTEMS
    assert cost(CONTENDERS[name], bench.SIZE).gflop > 0


def test_kept_bytes_are_counted_once_a_storage_and_at_the_peak():
    """Two layers: while the second term is computed the first one's is freed, so the peak is that of one."""
    kept = bench._Kept([])
    x = torch.zeros(1000, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(kept.pack, kept.unpack):
        y = x * 2.0
        loss = (y * y).sum() + y.exp().sum()  # y is saved twice and is one storage; exp saves its result
        assert kept.now == kept.peak == 2 * 4000
        loss.backward()
        del loss, y
        assert kept.now == 0
        (x.sin().sum()).backward()
    assert kept.peak == 2 * 4000


def test_weights_are_no_activations_and_cost_scales_with_the_batch():
    one, two = (cost(Contender("cyclegan", SMALL), 32, n) for n in (1, 2))
    assert two.gflop == pytest.approx(2 * one.gflop)
    assert two.saved == pytest.approx(2 * one.saved, rel=0.05)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_measured_step_takes_time(precision):
    found = measured(Contender("cyclegan", SMALL), precision, size=32, repeats=1)
    assert found.seconds > 0 and found.memory >= 0


def test_a_step_leaves_no_gradient():
    system = build("cyclegan", SMALL)
    step(system, {key: torch.zeros(1, 3, 16, 16) for key in "AB"})
    assert all(p.grad is None and p.requires_grad for p in system.parameters())


def test_the_table_says_sizes_and_machine(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(bench, "RECORD", tmp_path / "bench.json")
    monkeypatch.setattr(bench, "CONTENDERS", {"CycleGAN": Contender("cyclegan", SMALL)})
    monkeypatch.setattr(bench.speed, "SYSTEMS", {})
    bench.bench(size=16)
    assert (tmp_path / "bench.json").exists()
    assert "measured at 16 px" in capsys.readouterr().out
