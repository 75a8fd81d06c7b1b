"""Run a specification into a folder, and open what a run left there.

spec.json            what was asked for
compute.json         the precision, which a resumed run keeps
checkpoint.pt        everything needed to go on
weights.safetensors  the trained networks, once the last step is done; weights-<step>.safetensors where asked for
history.json         every term of every player, and the seconds that passed
environment.json     the machine and versions
"""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
from lightning_fabric import Fabric
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from labkit import data, environment, systems
from labkit.data.domain import DataSet
from labkit.data.unpaired import UnpairedBatches
from labkit.errors import LabError
from labkit.nets.memory import ImagePool
from labkit.paths import remove_leftovers, write_atomically
from labkit.runs.spec import RunSpec
from labkit.settings import from_mapping
from labkit.systems.base import Averaging, System
from labkit.train import Compute, History, best_precision, make_fabric, train
from labkit.train.finite import demand_finite_state, not_finite
from labkit.train.seeding import seeded


@dataclass(frozen=True, eq=False)
class Run:
    """A run: its system and its history; a finished one has its system in evaluation mode.

    Where the system kept averages, its networks have their values in a finished run (`Averaging.settle`).
    """

    spec: RunSpec
    folder: Path
    system: System
    history: History

    @cached_property
    def dataset(self) -> DataSet:
        """The data of the run, loaded when it is first asked for: translating new images needs none of it."""
        return data.load(self.spec.data, self.spec.data_settings)


def run(
    spec: RunSpec,
    folder: Path,
    compute: Compute = Compute(),  # noqa: B008 (frozen)
    *,
    fabric: Fabric | None = None,
    checkpoint_every: int = 500,
    log_every: int = 1,
    keep_every: int = 0,
    keep_at: Collection[int] = (),
    label: str | None = None,
    watch: Callable[["Run", int], None] | None = None,
    interrupted: Callable[[], bool] | None = None,
) -> Run:
    """Train what `spec` asks for, in `folder`. A finished run is opened, a stopped one goes on.

    keep_every: also keep the networks as they are after every so many steps (`kept`); 0 keeps the last alone.
    keep_at:    further numbers of steps after which they are kept.
    watch:      called after every step, by the first process, with the run as it is and the number of steps done; what
                it draws does not disturb the run, and a network that it sets to evaluation it must set back.
    interrupted: asked after every step whether to stop there, with a checkpoint and KeyboardInterrupt (`train`).

    A precision "auto" is this machine's best (`best_precision`), said aloud; a run that goes on keeps its own.

    Raises LabError where the folder holds a run of another specification, or a stopped one that computes in another
    precision than `compute` asks for: nothing is overwritten.
    """
    folder = Path(folder)
    if _read_spec(folder, missing_ok=True) not in (None, spec):
        raise LabError(f"{folder} holds a run with another specification; name another folder or delete it.")
    if (folder / "weights.safetensors").exists():
        return open_run(folder)
    if spec.steps < 1:
        raise LabError(f"a run needs at least 1 step, found {spec.steps}.")
    compute, reason = _with_precision(compute, folder)
    dataset = data.load(spec.data, spec.data_settings)
    batches = UnpairedBatches(dataset.train, spec.batch_size, spec.seed, spec.labels)
    system = new_system(spec)
    fabric = fabric or make_fabric(compute)

    live = Run(spec, folder, system, History())
    vars(live)["dataset"] = dataset  # which is loaded already

    def after(done: int) -> None:
        if not fabric.is_global_zero:
            return
        if done < spec.steps and (done in keep_at or (keep_every and done % keep_every == 0)):
            _save_weights(system, folder / f"weights-{done}.safetensors", done)
        if watch:
            watch(live, done)

    if fabric.is_global_zero:
        remove_leftovers(folder)
        write_atomically(folder / "spec.json", spec.to_json())
        write_atomically(folder / "compute.json", json.dumps({"precision": compute.precision}))
        if reason:
            print(f"Precision {compute.precision}: {reason}.")
    history = train(
        system,
        batches,
        spec.steps,
        seed=spec.seed,
        compute=compute,
        fabric=fabric,
        checkpoint=folder / "checkpoint.pt",
        checkpoint_every=checkpoint_every,
        log_every=log_every,
        label=label or folder.name,
        history=live.history,
        on_step=after,
        interrupted=interrupted,
    )
    if fabric.is_global_zero:
        write_atomically(folder / "history.json", json.dumps(history.to_dict()))
        write_atomically(folder / "environment.json", json.dumps(environment.record(), indent=1))
        # Last: its presence says that the run is finished.
        _save_weights(system, folder / "weights.safetensors", spec.steps)
    fabric.barrier()
    return Run(spec, folder, _finished(system), history)


def _with_precision(compute: Compute, folder: Path) -> tuple[Compute, str]:
    """`compute` with a precision that is a name of Fabric's, and the reason for it where "auto" was asked for."""
    path, asked = folder / "compute.json", compute.precision
    if path.exists():
        try:
            begun = json.loads(path.read_text())["precision"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LabError(f"{path} cannot be read ({error!r}); delete the folder to run afresh.") from None
    elif (folder / "checkpoint.pt").exists():
        begun = "32-true"  # what runs without this file were computed in
    else:
        precision, reason = best_precision(compute.accelerator)
        return (replace(compute, precision=precision), reason) if asked == "auto" else (compute, "")
    if asked not in ("auto", begun):
        raise LabError(
            f"the run in {folder} was begun in precision {begun} and goes on in it, not in {asked}:"
            f" ask for {begun} or auto, or name another folder."
        )
    return replace(compute, precision=begun), "the one this run began with" if asked == "auto" else ""


def new_system(spec: RunSpec) -> System:
    """The untrained system of `spec`, its networks initialised by the seed of `spec`."""
    with seeded(spec.seed, "networks"):
        return systems.build(spec.system, spec.settings, f"settings of {spec.system}")


def open_run(folder: Path) -> Run:
    """Open a finished run. Raises LabError for a folder that holds none, or whose weights do not fit its system."""
    folder = Path(folder)
    spec = _read_spec(folder)
    weights = folder / "weights.safetensors"
    if not weights.exists():
        raise LabError(f"{folder} holds a run that is not finished; train it to the end first.")
    system = systems.build(spec.system, spec.settings, f"{folder / 'spec.json'}: settings")
    try:
        system.load_state_dict(_memories(system) | load_file(weights))
    except (SafetensorError, RuntimeError) as error:
        first = str(error).splitlines()[-1].strip()
        raise LabError(f"{weights} does not hold the networks that {folder / 'spec.json'} describes: {first}") from None
    for name in not_finite(system.state_dict()):
        raise LabError(f"{weights} holds a number that is not finite, in {name}; delete the folder and train again.")
    try:
        history = History.from_dict(json.loads((folder / "history.json").read_text()))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        reason = f"{folder / 'history.json'} cannot be read ({error})"
        raise LabError(f"{reason}; delete the folder to run afresh.") from None
    return Run(spec, folder, _finished(system), history)


def kept(run: Run) -> dict[int, System]:
    """The system as it was after the steps at which `run` kept it, in evaluation mode; without the last step's."""
    found = {}
    for path in run.folder.glob("weights-*.safetensors"):
        system = systems.build(run.spec.system, run.spec.settings, f"settings of {run.spec.system}")
        system.load_state_dict(_memories(system) | load_file(path))
        found[int(path.stem.partition("-")[2])] = _finished(system)
    return dict(sorted(found.items()))


def _finished(system: System) -> System:
    """Ready to be looked at: in evaluation mode, averages in the place of networks."""
    if isinstance(system, Averaging):
        system.settle()
    return system.eval()


def _read_spec(folder: Path, missing_ok: bool = False) -> RunSpec | None:
    path = folder / "spec.json"
    if not path.exists():
        if missing_ok:
            return None
        raise LabError(f"{folder} holds no run (there is no spec.json in it); name the folder that training wrote.")
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise LabError(f"{path} cannot be read ({error}); delete the folder to run afresh.") from None
    return from_mapping(RunSpec, content, str(path))


def _memories(system: System) -> dict[str, torch.Tensor]:
    """The part of the state that only training needs: the image pools."""
    pools = [name for name, module in system.named_modules() if isinstance(module, ImagePool)]
    return {key: value for key, value in system.state_dict().items() if key.rpartition(".")[0] in pools}


def _save_weights(system: System, path: Path, step: int) -> None:
    """Safetensors refuses tensors that share memory; clones are written once a name, and load into tied weights.

    Raises NonFinite for weights that are no finite numbers.
    """
    memories = _memories(system)
    state = {key: value for key, value in system.state_dict().items() if key not in memories}
    demand_finite_state(state, step, path.parent / "checkpoint.pt")
    write_atomically(path, save({key: value.detach().cpu().contiguous().clone() for key, value in state.items()}))
