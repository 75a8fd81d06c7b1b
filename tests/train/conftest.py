"""A miniature CycleGAN and batches that are a function of the step."""

import pytest
import torch

from labkit.systems import build


class NoiseBatches:
    """Seeded noise: enough for what these tests ask of a batch."""

    def batch(self, step, rank=0, world=1):
        generator = torch.Generator().manual_seed(step * world + rank)
        return {key: torch.rand(2, 3, 16, 16, generator=generator) * 2 - 1 for key in "AB"}


@pytest.fixture
def batches():
    return NoiseBatches()


@pytest.fixture
def make_cyclegan():
    def make(**settings):
        torch.manual_seed(7)
        return build("cyclegan", {"ngf": 4, "ndf": 4, "blocks": 1, "d_layers": 1, "pool": 3} | settings)

    return make
