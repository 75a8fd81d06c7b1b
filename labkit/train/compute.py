"""Where and how a system is computed: device, processes, precision, memory layout."""

from dataclasses import dataclass

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy

from labkit.errors import LabError
from labkit.systems.base import System


@dataclass(frozen=True)
class Compute:
    """Settings of the machine, none of them part of an experiment's definition.

    accelerator:   "auto" takes the GPU where there is one; "cpu", "gpu".
    devices:       processes per machine, one device each.
    nodes:         machines.
    precision:     Fabric's names: "32-true", "bf16-mixed", "16-mixed"; or "auto", see `best_precision`.
    channels_last: keep images in channels-last memory order; faster convolutions on recent GPUs.
    compile:       compile the networks, see `labkit.train.compiling`.
    workers:       processes that prepare batches ahead of the step; 0 prepares them in the step itself.
    """

    accelerator: str = "auto"
    devices: int = 1
    nodes: int = 1
    precision: str = "32-true"
    channels_last: bool = False
    compile: bool = False
    workers: int = 0


def best_precision(accelerator: str = "auto") -> tuple[str, str]:
    """The fastest precision that trains as well as float32 on this machine, and why, in words.

    That is bfloat16 under autocast where an NVIDIA GPU or an x86 processor multiplies such numbers in hardware.
    Elsewhere it is float32: numbers that are emulated, or that nobody here has timed (Apple, ARM), are not a gain.
    """
    if accelerator != "cpu" and torch.cuda.is_available():
        fast, device = torch.cuda.is_bf16_supported(including_emulation=False), "this GPU"
    elif accelerator != "cpu" and torch.backends.mps.is_available():
        fast, device = False, "this GPU"
    else:
        units = torch.cpu.get_capabilities()
        fast, device = bool(units.get("amx_bf16") or units.get("avx512_bf16")), "this processor"
    if fast:
        return "bf16-mixed", f"{device} has units for bfloat16"
    return "32-true", f"{device} has no units for bfloat16 that labkit knows to be faster"


def make_fabric(compute: Compute) -> Fabric:
    """The Fabric that `compute` describes, launched. Raises LabError where the machine cannot serve it."""
    torch.set_flush_denormal(True)  # denormal numbers slow a CPU down a hundredfold and carry nothing
    many = compute.devices * compute.nodes > 1
    # Players take turns, so every step leaves some parameters without gradient; memories differ between processes.
    strategy = DDPStrategy(find_unused_parameters=True, broadcast_buffers=False) if many else "auto"
    try:
        fabric = Fabric(
            accelerator=compute.accelerator,
            devices=compute.devices,
            num_nodes=compute.nodes,
            precision=best_precision(compute.accelerator)[0] if compute.precision == "auto" else compute.precision,
            strategy=strategy,
        )
    except (ValueError, RuntimeError) as error:
        raise LabError(f"This machine cannot compute as asked ({compute}): {error}") from None
    if many:
        fabric.launch()
    return fabric


def prepare(system: System, compute: Compute) -> None:
    """Apply the memory layout to the system's networks, in place."""
    if compute.channels_last:
        system.to(memory_format=torch.channels_last)
