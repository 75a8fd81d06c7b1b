"""Every player's gradients in the layouts, precisions and batch sizes that people train with, against float64.

A right loss does not prove a right gradient: some kernels go wrong on the way back alone (see labkit.nets.norms).
"""

from contextlib import nullcontext
from functools import cache

import pytest
import torch
from torch.overrides import TorchFunctionMode

from labkit.systems import build
from labkit.train.seeding import seeded
from systems.small import SMALL

DRAWS = {torch.rand, torch.randn, torch.rand_like, torch.randn_like}
DRAWN_BY_LAYOUT = {"unit_digits": {"dropout": 0.0}}  # dropout draws its masks in memory order: other layout, other draw
NO_NEGATIVES = {("simclr", "f"), ("sincut", "F")}  # with a single image: the loss is 0, whatever the networks say
# (weights, images): which of them lie channels-last in memory
LAYOUTS = {"contiguous": (False, False), "channels-last": (True, True), "images channels-last": (False, True)}


class SameDraws(TorchFunctionMode):
    """Random numbers that do not depend on the precision: drawn in float32, then brought to the type asked for."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function not in DRAWS:
            return function(*args, **kwargs)
        asked = args[0].dtype if isinstance(args[0], torch.Tensor) else torch.get_default_dtype()
        return function(*args, **kwargs | {"dtype": torch.float32}).to(kwargs.get("dtype") or asked)


def laid_out(batch, channels_last):
    layout = torch.channels_last if channels_last else torch.contiguous_format
    return {key: x.contiguous(memory_format=layout) if x.ndim == 4 else x for key, x in batch.items()}


def gradients(name, batch_size, dtype=torch.float32, layout="contiguous", autocast=False):
    """For each player all its gradients in a row, as float64."""
    settings, images = SMALL[name]
    settings = settings | DRAWN_BY_LAYOUT.get(name, {})
    weights_last, images_last = LAYOUTS[layout]
    with seeded(0):
        system = build(name, settings).to(dtype).train()
    if weights_last:
        system.to(memory_format=torch.channels_last)
    batch = {key: x.to(dtype) if x.is_floating_point() else x for key, x in images(batch_size=batch_size).items()}
    players, found = system.players(), {}
    torch.set_default_dtype(dtype)
    try:
        with seeded(1), SameDraws(), torch.autocast("cpu", torch.bfloat16) if autocast else nullcontext():
            out = system(laid_out(batch, images_last), frozenset(player.name for player in players))
            for player in players:
                loss, weights = sum(system.losses(player.name, out).values()), system.parameters_of(player)
                slopes = torch.autograd.grad(loss, weights, retain_graph=True, allow_unused=True)
                found[player.name] = torch.cat([s.double().flatten() for s in slopes if s is not None])
    finally:
        torch.set_default_dtype(torch.float32)
    return found


@cache
def exact(name, batch_size):
    return gradients(name, batch_size, torch.float64)


@cache
def in_bf16(name, batch_size):
    return gradients(name, batch_size, autocast=True)


def off(found, expected):
    """How far off each player's gradients are, relative to their length."""
    length = {player: slopes.norm().clamp(min=1e-300) for player, slopes in expected.items()}
    return {player: float((found[player] - expected[player]).norm() / length[player]) for player in expected}


every = pytest.mark.parametrize("name", SMALL)
alone_or_not = pytest.mark.parametrize("batch_size", (1, 2))


@every
@alone_or_not
@pytest.mark.parametrize("layout", LAYOUTS)
def test_float32_gives_the_exact_gradients_in_every_layout(name, batch_size, layout):
    found = gradients(name, batch_size, layout=layout)
    assert max(off(found, exact(name, batch_size)).values()) < 1e-4  # 3e-5 measured, of numbers rounded at 6e-8


@every
@alone_or_not
def test_bf16_points_the_way_of_the_exact_gradients(name, batch_size):
    """A wide tolerance, for in these narrow networks rounding at 2^-9 turns many a ReLU and the sign of many an L1."""
    for player, expected in exact(name, batch_size).items():
        if expected.any():
            found = in_bf16(name, batch_size)[player]
            assert torch.cosine_similarity(found, expected, dim=0) > 0.6  # 0.68 measured, DCLGAN; a fault gives 0


@every
@alone_or_not
@pytest.mark.parametrize("layout", ("channels-last", "images channels-last"))
def test_bf16_is_the_same_in_every_layout(name, batch_size, layout):
    found = gradients(name, batch_size, layout=layout, autocast=True)
    assert max(off(found, in_bf16(name, batch_size)).values()) < 0.1  # 3e-2 measured


@every
@alone_or_not
def test_every_player_learns_something(name, batch_size):
    still = {(name, player) for player, slopes in exact(name, batch_size).items() if not slopes.any()}
    assert still == ({key for key in NO_NEGATIVES if key[0] == name} if batch_size == 1 else set())
