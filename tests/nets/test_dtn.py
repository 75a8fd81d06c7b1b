"""DTN's discriminator: the published count in the port's shape, and one vector of logits an image."""

import pytest
import torch

from labkit.errors import LabError
from labkit.nets.blocks import count_parameters
from labkit.nets.dtn import DTNDiscriminator


def test_the_counts_are_the_papers_ternary_and_the_ports_binary():
    with torch.device("meta"):
        assert count_parameters(DTNDiscriminator(32, 1, 128, 3)) == 1_502_979
        assert count_parameters(DTNDiscriminator(32, 1, 128, 1)) == 1_486_593


@pytest.mark.parametrize("size", [16, 32, 64])
def test_one_vector_of_logits_an_image(size):
    assert DTNDiscriminator(size, 3, 2, 3)(torch.zeros(4, 3, size, size)).shape == (4, 3)


def test_sizes_that_do_not_halve_to_four_are_refused():
    with pytest.raises(LabError, match="24"):
        DTNDiscriminator(24)
