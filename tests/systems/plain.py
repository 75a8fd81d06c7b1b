"""A system's losses beside the same losses in plain form, written out from the paper."""

import torch
from torch import Tensor

from labkit.systems.base import System


def shared(system: System, out: dict[str, Tensor]) -> dict[str, Tensor]:
    """Each player's loss, as the system computes it."""
    return {player.name: sum(system.losses(player.name, out).values()) for player in system.players()}


def with_gradients(system: System, losses: dict[str, Tensor]) -> dict[str, list[Tensor]]:
    """Each player's loss and its gradients by that player's weights."""
    weights = {player.name: system.parameters_of(player) for player in system.players()}
    return {name: [loss, *torch.autograd.grad(loss, weights[name], retain_graph=True)] for name, loss in losses.items()}
