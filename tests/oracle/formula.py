"""What is random in training, as a formula: the same numbers on every machine and in every language (see README.md)."""

import math

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

P = 2**31 - 1  # a prime


def values(stream: int, *shape: int) -> Tensor:
    """Numbers of a stream in [-1, 1), float64, that look like white noise. All integers are exact in 64 bits."""
    j = torch.arange(math.prod(shape))
    linear = (1013904223 + 387420489 * stream) % P
    u = (663608941 * (j * j % P) + linear * j % P + 1220703125 * stream + 362436069) % P
    return (2 * u.double() / P - 1).reshape(shape)


def pictures(n: int, size: int, channels_A: int = 3, channels_B: int = 3) -> dict[str, Tensor]:
    """A batch of both domains: streams 1 and 2."""
    return {"A": values(1, n, channels_A, size, size), "B": values(2, n, channels_B, size, size)}


class Given(TorchFunctionMode):
    """Within it torch.randn and randn_like give `noises` one after the other, torch.rand the `shares` where there are
    any, and torch.randperm the formula's places."""

    def __init__(self, *noises: Tensor, shares: Tensor | None = None):
        super().__init__()
        self.noises, self.shares = list(noises), shares

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function in (torch.randn, torch.randn_like):
            return self.noises.pop(0)
        if function is torch.rand and self.shares is not None:
            return self.shares
        if function is torch.randperm:
            return (997 * torch.arange(args[0]) + 5) % args[0]
        return function(*args, **kwargs or {})
