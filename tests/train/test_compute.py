"""Machine settings: how they reach Fabric, and what is said where the machine cannot serve them."""

import pytest
import torch

from labkit.__main__ import _compute, _parser
from labkit.errors import LabError
from labkit.train import Compute, best_precision, compute, make_fabric


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


@pytest.mark.parametrize(
    ("units", "wanted"),
    [
        ({"amx_bf16": True, "avx512_bf16": True}, "bf16-mixed"),
        ({"amx_bf16": False, "avx512_bf16": True}, "bf16-mixed"),
        ({"avx512_f": True, "amx_tile": True}, "32-true"),  # tiles for bytes alone
        ({"architecture": "aarch64", "bf16": True}, "32-true"),
    ],
)
def test_auto_is_bfloat16_where_the_processor_has_units_for_it(monkeypatch, units, wanted):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: units)
    precision, reason = best_precision("cpu")
    assert precision == wanted and reason.startswith("this processor has ")
    assert make_fabric(Compute(accelerator="cpu", precision="auto"))._precision.precision == wanted


@pytest.mark.parametrize(("native", "wanted"), [(True, "bf16-mixed"), (False, "32-true")])
def test_auto_asks_the_gpu_where_there_is_one(monkeypatch, native, wanted):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: native or including_emulation)
    assert best_precision("auto") == (wanted, best_precision("gpu")[1])
    assert "this GPU" in best_precision("auto")[1]
