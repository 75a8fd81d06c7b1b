"""Open a recorded network: a run that was trained long ago, to look at, to measure again, and to translate with."""

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from labkit.errors import LabError
from labkit.metrics import Measurement
from labkit.networks import store
from labkit.networks.contents import empty_system, load_half, outputs
from labkit.networks.fetch import fetch
from labkit.runs.pictures import read_rows
from labkit.runs.run import Run
from labkit.runs.spec import RunSpec
from labkit.settings import from_mapping
from labkit.systems.base import System
from labkit.train import History

TOLERANCE = 0.02  # of a stored output, whose range is 2: two and a half steps of 8 bits


class NotReproduced(UserWarning):
    """A recorded network gives another output than when it was recorded."""


@dataclass(frozen=True, eq=False)
class Network(Run):
    """A run whose networks were recorded: its system in evaluation mode, without what only training needs.

    name:      "lesson/arm".
    metrics:   what the study measured: seeds, and of every measure its values (one a seed), n, split and judge.
    record:    profile, networks, training seconds, terms, machine and versions.
    deviation: largest difference, in [0, 2], between the stored output on a fixed input and the output now.
    """

    name: str
    metrics: dict
    record: dict
    deviation: float

    def card(self) -> str:
        """What the network is, in Markdown."""
        return (self.folder / "README.md").read_text()

    def strip(self) -> dict[str, Tensor]:
        """The same test images on the way: "real_A", "after 0", …, "end" -> images (columns, C, H, W) in [-1, 1].

        Of a system that samples: the same noise on the way, and "real" images.
        """
        strip = self.record["strip"]
        return dict(zip(strip["rows"], read_rows(self.folder / strip["file"], strip["columns"]), strict=True))

    def recorded(self, measure: str) -> list[Measurement]:
        """What the study measured of every seed, this network's first. Raises LabError for what it did not measure."""
        known = self.metrics["measures"]
        if measure not in known:
            raise LabError(f"{self.name}: '{measure}' was not recorded; there are {', '.join(known)}.")
        entry = dict(known[measure])
        seeds = zip(entry.pop("values"), self.metrics["seeds"], strict=True)
        return [Measurement(measure, value, seed=seed, **entry) for value, seed in seeds]

    def all_seeds(self, measured: Mapping[str, Measurement]) -> dict[str, list[Measurement]]:
        """What was just measured of this network, each beside what the study recorded of the other seeds: to judge."""
        return {name: [now, *self.recorded(name)[1:]] for name, now in measured.items()}


def whole_folder(text: str) -> tuple[str, Path]:
    """The full name of a network that someone named, and its folder, whose files are those that were recorded."""
    name = store.find(text)
    folder = store.folder_of(name)
    if not folder.is_dir():
        return name, fetch(name)
    store.demand_whole(folder, name)
    return name, folder


def open_network(lesson: str, arm: str) -> Network:
    """The recorded network of a lesson's arm: from the checkout, from the cache, or fetched into it.

    The files are held against their checksums, and the stored output on a fixed input against the output now: where
    they differ by more than `TOLERANCE`, one sentence says so. Nothing that is read is executed. Raises LabError where
    the network is not known, cannot be had, or is not what was recorded.
    """
    name, folder = whole_folder(f"{lesson}/{arm}")
    spec, record, metrics, history = (
        json.loads((folder / f"{file}.json").read_text()) for file in ("spec", "record", "metrics", "history")
    )
    spec = from_mapping(RunSpec, spec, f"{folder / 'spec.json'}")
    system = empty_system(spec, name, record["networks"])
    weights = folder / "weights.safetensors"
    load_half(system, weights.read_bytes(), str(weights))
    deviation = _deviation(system, load_file(folder / "probe.safetensors"), spec.seed)
    if not deviation <= TOLERANCE:
        warnings.warn(
            f"{name}: this network does not give the output that was recorded (it differs by {deviation:.3f} of a range"
            f" of 2, {TOLERANCE} are allowed): the code has changed since, or the machine computes otherwise.",
            NotReproduced,
            stacklevel=2,
        )
    return Network(spec, folder, system, History.from_dict(history), name, metrics, record, deviation)


def _deviation(system: System, probe: Mapping[str, Tensor], seed: int) -> float:
    """The largest difference between the stored outputs on the stored inputs and the outputs now."""
    single = {key: value.float() for key, value in probe.items()}
    now = outputs(system, single, seed)
    return max(float((now[way] - single[way]).abs().max()) for way in now)
