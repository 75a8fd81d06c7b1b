"""One training step of each system at the paper's size and native resolution, on the meta device: every shape of the
forward pass, the losses, the backward pass and the optimisers, without computing a number."""

import pytest
import torch

from labkit.systems import build
from labkit.systems.base import Translator

NATIVE = {
    "direct": 256,
    "cyclegan": 256,
    "discogan": 64,
    "dualgan": 256,
    "cogan": 28,
    "unit": 216,
    "unit2018": 256,
    "unit_digits": 32,
    "cut": 256,
    "fastcut": 256,
    "dclgan": 256,
    "simdcl": 256,
    "sincut": 64,
    "munit": 256,
    "dtn": 32,
    "xgan": 64,
    "funit": 128,
    "combogan": 256,
    "ldd": 64,
    "stargan": 128,
}
VARIANTS = [
    ("direct", {}),
    ("cyclegan", {}),
    ("cyclegan", {"blocks": 6}),
    ("discogan", {"bottleneck": 100}),
    ("dualgan", {}),
    ("dualgan", {"critic": "gp", "view": "patch"}),
    ("cogan", {"channels": 3, "classes": 10, "lambda_match": 0.01}),
    ("unit", {}),
    ("unit", {"shared": False, "lambda_cyc": 0.0}),
    ("unit2018", {}),
    ("unit_digits", {"channels_B": 3}),
    ("cut", {}),
    ("fastcut", {"antialias": False, "flip": 1.0}),
    ("dclgan", {}),
    ("simdcl", {}),
    ("simdcl", {"antialias": False, "negatives": "internal", "lambda_idt": 0.0}),
    ("sincut", {}),
    ("munit", {}),
    ("munit", {"lambda_cyc": 10.0}),
    ("dtn", {}),
    ("xgan", {}),
    ("funit", {}),
    ("funit", {"activated": False, "penalty": "batch", "condition": "nothing"}),
    ("combogan", {}),
    ("combogan", {"shared": 4, "lambda_idt": 5.0, "lambda_latent": 1.0, "lambda_forward": 0.2}),
    ("combogan", {"frozen": ["A"]}),
    ("ldd", {}),
    ("ldd", {"shared": 0, "halvings": 3, "white": 0.1}),
    ("stargan", {"attributes": (), "domains": ("A", "B")}),
]


@pytest.mark.parametrize(("name", "settings"), VARIANTS)
def test_a_full_size_step_fits_together(name, settings):
    size = 128 if settings.get("blocks") == 6 else NATIVE[name]
    with torch.device("meta"):
        system = build(name, settings).train()
        batch = {key: torch.empty(2, 3, size, size) for key in "AB"}
        batch |= {f"{key}_label": torch.empty(2, dtype=torch.int64) for key in "AB"}
        players = system.players()
        out = system(batch, frozenset(player.name for player in players))
        for player in players:
            optimiser = player.optimiser(system.parameters_of(player))
            terms = system.losses(player.name, out)
            assert all(value.shape == () for value in terms.values())
            optimiser.zero_grad()
            sum(terms.values()).backward(retain_graph=True)
            assert all(p.grad is not None for p in system.parameters_of(player))
            optimiser.step()
        system.after_step(frozenset(player.name for player in players))
        if isinstance(system, Translator):
            assert system.translate(batch["A"]).shape == batch["A"].shape
