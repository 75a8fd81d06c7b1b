"""Is everything finite? Asked of losses, gradients and weights at every step, and of all that a checkpoint holds.

One fused pass over all tensors a question: beside a step it costs next to nothing.
"""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor


def all_finite(tensors: Iterable[Tensor]) -> bool:
    """Whether no tensor holds an infinity or a NaN. Tensors of whole numbers and empty ones always are finite."""
    tensors = [tensor.detach() for tensor in tensors if tensor.is_floating_point() and tensor.numel()]
    if not tensors:
        return True
    # the largest magnitude neither overflows, as a sum of squares may, nor hides a NaN
    return bool(torch.stack([norm.float() for norm in torch._foreach_norm(tensors, float("inf"))]).isfinite().all())


def not_finite(named: Mapping[str, Tensor]) -> list[str]:
    """The names of the tensors that hold an infinity or a NaN: for saying where, once it is known that there is one."""
    return [name for name, tensor in named.items() if not all_finite([tensor])]


def tensors_in(content: object) -> Iterable[Tensor]:
    """All tensors in nested dictionaries, lists and tuples, such as the state of an optimiser."""
    if isinstance(content, Tensor):
        yield content
    elif isinstance(content, Mapping):
        for value in content.values():
            yield from tensors_in(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from tensors_in(value)
