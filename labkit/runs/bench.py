"""What one training step costs: floating-point operations counted, seconds measured, both as ratios to CycleGAN."""

import statistics
import time

import torch
from rich.console import Console
from rich.table import Table
from torch.utils.flop_counter import FlopCounterMode

from labkit.systems import build
from labkit.systems.base import System

SIZE = 128  # pixels; the paper's networks at half their paper's side keep the ratios and take a quarter of the time
CONTENDERS = {"CycleGAN": ("cyclegan", {}), "CycleGAN, no identity": ("cyclegan", {"lambda_idt": 0.0})}


def step(system: System, batch: dict[str, torch.Tensor]) -> None:
    """Forward and backward of every player once, without the optimisers."""
    players = system.players()
    out = system(batch, frozenset(player.name for player in players))
    for player in players:
        for other in players:
            for parameter in system.parameters_of(other):
                parameter.requires_grad_(other is player)
        sum(system.losses(player.name, out).values()).backward()
    for parameter in system.parameters():
        parameter.requires_grad_(True)
        parameter.grad = None


def gflop(name: str, settings: dict, size: int = 256) -> float:
    """Billions of floating-point operations (2 per multiply-add) of one step at batch 1, counted without computing."""
    with torch.device("meta"):
        system = build(name, settings)
        batch = {key: torch.empty(1, 3, size, size) for key in "AB"}
        with FlopCounterMode(display=False) as counter:
            step(system, batch)
    return counter.get_total_flops() / 1e9


def seconds(name: str, settings: dict, size: int = SIZE, repeats: int = 3) -> float:
    """Median processor seconds of one step at batch 1 on one thread, after one step to warm up."""
    torch.set_num_threads(1)
    system = build(name, settings)
    batch = {key: torch.rand(1, 3, size, size) * 2 - 1 for key in "AB"}
    step(system, batch)
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        step(system, batch)
        times.append(time.process_time() - begin)
    return statistics.median(times)


def bench() -> None:
    """Print the table of all contenders; the ratios are taken within this one run."""
    rows = {label: (gflop(name, settings), seconds(name, settings)) for label, (name, settings) in CONTENDERS.items()}
    base_flop, base_seconds = rows["CycleGAN"]
    table = Table("system", "GFLOP at 256 px", "ratio", f"s at {SIZE} px", "ratio", title="one training step, batch 1")
    for label, (flop, time_taken) in rows.items():
        cells = (f"{flop:.1f}", f"{flop / base_flop:.3f}", f"{time_taken:.2f}", f"{time_taken / base_seconds:.3f}")
        table.add_row(label, *cells)
    Console().print(table)
