"""One training step of each system at the paper's size and native resolution, on the meta device: every shape of the
forward pass, the losses, the backward pass and the optimisers, without computing a number."""

import pytest
import torch

from labkit.systems import build

NATIVE = {"direct": 256, "cyclegan": 256, "discogan": 64, "dualgan": 256}
VARIANTS = [
    ("direct", {}),
    ("cyclegan", {}),
    ("cyclegan", {"blocks": 6}),
    ("discogan", {"bottleneck": 100}),
    ("dualgan", {}),
    ("dualgan", {"critic": "gp", "view": "patch"}),
]


@pytest.mark.parametrize(("name", "settings"), VARIANTS)
def test_a_full_size_step_fits_together(name, settings):
    size = 128 if settings.get("blocks") == 6 else NATIVE[name]
    with torch.device("meta"):
        system = build(name, settings).train()
        batch = {key: torch.empty(2, 3, size, size) for key in "AB"}
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
        assert system.translate(batch["A"]).shape == batch["A"].shape
