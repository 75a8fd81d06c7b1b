"""Machine settings: how they reach Fabric, and what is said where the machine cannot serve them."""

import pytest

from labkit.__main__ import _compute, _parser
from labkit.errors import LabError
from labkit.train import Compute, compute, make_fabric


def test_the_command_lines_options_reach_fabric(monkeypatch):
    asked = {}

    class Recorder:
        def __init__(self, **options):
            asked.update(options)

        def launch(self):
            asked["launched"] = True

    monkeypatch.setattr(compute, "Fabric", Recorder)
    machine = ["--devices", "4", "--nodes", "2", "--accelerator", "gpu", "--precision", "bf16-mixed"]
    make_fabric(_compute(_parser().parse_args(["train", "cyclegan", "--A", "a", "--B", "b", *machine])))
    assert (asked["devices"], asked["num_nodes"], asked["accelerator"]) == (4, 2, "gpu")
    assert (asked["precision"], asked["launched"]) == ("bf16-mixed", True)
    assert asked["strategy"]._ddp_kwargs == {"find_unused_parameters": True, "broadcast_buffers": False}


def test_one_process_needs_no_launch_and_no_strategy():
    fabric = make_fabric(Compute(accelerator="cpu"))
    assert fabric.world_size == 1
    assert type(fabric.strategy).__name__ == "SingleDeviceStrategy"


@pytest.mark.parametrize("asked", [{"accelerator": "abacus"}, {"precision": "7-bit"}])
def test_what_the_machine_cannot_do_is_one_sentence(asked):
    with pytest.raises(LabError, match="This machine cannot compute as asked"):
        make_fabric(Compute(**asked))
