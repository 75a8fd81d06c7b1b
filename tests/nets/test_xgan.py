"""XGAN's networks: the port's counts, shapes at every size, and what is refused."""

import pytest
import torch

from labkit.errors import LabError
from labkit.nets import xgan
from labkit.nets.blocks import count_parameters


def test_the_counts_are_those_of_the_port():
    with torch.device("meta"):
        assert count_parameters(xgan.private_encoder()) == 34_496
        assert count_parameters(xgan.shared_encoder()) == 5_899_008
        assert count_parameters(xgan.shared_decoder()) == 10_487_296
        assert count_parameters(xgan.private_decoder()) == 658_816
        assert count_parameters(xgan.XGANDiscriminator()) == 42_432
        assert count_parameters(xgan.DomainClassifier()) == 3_146_752


@pytest.mark.parametrize("size", [32, 64, 128])
def test_private_and_shared_parts_fit_together(size):
    x = torch.zeros(2, 3, size, size)
    code = xgan.shared_encoder(4, 10)(xgan.private_encoder(size, 3, 4)(x))
    assert code.shape == (2, 10)
    drawn = xgan.private_decoder(size, 3, 4)(xgan.shared_decoder(4, 10)(code))
    assert drawn.shape == x.shape and drawn.abs().max() <= 1
    assert xgan.XGANDiscriminator(size, 3, 4)(x).shape == (2, 1)
    assert xgan.DomainClassifier(10)(code).shape == (2, 1)


@pytest.mark.parametrize("size", [16, 48])
def test_sizes_that_do_not_halve_to_sixteen_are_refused(size):
    with pytest.raises(LabError, match=str(size)):
        xgan.private_encoder(size)
