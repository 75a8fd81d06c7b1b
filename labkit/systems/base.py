"""The contract of a system: who plays, when, and for what.

A system is one `torch.nn.Module` that holds its networks. It knows nothing of loops, devices or files. The loop
(`labkit.train.loop`) knows nothing of a system but what this file says:

    out = system(batch, due)                  # once a step: what the due players share
    for player in due players, in order:
        terms = system.losses(player, out)    # named, weighted terms; the player minimises their sum
        ... one step of that player's optimiser ...
    system.after_step(due)                    # moving averages, queues, weight clipping
"""

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from labkit.errors import LabError
from labkit.nets.memory import MovingAverage
from labkit.systems.schedules import Schedule, constant


def every_step(step: int) -> bool:
    return True


@dataclass(frozen=True)
class Player:
    """One side of the game: the networks it owns, how it learns, and at which steps it moves.

    name:      shown in histories, as in "G/adv_AB".
    modules:   names of the system's submodules, or dotted names of their parts, whose parameters this player alone
               updates.
    optimiser: builds the optimiser from the parameters.
    due:       step (from 0) -> whether the player moves at that step.
    schedule:  (step, steps) -> factor on the learning rate. A function of the step, so that resuming is exact.
    """

    name: str
    modules: tuple[str, ...]
    optimiser: Callable[[Iterable[nn.Parameter]], Optimizer]
    due: Callable[[int], bool] = every_step
    schedule: Schedule = constant


class System(nn.Module):
    """Networks plus the rules of their game.

    Settings:        the frozen dataclass of the system's settings; defaults are the paper's.
    coupling:        what couples the images of one batch (BatchNorm, in-batch negatives, a queue), or None. Without
                     coupling two processes compute the gradients of one process with the doubled batch.
    double_backward: the networks whose gradient a loss differentiates (gradient penalties): they are not compiled.
    training_only:   names of the submodules that neither translating nor measuring needs; those that a system lacks are
                     passed over. A recorded network (`labkit.networks`) is kept without them.
    """

    Settings: type
    coupling: str | None = None
    double_backward: tuple[str, ...] = ()
    training_only: tuple[str, ...] = ("D", "D_A", "D_B", "pool_A", "pool_B")

    def players(self) -> tuple[Player, ...]:
        """The players in the order in which they move within a step."""
        raise NotImplementedError

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        """Compute once what the due players share, and nothing that no due player needs."""
        raise NotImplementedError

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        """The named, weighted scalar terms of one player. It minimises their sum."""
        raise NotImplementedError

    def after_step(self, due: frozenset[str]) -> None:
        """What follows the optimisers: moving averages, queues, weight clipping. Nothing by default."""

    def parameters_of(self, player: Player) -> list[nn.Parameter]:
        """The trainable parameters that `player` owns."""
        modules = (self.get_submodule(name) for name in player.modules)
        return [parameter for module in modules for parameter in module.parameters()]


def by_average(method: Callable) -> Callable:
    """Mark the method of a system that makes images: the averages, where there are any, compute it."""

    @functools.wraps(method)
    def computed_by_average(self, *args, **kwargs):
        with self.averages_in_place():
            return method(self, *args, **kwargs)

    return computed_by_average


class Averaging(System):
    """A system that can keep moving averages of the networks that make its images.

    Its settings have `ema`, the decay of the averages. Above 0 the average of a network `G` is `mean_G`: part of the
    state, never trained, and what the methods marked with `by_average` compute with. Training and all other methods
    see the networks themselves.
    """

    _averaged: tuple[str, ...] = ()

    def keep_averages(self, *networks: str, warm_up: bool = True) -> None:
        """Let averages of these networks follow them from now on. Nothing where `ema` is 0.

        warm_up: see `labkit.nets.memory.MovingAverage`. Raises LabError for a decay that is none.
        """
        decay = self.settings.ema
        if not 0 <= decay < 1:
            raise LabError(f"ema is the decay of an average, from 0 (none) to below 1, found {decay}.")
        if decay:
            self._averaged = networks
            for name in networks:
                setattr(self, f"mean_{name}", MovingAverage(getattr(self, name), decay, warm_up))

    def after_step(self, due: frozenset[str]) -> None:
        """Averages follow the networks of the players that moved."""
        modules = [module for player in self.players() if player.name in due for module in player.modules]
        moved = {module.partition(".")[0] for module in modules}  # a player may own a part of a network
        for name in self._averaged:
            if name in moved:
                getattr(self, f"mean_{name}").update(getattr(self, name))

    @contextmanager
    def averages_in_place(self) -> Iterator[None]:
        """Within the block the averages, where there are any, have the networks' names."""
        networks = {name: getattr(self, name) for name in self._averaged}
        try:
            for name in networks:
                setattr(self, name, getattr(self, f"mean_{name}").network)
            yield
        finally:
            for name, network in networks.items():
                setattr(self, name, network)

    @torch.no_grad()
    def settle(self) -> None:
        """After training: the networks take their averages' values, so that all methods see what makes the images."""
        for name in self._averaged:
            getattr(self, name).load_state_dict(getattr(self, f"mean_{name}").network.state_dict())


class Sampler(Averaging):
    """A system that makes images from noise alone."""

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """n images (n, C, H, W) in [-1, 1], the same for the same weights and seed.

        A system marks its own with `by_average`.
        """
        raise NotImplementedError


class PairSampler(Averaging):
    """A system that makes pairs of images, one of each domain, from noise alone."""

    def sample_pairs(self, n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
        """n pairs, (n, C, H, W) of A and of B in [-1, 1]: the same for the same weights and seed.

        A system marks its own with `by_average`.
        """
        raise NotImplementedError


class Translator(Averaging):
    """A system that maps images of one domain to another."""

    def ways(self) -> list[tuple[str, str]]:
        """The ways (src, dst) on which a few pictures show what the system does; one that it lacks is passed over."""
        return [("A", "B"), ("B", "A")]

    def translate(self, x: Tensor, src: str = "A", dst: str = "B") -> Tensor:
        """Translate images (B, C, H, W) in [-1, 1] from domain `src` to `dst`.

        A system marks its own with `by_average`. Raises LabError where the system has no such way.
        """
        raise NotImplementedError
