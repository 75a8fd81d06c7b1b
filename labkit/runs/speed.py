"""How fast a step is in each form: float32 or bfloat16, as written or compiled.

The forms of one system take turns in one process, so that whatever else the machine does slows all of them alike; what
is told is the median of the ratios to float32 as written.
"""

import contextlib
import multiprocessing
import statistics
import time
from dataclasses import dataclass
from typing import Any

import torch

from labkit.systems import build
from labkit.systems.base import System
from labkit.train.compiling import compiled

SIZE, BATCH, ROUNDS = 64, 4, 12
FORMS = {  # label -> precision, compiled
    "fp32": ("float32", False),
    "fp32, compiled": ("float32", True),
    "bf16": ("bfloat16", False),
    "bf16, compiled": ("bfloat16", True),
}
RESNETS = {"ngf": 16, "ndf": 16, "blocks": 4, "d_layers": 2}
STYLES = {"width": 16, "blocks": 2, "style_halvings": 3, "mlp_width": 64, "ndf": 16, "d_layers": 2, "scales": 2}
PATCHES = {"dim": 64, "num_patches": 64, "nce_layers": (0, 1, 2, 3)}
SYSTEMS = {  # what fits a laptop: label -> system, settings
    "CycleGAN": ("cyclegan", RESNETS),
    "CUT": ("cut", RESNETS | PATCHES),
    "FastCUT": ("fastcut", RESNETS | PATCHES),
    "MUNIT": ("munit", STYLES),
}


@dataclass(frozen=True)
class Speed:
    """Of one form of a step: seconds (median), how many times faster than the first form (median), and seconds of the
    first step, in which networks are compiled."""

    seconds: float
    ratio: float
    first: float


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


def clock(device: str) -> float:
    """Seconds of this process' own work, or of the GPU; what other processes take does not count."""
    if device == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def speeds(
    name: str, settings: dict[str, Any], forms: dict = FORMS, size: int = SIZE, rounds: int = ROUNDS
) -> dict[str, Speed]:
    """The speed of a system's step in each form, measured in a fresh process on one thread."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_speeds, (name, settings, forms, size, rounds))


def _speeds(name: str, settings: dict, forms: dict, size: int, rounds: int) -> dict[str, Speed]:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    batch = {key: (torch.rand(BATCH, 3, size, size) * 2 - 1).to(device) for key in "AB"}
    times, first = {form: [] for form in forms}, {}
    with contextlib.ExitStack() as block:
        systems = {form: build(name, settings).to(device).train() for form in forms}
        for form, (_, is_compiled) in forms.items():
            if is_compiled:
                block.enter_context(compiled(systems[form], say=lambda sentence: None))
        for turn in range(rounds + 2):  # the first compiles; one more until memory is taken and caches are warm
            for form, (precision, _) in forms.items():
                torch.manual_seed(turn)  # the same flips for all
                begin, at = clock(device), time.perf_counter()
                with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
                    step(systems[form], batch)
                times[form].append(clock(device) - begin)
                first.setdefault(form, time.perf_counter() - at)
    base = times[next(iter(forms))][2:]
    found = {}
    for form, all_times in times.items():
        ratio = statistics.median(b / own for b, own in zip(base, all_times[2:], strict=True))
        found[form] = Speed(statistics.median(all_times[2:]), ratio, first[form])
    return found
