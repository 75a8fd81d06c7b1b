"""Compiled networks: torch.compile for the methods of networks that a training step calls.

What is compiled is every public method of a system's networks and of the parts that they are made of: CUT taps its
generator on the way, MUNIT calls the encoders and decoders within its auto-encoders. Losses, image pools and optimisers
stay as they are, and so does a network whose gradient a loss differentiates: torch.compile knows no second derivative.

Sizes are compiled as constants (`dynamic=False`). With sizes as unknowns, which is what torch.compile turns to when it
sees a second batch size, its C++ is several times slower than no compilation at all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn

from labkit.systems.base import System

VERSIONS = 64  # of one method: batch sizes × with and without gradients × whose turn it is; torch allows 8


@contextmanager
def compiled(system: System, say: Callable[[str], None] = print) -> Iterator[None]:
    """Within the block the networks of `system` run compiled, on the first step slowly: it waits for the compiler.

    Draws within networks are those of an uncompiled run. What was compiled is kept on disk for later runs, under
    TORCHINDUCTOR_CACHE_DIR or in the folder for temporary files. On a machine without a working compiler it says so
    and compiles nothing.
    """
    import torch._dynamo
    import torch._inductor.config

    if problem := _problem():
        say(f"Not compiled: {problem}. Training goes on without, in the same way and more slowly.")
        yield
        return
    say("Compiling the networks: the first step takes a minute or two, and seconds when the same run is started again.")
    networks = [network for name, network in system.named_children() if name not in system.double_backward]
    parts = [part for network in networks for part in _parts(network)]
    with torch._dynamo.config.patch(recompile_limit=VERSIONS), torch._inductor.config.patch(fallback_random=True):
        for part in parts:
            for name in _methods(part):
                setattr(part, name, torch.compile(getattr(part, name), dynamic=False))
        try:
            yield
        finally:
            for part in parts:
                for name in _methods(part):
                    delattr(part, name)


def _parts(network: nn.Module) -> list[nn.Module]:
    """What a system calls of a network: itself and the parts that it names."""
    if isinstance(network, nn.Sequential):
        return [network]
    return [part for part in (network, *network.children()) if _ours(type(part))]


def _methods(part: nn.Module) -> set[str]:
    """The public methods that the classes of a network define, `forward` among them."""
    names = {name for cls in type(part).__mro__ if _ours(cls) for name, value in vars(cls).items() if callable(value)}
    return {"forward"} | {name for name in names if not name.startswith("_")}


def _ours(cls: type) -> bool:
    return cls.__module__.startswith("labkit.nets.") and cls.__module__ != "labkit.nets.memory"


def _problem() -> str:
    """Why nothing can be compiled here, in a few words; empty where a trial succeeds."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.compile(lambda x: x + 1, dynamic=False)(torch.zeros(8, device=device))
    except Exception as error:  # each part of a tool chain that is missing has an error of its own
        return f"there is no working compiler on this machine ({str(error).strip().splitlines()[0]})"
    return ""
