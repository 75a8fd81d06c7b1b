"""What every preset costs on a processor: parameters counted, memory and seconds a step measured.

Each preset trains a few steps on noise in a fresh process with one thread. A slow step stands for itself; where steps
are quick, the first one only warms up. A batch too large for this is measured at 1 and 2 images and extended on the
line through both.
"""

import json
import multiprocessing
import os
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

import torch
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from torch import Tensor

from labkit import environment, paths
from labkit.pace import spoken
from labkit.runs.presets import NEEDS, PRESETS, TABLE, Preset, preset
from labkit.systems import build
from labkit.train import Compute, train

RECORD = paths.RESULTS / "presets.json"
SLOW = 10.0  # seconds of a step that needs no warming up
LONG_ENOUGH = 1.0  # seconds of all steps that are counted
LARGEST = 5 * 256**2  # pixels of a batch that is measured as it is


@dataclass(frozen=True)
class Cost:
    """Of one preset. seconds: of a step, of one thread. memory: peak bytes of the whole process."""

    preset: dict
    parameters: int
    seconds: float
    memory: int
    extended: bool  # whether the batch was extended from 1 and 2 images


def cost(system: str, name: str) -> Cost:
    """Measure one preset in fresh processes."""
    wanted = preset(system, name)
    extended = wanted.batch_size * wanted.size**2 > LARGEST
    if extended:
        (one, memory_1, parameters), (two, memory_2, _) = (_measured(system, wanted, batch) for batch in (1, 2))
        more = wanted.batch_size - 1
        seconds, memory = one + more * max(0.0, two - one), memory_1 + more * max(0, memory_2 - memory_1)
    else:
        seconds, memory, parameters = _measured(system, wanted, wanted.batch_size)
    return Cost(asdict(wanted), parameters, seconds, memory, extended)


def _measured(system: str, wanted: Preset, batch_size: int) -> tuple[float, int, int]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_steps, (system, wanted, batch_size))


class _Enough(Exception):
    pass


def _steps(system: str, wanted: Preset, batch_size: int) -> tuple[float, int, int]:
    """Seconds of processor time a step, so that other processes do not count, peak bytes of this process, and the
    number of parameters that the players own."""
    os.environ["LABKIT_PROGRESS"] = "off"
    torch.set_num_threads(1)
    network = build(system, wanted.settings)
    moves = [tuple(player.due(step) for player in network.players()) for step in range(24)]
    turns = next(n for n in range(1, 13) if moves[n:] == moves[:-n])  # steps after which the players' turns repeat
    clock, seconds = [0.0], []

    def note(done: int) -> None:
        seconds.append(time.process_time() - clock[0])
        counted = seconds if seconds[0] > SLOW else seconds[1:]
        if counted and len(counted) % turns == 0 and sum(counted) > LONG_ENOUGH:
            seconds[:] = counted
            raise _Enough
        clock[0] = time.process_time()

    clock[0] = time.process_time()
    noise = Noise(network.settings, wanted.size, batch_size)
    try:
        train(network, noise, wanted.steps, compute=Compute("cpu"), on_step=note)
    except _Enough:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        owned = sum(p.numel() for player in network.players() for p in network.parameters_of(player))
        return fmean(seconds), peak * (1 if os.uname().sysname == "Darwin" else 1024), owned
    raise RuntimeError(f"{wanted.steps} steps of {system} took less than {LONG_ENOUGH} s")


@dataclass(frozen=True)
class Noise:
    """Batches of noise with labels, of the size and channels that a preset trains on."""

    settings: object
    size: int
    batch_size: int

    def batch(self, step: int, rank: int = 0, world: int = 1) -> dict[str, Tensor]:
        known, batch = vars(self.settings), {}
        for key in "AB":
            channels = known.get("channels") or known[f"channels_{key}"]
            batch[key] = torch.rand(self.batch_size, channels, self.size, self.size) * 2 - 1
            labels = (len(known["attributes"]),) if "attributes" in known else ()  # yes or no each
            values = 2 if labels else max(1, known.get("classes", 1))
            batch[f"{key}_label"] = torch.randint(values, (self.batch_size, *labels))
        return batch


def measure(systems: Sequence[str] = ()) -> Iterator[tuple[str, str, Cost]]:
    """Measure the presets of some systems; without names, those that were not measured yet on such a processor, or
    have changed since. Each is recorded in results/presets.json as it is found."""
    for system, name in ((system, name) for system in systems or TABLE for name in PRESETS):
        record, here = read(), environment.record()
        same = (record["environment"] or here)["processor"] == here["processor"]
        if not systems and same and recorded(record, system, name):
            continue
        found = cost(system, name)
        rows = record["rows"] if same else {}
        rows.setdefault(system, {})[name] = asdict(found)
        rows = {known: rows[known] for known in TABLE if known in rows}
        paths.write_atomically(RECORD, json.dumps({"environment": here, "rows": rows}, indent=1) + "\n")
        yield system, name, found


def read() -> dict:
    """What was recorded; no rows where nothing was."""
    return json.loads(RECORD.read_text()) if RECORD.exists() else {"environment": None, "rows": {}}


def recorded(record: dict, system: str, name: str) -> Cost | None:
    """The recorded cost of a preset; None where it was never measured, or has changed since."""
    row = record["rows"].get(system, {}).get(name)
    now = json.loads(json.dumps(asdict(preset(system, name))))
    return Cost(**row) if row and row["preset"] == now else None


def show(console: Console | None = None) -> None:
    """Print the table of all presets, with the machine that they were measured on."""
    record = read()
    made = record["environment"]
    table = Table(
        box=SIMPLE,
        padding=(0, 1, 0, 0),
        title=f"One thread of {made['processor']}, torch {made['packages']['torch']}" if made else None,
    )
    for heading in ("system", "preset", "px", "batch", "steps", "parameters", "memory", "time"):
        table.add_column(heading, justify="left" if heading in ("system", "preset") else "right", no_wrap=True)
    for system in TABLE:
        for name in PRESETS:
            table.add_row(*_cells(system, name, recorded(record, system, name)), end_section=name == PRESETS[-1])
    console = console or Console()
    console.print(table)
    for system, need in NEEDS.items():
        console.print(f"{system}: {need}", soft_wrap=True, markup=False)
    console.print(
        "~ measured at 1 and 2 images and extended to the batch; on a GPU none was measured yet.", soft_wrap=True
    )


def _cells(system: str, name: str, found: Cost | None) -> tuple[str, ...]:
    wanted = preset(system, name)
    what = (system if name == PRESETS[0] else "", name, str(wanted.size), str(wanted.batch_size), f"{wanted.steps:,}")
    if found is None:
        return (*what, "–", "–", "–")
    about = "~" if found.extended else ""
    cost = (f"{about}{found.memory / 2**30:.1f} GB", f"{about}{spoken(found.seconds * wanted.steps)}")
    return (*what, f"{found.parameters / 1e6:.1f} M", *cost)
