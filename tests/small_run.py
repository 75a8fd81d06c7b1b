"""A run small enough to train in a second."""

import pytest

from labkit.runs import RunSpec


@pytest.fixture
def spec():
    return RunSpec(
        system="cyclegan",
        data="digits_to_glyphs",
        data_settings={"size": 16, "n_train": 40},
        settings={"channels": 1, "ngf": 4, "ndf": 4, "blocks": 1, "d_layers": 1, "pool": 4},
        steps=4,
        batch_size=2,
        seed=5,
    )
