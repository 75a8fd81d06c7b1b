"""Pictures of one colour: every translator takes a step on them and stays finite, at its own depth and small widths."""

import pytest
import torch
from torch.nn import functional as F

from labkit.nets.adain import LayerNorm, adain
from labkit.systems import SYSTEMS, build, system_class
from labkit.systems.base import Translator
from labkit.train import train

# Depths are the defaults, as gradients grow from layer to layer; name: side of the pictures, settings.
NARROW = {
    "direct": (64, {"ngf": 2, "ndf": 2}),
    "cyclegan": (64, {"ngf": 2, "ndf": 2}),
    "discogan": (64, {"size": 64, "ngf": 2, "ndf": 2}),
    "dualgan": (256, {"ngf": 2, "ndf": 2}),
    "unit": (64, {"ngf": 2, "ndf": 2}),
    "unit2018": (64, {"width": 2, "ndf": 2, "scales": 2}),
    "unit_digits": (32, {"channels_A": 3, "channels_B": 3, "ngf": 2, "ndf": 2, "classes": 3}),
    "cut": (64, {"ngf": 2, "ndf": 2, "dim": 8}),
    "fastcut": (64, {"ngf": 2, "ndf": 2, "dim": 8}),
    "dclgan": (64, {"ngf": 2, "ndf": 2, "dim": 8}),
    "simdcl": (64, {"ngf": 2, "ndf": 2, "dim": 8, "sim_dim": 8}),
    "sincut": (64, {"ngf": 1, "ndf": 1, "tile": 32, "dim": 8}),
    "munit": (64, {"width": 4, "mlp_width": 32, "ndf": 2, "scales": 2}),
    "dtn": (32, {"ngf": 2, "ndf": 2}),
    "xgan": (64, {"width": 2, "latent": 8, "ndf": 2}),
    "funit": (64, {"classes": 3, "width": 4, "mlp_width": 32, "ndf": 2}),
    "combogan": (64, {"ngf": 2, "ndf": 2}),
    "ldd": (64, {"ngf": 2, "hidden": 8}),
    "stargan": (
        64,
        {"attributes": (), "domains": ("A", "B"), "size": 64, "ngf": 2, "ndf": 2, "n_critic": 1},
    ),
}


def test_every_translator_is_tested_here():
    assert NARROW.keys() == {name for name in SYSTEMS if issubclass(system_class(name), Translator)}


class Uniform:
    def __init__(self, size, value):
        self.size, self.value = size, value

    def batch(self, step, rank=0, world=1):
        images = {key: torch.full((1, 3, self.size, self.size), self.value) for key in "AB"}
        return images | {"A_label": torch.tensor([0]), "B_label": torch.tensor([1])}


@pytest.mark.parametrize("colour", ["white", "black"])
@pytest.mark.parametrize("name", NARROW)
def test_a_step_on_pictures_of_one_colour(name, colour):
    size, settings = NARROW[name]
    torch.manual_seed(0)
    system = build(name, settings)
    largest = {}

    class Watched(type(system)):
        """The same system, whose gradients are looked at before they are dropped."""

        def after_step(self, due):
            for key, parameter in self.named_parameters():
                largest[key] = 0.0 if parameter.grad is None else parameter.grad.abs().max().item()
            super().after_step(due)

    system.__class__ = Watched
    train(system, Uniform(size, 1.0 if colour == "white" else -1.0), 1)
    assert 0 < max(largest.values()) < 1e9  # Adam squares them, and float32 ends at 3e38
    assert all(value.isfinite().all() for value in system.state_dict().values())


def test_adain_passes_no_gradient_through_a_uniform_channel_and_leaves_the_others_alone():
    x = torch.randn(2, 3, 5, 5)
    x[0, 1] = 0.7
    x.requires_grad_(True)
    shift, scale, slope = torch.randn(2, 3), torch.randn(2, 3), torch.randn(2, 3, 5, 5)
    adain(x, shift, scale).mul(slope).sum().backward()
    assert torch.equal(x.grad[0, 1], torch.zeros(5, 5))
    plain = x.detach().requires_grad_(True)
    (F.instance_norm(plain) * scale[:, :, None, None]).mul(slope).sum().backward()
    assert torch.equal(x.grad[1], plain.grad[1]) and plain.grad[0, 1].abs().max() > 10


def test_layer_norm_has_a_finite_gradient_where_all_features_are_one_number():
    for value in (0.0, 0.3):
        flat = torch.full((1, 4, 6, 6), value, requires_grad=True)
        LayerNorm(4)(flat).mul(torch.randn(1, 4, 6, 6)).sum().backward()
        assert flat.grad.isfinite().all() and flat.grad.abs().max() > 0
