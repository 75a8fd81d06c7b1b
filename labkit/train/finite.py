"""Numbers that are not finite: found before they reach the weights, and before they are written over good ones."""

import math
from collections.abc import Iterator
from pathlib import Path

from lightning_fabric import Fabric
from torch import Tensor
from torch.nn.utils import get_total_norm

from labkit.errors import LabError
from labkit.systems.base import Player, System


class NonFinite(LabError):
    """A loss, a gradient, a weight or another part of the state became infinite or not a number."""

    def __init__(self, when: str, what: str, checkpoint: Path | None):
        kept = f"; the last checkpoint, {checkpoint}, is kept" if checkpoint and checkpoint.exists() else ""
        super().__init__(
            f"Training stopped {when}: {what} is not finite{kept}."
            " Lower the learning rate, or look for constant images and divisions by zero."
        )


def demand_finite_step(
    fabric: Fabric, system: System, player: Player, terms: dict[str, Tensor], step: int, checkpoint: Path | None
) -> None:
    """Look at the terms, the gradients and the weights of `player` before its optimiser moves.

    Raises NonFinite, on every process where it is so on one. The length of all weights and gradients is one fused pass
    and one transfer from the device; a length whose square overflows counts as infinite, as it would in Adam.
    Under "16-mixed" an infinite gradient is normal, as the loss is scaled up until one appears: the scaler leaves that
    step out and halves its scale. Below 1 it is not the scale.
    """
    weights = system.parameters_of(player)
    total = sum(value.detach() for value in terms.values())
    if _finite_everywhere(fabric, total + _length([*weights, *(weight.grad for weight in weights)])):
        return
    scaler = getattr(fabric.strategy.precision, "scaler", None)
    if scaler and scaler.get_scale() >= 1 and _finite_everywhere(fabric, total + _length(weights)):
        return
    modules = {name: list(system.get_submodule(name).parameters()) for name in player.modules}
    slopes = {name: [weight.grad for weight in own] for name, own in modules.items()}
    what = (
        [f"{player.name}/{name} = {value.item()}" for name, value in terms.items() if not value.isfinite()]
        or [f"a weight of {player.name} in {name}" for name, own in modules.items() if not _length(own).isfinite()]
        or [f"the gradient of {player.name} in {name}" for name, own in slopes.items() if not _length(own).isfinite()]
        or [f"the sum of the terms of {player.name}, here or on another process,"]
    )
    raise NonFinite(f"before step {step + 1}", ", ".join(what), checkpoint)


def _finite_everywhere(fabric: Fabric, number: Tensor) -> bool:
    """Whether the number is finite on all processes, the same answer on each."""
    return math.isfinite(fabric.all_reduce(number, reduce_op="sum") if fabric.world_size > 1 else number)


def _length(tensors: list[Tensor | None]) -> Tensor:
    return get_total_norm([tensor.detach() for tensor in tensors if tensor is not None])


def demand_finite_state(content: object, step: int, checkpoint: Path | None = None) -> None:
    """Raises NonFinite where a tensor in `content` is not finite after `step` steps; `checkpoint`: what is kept."""
    for name in not_finite(content):
        raise NonFinite(f"after step {step}", name, checkpoint)


def not_finite(content: object, name: str = "") -> Iterator[str]:
    """The names of the tensors in nested dictionaries and lists that hold NaN or infinity, as "G.layers.0.weight"."""
    if isinstance(content, Tensor):
        if not content.isfinite().all():
            yield name
    elif isinstance(content, dict | list | tuple):
        for key, value in content.items() if isinstance(content, dict) else enumerate(content):
            yield from not_finite(value, f"{name}.{key}" if name else str(key))
