"""A system's losses beside the same losses in plain form, written out from the paper."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from labkit.systems.base import System


def shared(system: System, out: dict[str, Tensor]) -> dict[str, Tensor]:
    """Each player's loss, as the system computes it."""
    return {player.name: sum(system.losses(player.name, out).values()) for player in system.players()}


def with_gradients(system: System, losses: dict[str, Tensor]) -> dict[str, list[Tensor]]:
    """Each player's loss and its gradients by that player's weights."""
    weights = {player.name: system.parameters_of(player) for player in system.players()}
    return {name: [loss, *torch.autograd.grad(loss, weights[name], retain_graph=True)] for name, loss in losses.items()}


def agree_on_codes(
    system: System, out: dict[str, Tensor], expected: dict[str, Tensor], of_A: Tensor, of_B: Tensor
) -> None:
    """Both players of a game on codes, with D's answers on those of A and of B: weight 0.5 for G, smoothing 0.1 for D.

    expected: G's other terms.
    """
    expected = expected | {"adv": 0.5 * (softplus(of_A).mean() + softplus(-of_B).mean())}
    terms = system.losses("G", out)
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        assert terms[name].item() == pytest.approx(value.item(), rel=1e-4), name
    right, wrong = softplus(-of_A).mean() + softplus(of_B).mean(), softplus(of_A).mean() + softplus(-of_B).mean()
    assert system.losses("D", out)["code"].item() == pytest.approx((0.9 * right + 0.1 * wrong).item(), rel=1e-4)
