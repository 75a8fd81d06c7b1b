"""What the children of test_faults.py do until they are killed. A module of its own, so that they can import it."""

import os
import signal
import time
from pathlib import Path

from labkit.data.files import catalog
from labkit.data.unpaired import UnpairedBatches
from labkit.runs import RunSpec, run
from labkit.train import Compute

EVERY = 3
SPEC = RunSpec(
    system="cyclegan",
    data="two_folders",
    steps=14,
    batch_size=1,
    settings={"ngf": 4, "ndf": 4, "blocks": 1, "d_layers": 1, "pool": 3},
    seed=11,
)


def train(spec: RunSpec, folder: Path, step=None) -> None:
    """Train as a user would; the shared number `step` tells the parent which step (from 1) is being made."""
    original = UnpairedBatches.batch

    def batch(self, at, rank=0, world=1):
        if step is not None:
            step.value = at + 1
            time.sleep(0.02)  # no step is too short to be hit
        return original(self, at, rank, world)

    UnpairedBatches.batch = batch
    run(spec, folder, Compute(accelerator="cpu"), checkpoint_every=EVERY)


def train_until_call(spec: RunSpec, folder: Path, name: str, count: int) -> None:
    """Train, and die by kill -9 in place of the call number `count` of `os.<name>`."""
    original, calls = getattr(os, name), [0]

    def dies(*arguments):
        calls[0] += 1
        if calls[0] == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments)

    setattr(os, name, dies)
    train(spec, folder)


def fetch(to: Path, path: Path) -> None:
    catalog.fetch("tiny", to, say=lambda line: None, path=path)
