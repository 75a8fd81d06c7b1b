"""The training loop: one for every system, however many players it has."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Protocol

import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from labkit.pace import Pace
from labkit.progress import Bar
from labkit.systems.base import Player, System
from labkit.train import checkpoint as checkpoints
from labkit.train.compiling import compiled
from labkit.train.compute import Compute, make_fabric, prepare
from labkit.train.finite import demand_finite_state, demand_finite_step
from labkit.train.history import History
from labkit.train.seeding import seeded


class Batches(Protocol):
    """A source of training batches: a pure function of the step, so that resuming is exact."""

    def batch(self, step: int, rank: int = 0, world: int = 1) -> dict[str, Tensor]:
        """The batch of `step` for process `rank` of `world`."""


def train(
    system: System,
    batches: Batches,
    steps: int,
    *,
    seed: int = 0,
    compute: Compute = Compute(),  # noqa: B008 (frozen)
    fabric: Fabric | None = None,
    checkpoint: Path | None = None,
    checkpoint_every: int = 500,
    stop_after: int | None = None,
    log_every: int = 1,
    label: str = "training",
    history: History | None = None,
    on_step: Callable[[int], None] | None = None,
    interrupted: Callable[[], bool] | None = None,
) -> History:
    """Train `system` in place for `steps` steps and return the history of every term.

    seed:       with the step it determines every random number drawn; the networks' initial values are the caller's.
    fabric:     one that is launched already; by default made from `compute`.
    checkpoint: a file. Where it exists the run goes on from it; it is rewritten every `checkpoint_every` steps and at
                the end. On one CPU a run that was stopped and resumed equals an uninterrupted one bit for bit.
    stop_after: stop early, as if interrupted after so many steps, with a checkpoint; schedules count on to `steps`.
    history:    an empty one that is filled, for `on_step` to look at; by default one that is made here.
    on_step:    called with the number of steps done after each of them. What it draws does not disturb the run.
    interrupted: asked after every step; a yes is followed by a checkpoint and KeyboardInterrupt. Not for a run of
                several processes, which would have to agree.

    Raises NonFinite at the first loss or gradient that is no finite number, before it reaches the weights, and where
    the state to be kept holds such a number, before it takes the place of a good checkpoint.
    """
    fabric = fabric or make_fabric(compute)
    prepare(system, compute)
    system.train()
    players = system.players()
    module = fabric.setup_module(system)
    module.mark_forward_method("losses")
    optimisers = {p.name: fabric.setup_optimizers(p.optimiser(system.parameters_of(p))) for p in players}
    base_rates = {name: [group["lr"] for group in o.param_groups] for name, o in optimisers.items()}

    start, history = 0, History() if history is None else history
    if checkpoint and checkpoint.exists():
        start, before = checkpoints.restore(checkpoint, fabric, system, optimisers)
        history.go_on_from(before)

    stop = min(steps, stop_after or steps)
    compilation = compiled(system, fabric.print) if compute.compile else nullcontext()
    pace, began = Pace(), time.perf_counter() - history.seconds()
    with Bar(label, stop, min(start, stop), pace) as bar, torch.random.fork_rng(), compilation:
        stream = _stream(batches, start, stop, fabric, compute)
        for step, batch in zip(range(start, stop), stream, strict=True):
            due = [player for player in players if player.due(step)]
            names = frozenset(player.name for player in due)
            with seeded(seed, step, fabric.global_rank):
                with fabric.no_backward_sync(module):
                    out = module(batch, names)
                for player in due:
                    optimiser = optimisers[player.name]
                    _set_rates(optimiser, base_rates[player.name], player.schedule(step, steps))
                    with _only(system, player, players):
                        terms = module.losses(player.name, out)
                        optimiser.zero_grad()
                        fabric.backward(sum(terms.values()))
                        demand_finite_step(fabric, system, player, terms, step, checkpoint)
                        optimiser.step()
                    if step % log_every == 0:
                        for name, value in terms.items():
                            history.add(step, f"{player.name}/{name}", value.item())
                system.after_step(names)
            pace.step(names)
            done = step + 1
            interruption = interrupted is not None and interrupted() and done < stop
            if step % log_every == 0 or done == stop:
                history.tick(step, time.perf_counter() - began)
            if checkpoint and (done % checkpoint_every == 0 or done == stop or interruption):
                checkpoints.save(checkpoint, fabric, system, optimisers, done, history)
            if on_step:
                with torch.random.fork_rng(), _as_written(compute):
                    on_step(done)
            if interruption:
                raise KeyboardInterrupt
            pace.aside()
            bar.advance()
    if not checkpoint:
        demand_finite_state(system.state_dict(), stop)
    for optimiser in optimisers.values():
        optimiser.zero_grad()
    return history


class _Steps(Dataset):
    """Batches as a map-style data set whose index is the step."""

    def __init__(self, batches: Batches, rank: int, world: int):
        self.batches, self.rank, self.world = batches, rank, world

    def __getitem__(self, step: int) -> dict[str, Tensor]:
        return self.batches.batch(step, self.rank, self.world)


def _stream(batches: Batches, start: int, stop: int, fabric: Fabric, compute: Compute) -> Iterator[dict[str, Tensor]]:
    """The batches of the steps from `start` to `stop`, on the device, in the memory order asked for."""
    dataset = _Steps(batches, fabric.global_rank, fabric.world_size)
    for batch in DataLoader(dataset, batch_size=None, sampler=range(start, stop), num_workers=compute.workers):
        batch = fabric.to_device(batch)
        if compute.channels_last:
            batch = {
                key: value.contiguous(memory_format=torch.channels_last) if value.ndim == 4 else value
                for key, value in batch.items()
            }
        yield batch


def _as_written(compute: Compute):
    """Pictures have other sizes than batches: they are not worth compiling for."""
    return torch.compiler.set_stance("force_eager") if compute.compile else nullcontext()


@contextmanager
def _only(system: System, player: Player, players: tuple[Player, ...]):
    """Let gradients reach the parameters of `player` and of no other player."""
    others = [parameter for other in players if other is not player for parameter in system.parameters_of(other)]
    for parameter in others:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in others:
            parameter.requires_grad_(True)


def _set_rates(optimiser, base_rates: list[float], factor: float) -> None:
    for group, rate in zip(optimiser.param_groups, base_rates, strict=True):
        group["lr"] = rate * factor
