"""What one training step costs: operations and kept activations counted, seconds and memory measured, as ratios to
CycleGAN in the same run.

Counting needs no machine: it runs on torch's meta device, where tensors have shapes and no numbers. Measuring runs each
contender in a fresh process, one after the other.
"""

import json
import multiprocessing
import os
import resource
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch.utils.flop_counter import FlopCounterMode

from labkit import environment, paths
from labkit.runs import speed
from labkit.runs.speed import clock, step
from labkit.systems import build

PAPER_SIZE = 256  # pixels, where costs are counted
SIZE = 128  # pixels, where they are measured: the same networks at half the side keep the ratios at a quarter the time
RECORD = paths.RESULTS / "bench.json"


@dataclass(frozen=True)
class Contender:
    """A system with settings. Where steps are of several kinds, `kinds` has the settings of each: costs are means."""

    system: str
    settings: dict[str, Any]
    kinds: tuple[dict[str, Any], ...] = ({},)

    def variants(self) -> list[dict[str, Any]]:
        return [self.settings | kind for kind in self.kinds]


FLIPS = ({"flip": 0.0}, {"flip": 1.0})  # FastCUT mirrors its input at every other step
STRIDED = {"antialias": False}
CONTENDERS = {  # DiscoGAN and DualGAN are built for one size of image, 64 and 256 px, and left out
    "CycleGAN": Contender("cyclegan", {}),
    "CycleGAN, no identity": Contender("cyclegan", {"lambda_idt": 0.0}),
    "GAN alone": Contender("direct", {}),
    "CUT, strided": Contender("cut", STRIDED),
    "CUT": Contender("cut", {}),
    "FastCUT, strided": Contender("fastcut", STRIDED, FLIPS),
    "FastCUT": Contender("fastcut", {}, FLIPS),
    "UNIT": Contender("unit", {}),
    "MUNIT": Contender("munit", {}),
}


# Counted --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """Of one step of all players.

    gflop: billions of floating-point operations, 2 per multiply-add, of convolutions and matrix products.
    saved: bytes that autograd holds for the backward passes at the moment when it holds most; no weights.
    """

    gflop: float
    saved: int


def cost(contender: Contender, size: int = PAPER_SIZE, batch_size: int = 1, channels: int = 3) -> Cost:
    """Count one step in float32, without computing a number."""
    counted = [_count(contender.system, settings, size, batch_size, channels) for settings in contender.variants()]
    return Cost(statistics.fmean(c.gflop for c in counted), round(statistics.fmean(c.saved for c in counted)))


def gflop(name: str, settings: dict, size: int = PAPER_SIZE) -> float:
    """Billions of floating-point operations of one step at batch 1."""
    return cost(Contender(name, settings), size).gflop


def _count(name: str, settings: dict, size: int, batch_size: int, channels: int) -> Cost:
    with torch.device("meta"):
        system = build(name, settings)
        domains = getattr(system.settings, "domains", ()) or "AB"
        batch = {key: torch.empty(batch_size, channels, size, size) for key in domains}
        kept = _Kept([*system.parameters(), *system.buffers()])
        with (
            FlopCounterMode(display=False) as counter,
            torch.autograd.graph.saved_tensors_hooks(kept.pack, kept.unpack),
        ):
            step(system, batch)
    return Cost(counter.get_total_flops() / 1e9, kept.peak)


class _Kept:
    """Hooks that count the bytes that autograd holds: each storage once, from when it is saved to when it is freed."""

    def __init__(self, weights: Sequence[torch.Tensor]):
        self.uses: dict[int, int] = {}  # storage -> how many saved tensors share it
        self.weights = {self._storage(w)._cdata for w in weights}
        self.now = self.peak = 0

    @staticmethod
    def _storage(tensor: torch.Tensor) -> torch.UntypedStorage:
        return tensor.untyped_storage()

    def pack(self, tensor: torch.Tensor) -> "_Saved":
        return _Saved(self, tensor)

    @staticmethod
    def unpack(saved: "_Saved") -> torch.Tensor:
        return saved.tensor

    def change(self, tensor: torch.Tensor, by: int) -> None:
        storage = self._storage(tensor)
        if storage._cdata in self.weights:
            return
        before = self.uses.get(storage._cdata, 0)
        self.uses[storage._cdata] = before + by
        if 0 in (before, before + by):
            self.now += by * storage.nbytes()
            self.peak = max(self.peak, self.now)


class _Saved:
    """A saved tensor that reports when autograd lets go of it."""

    def __init__(self, kept: _Kept, tensor: torch.Tensor):
        self.kept, self.tensor = kept, tensor
        kept.change(tensor, +1)

    def __del__(self):
        self.kept.change(self.tensor, -1)


# Measured -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measured:
    """Median seconds of a step (of the processor, or of the GPU), and peak bytes beyond networks and libraries."""

    seconds: float
    memory: int


def measured(contender: Contender, precision: str = "float32", size: int = SIZE, repeats: int = 2) -> Measured:
    """Steps at batch 1 in a fresh process, on the GPU where there is one. precision: float32, bfloat16 (autocast)."""
    each = []
    for settings in contender.variants():
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            each.append(pool.apply(_timed, (contender.system, settings, precision, size, repeats)))
    seconds, memory = zip(*each, strict=True)
    return Measured(statistics.fmean(seconds), round(statistics.fmean(memory)))


def _timed(name: str, settings: dict, precision: str, size: int, repeats: int) -> tuple[float, int]:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    system = build(name, settings).to(device)
    batch = {key: (torch.rand(1, 3, size, size) * 2 - 1).to(device) for key in "AB"}
    before, times = _peak(device), []
    for _ in range(repeats + 1):
        begin = clock(device)
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
            step(system, batch)
        times.append(clock(device) - begin)
    return statistics.median(times[1:]), _peak(device) - before  # the first step warms up


def _peak(device: str) -> int:
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if os.uname().sysname == "Darwin" else 1024)


def bench(size: int = SIZE) -> None:
    """Count and measure all contenders, and what precision and compilation gain; print both tables, and record them in
    results/bench.json for the README."""
    rows = {}
    for label, contender in CONTENDERS.items():
        counted = cost(contender)
        row = {"gflop": counted.gflop, "saved": counted.saved}
        for precision in ("float32", "bfloat16"):
            found = measured(contender, precision, size, repeats=2 if precision == "float32" else 1)
            row |= {f"seconds_{precision}": found.seconds, f"memory_{precision}": found.memory}
        rows[label] = row
        print(f"{label}: {row['gflop']:.0f} GFLOP, {row['seconds_float32']:.2f} s", flush=True)
    engine = {}
    for label, (name, settings) in speed.SYSTEMS.items():
        engine[label] = {form: asdict(found) for form, found in speed.speeds(name, settings).items()}
        ratios = (f"{form} {found['ratio']:.2f} ×" for form, found in engine[label].items())
        print(f"{label}: {', '.join(ratios)}", flush=True)
    record = {"size": size, "rows": rows, "engine": engine, "environment": environment.record()}
    paths.write_atomically(RECORD, json.dumps(record, indent=1) + "\n")
    for title, columns, rows in (
        (machine(record), COLUMNS, cells_of(record)),
        (ENGINE_TITLE, ENGINE_COLUMNS, engine_cells_of(record)),
    ):
        table = Table(title=title)
        for heading in columns:
            table.add_column(heading, no_wrap=True)
        for cells in rows:
            table.add_row(*cells)
        Console().print(table)


# Shown ----------------------------------------------------------------------------------------------------------------

COLUMNS = ("one step, batch 1", "GFLOP", "ratio", "kept", "ratio", "s fp32", "ratio", "memory", "s bf16", "memory")


def machine(record: dict) -> str:
    """The sentence that names sizes and machine."""
    made = record["environment"]
    where = made["accelerator"] or f"one thread of {made['processor']}"
    sizes = f"counted at {PAPER_SIZE} px, measured at {record['size']} px"
    return f"{sizes} on {where}, torch {made['packages']['torch']}, {made['date']}"


def cells_of(record: dict) -> list[tuple[str, ...]]:
    """The rows of the table as text, in the order of COLUMNS. Ratios are to CycleGAN; bf16 to its own CycleGAN."""
    base, rows = record["rows"]["CycleGAN"], []
    for label, row in record["rows"].items():
        ratio = {key: f"{row[key] / base[key]:.2f}" if base[key] else "–" for key in row}
        rows.append(
            (label, f"{row['gflop']:.0f}", ratio["gflop"], f"{row['saved'] / 2**20:.0f} MB", ratio["saved"])
            + (f"{row['seconds_float32']:.2f}", ratio["seconds_float32"], ratio["memory_float32"])
            + (ratio["seconds_bfloat16"], ratio["memory_bfloat16"])
        )
    return rows


ENGINE_TITLE = f"times as fast as float32 as written, {speed.SIZE} px, batch {speed.BATCH}, narrow networks, one thread"
ENGINE_COLUMNS = ("one step", "s fp32", *list(speed.FORMS)[1:], "first step compiled")


def engine_cells_of(record: dict) -> list[tuple[str, ...]]:
    """The rows of the table of forms as text, in the order of ENGINE_COLUMNS."""
    rows = []
    for label, forms in record["engine"].items():
        plain, *others = forms.values()
        ratios = (f"{form['ratio']:.2f} ×" for form in others)
        rows.append((label, f"{plain['seconds']:.2f}", *ratios, f"{max(form['first'] for form in others):.0f} s"))
    return rows
