"""One file that holds all that a run needs to go on: networks, memories, optimisers, step and history.

Learning rates, batches and random numbers are functions of the seed and the step, so they need no place in it.
"""

import io
import pickle
import zipfile
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch.optim import Optimizer

from labkit.errors import LabError
from labkit.paths import write_atomically
from labkit.systems.base import System
from labkit.train.finite import demand_finite_state, not_finite
from labkit.train.history import History


def save(path: Path, fabric: Fabric, system: System, optimisers: dict[str, Optimizer], step: int, history: History):
    """Write the checkpoint. Every process calls it; the first one writes, and each one's own memories are kept.

    Raises NonFinite, on every process, where anything in it is not finite; the file that is there stays as it is.
    """
    state = system.state_dict()
    memories = [{name: state[name].cpu() for name, _ in system.named_buffers() if name in state}]
    if fabric.world_size > 1:
        gathered = [None] * fabric.world_size
        torch.distributed.all_gather_object(gathered, memories[0])
        memories = gathered
    content = {
        "system": type(system).__name__,
        "settings": repr(getattr(system, "settings", None)),
        "step": step,
        "parameters": state,
        "memories": memories,
        "optimisers": {name: optimiser.state_dict() for name, optimiser in optimisers.items()},
        "history": history.to_dict(),
    }
    demand_finite_state(content, step, path)
    if fabric.is_global_zero:
        file = io.BytesIO()
        torch.save(content, file)
        write_atomically(path, file.getvalue())
    fabric.barrier()


def read(path: Path) -> dict:
    """Read a checkpoint without executing anything in it. Raises LabError for a file that is none."""
    try:
        with zipfile.ZipFile(path) as archive:  # torch itself does not look at the checksums
            if broken := archive.testzip():
                raise zipfile.BadZipFile(f"the checksum of {broken} is wrong")
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise LabError(
            f"{path} holds more than tensors and plain values, so it was not opened; it is no checkpoint of labkit."
            " Move it away or name another file."
        ) from None
    except Exception as error:  # damage is reported in a dozen ways
        raise _damaged(path, error) from None


def restore(path: Path, fabric: Fabric, system: System, optimisers: dict[str, Optimizer]) -> tuple[int, History]:
    """Load the checkpoint into the system and its optimisers; returns the steps done and the history.

    Raises LabError where the checkpoint belongs to another system, other settings or another number of processes.
    """
    content = read(path)
    if not isinstance(content, dict):
        raise _damaged(path, TypeError(f"it holds a {type(content).__name__}"))
    expected = {"system": type(system).__name__, "settings": repr(getattr(system, "settings", None))}
    for key, value in expected.items():
        if content.get(key) != value:
            raise LabError(
                f"{path} was written for {key} {content.get(key)}, this run has {value};"
                " name another output folder or delete the checkpoint."
            )
    try:
        return _restore(content, path, fabric, system, optimisers)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError) as error:
        raise _damaged(path, error) from None


def _restore(content: dict, path: Path, fabric: Fabric, system: System, optimisers: dict[str, Optimizer]):
    if type(content["step"]) is not int or content["step"] < 0:
        raise TypeError(f"its step is {content['step']!r}")
    if len(content["memories"]) != fabric.world_size:
        raise LabError(
            f"{path} was written by {len(content['memories'])} processes and cannot be resumed by {fabric.world_size};"
            " use the same number of devices."
        )
    for name in not_finite(content):
        raise LabError(
            f"{path} holds a number that is not finite, in {name}, so no run can go on from it;"
            " delete the folder that it lies in and train again with a lower learning rate."
        )
    system.load_state_dict(content["parameters"] | content["memories"][fabric.global_rank])
    for name, optimiser in optimisers.items():
        optimiser.load_state_dict(content["optimisers"][name])
    return content["step"], History.from_dict(content["history"])


def _damaged(path: Path, error: Exception) -> LabError:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    reason = lines[0].rstrip(":.")
    return LabError(f"{path} is damaged or no checkpoint ({reason}); delete it to start this run afresh.")
