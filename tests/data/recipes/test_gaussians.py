import math

import pytest
import torch

from labkit.data.recipes.gaussians import correlated_pairs, correlation_for, log_density_ratio
from labkit.errors import LabError


@pytest.mark.parametrize(("information", "dim"), [(0.0, 3), (1.0, 1), (8.0, 20)])
def test_correlation_gives_the_information(information, dim):
    rho = correlation_for(information, dim)
    assert -dim / 2 * math.log(1 - rho**2) == pytest.approx(information, abs=1e-9)


def test_pairs_are_standard_normal_with_that_correlation_in_their_own_coordinate_only():
    x, y = correlated_pairs(40_000, 3, 0.8, torch.Generator().manual_seed(0))
    both = torch.cat([x, y], 1)
    expected = torch.eye(6)
    for k in range(3):
        expected[k, k + 3] = expected[k + 3, k] = 0.8
    assert torch.allclose(torch.cov(both.T), expected, atol=0.03)
    assert both.mean(0).abs().max() < 0.03


def test_ratio_is_that_of_the_densities():
    rho = 0.6
    x, y = correlated_pairs(4, 2, rho, torch.Generator().manual_seed(1))
    ratio = log_density_ratio(x, y[:3], rho)
    assert ratio.shape == (4, 3)
    conditional = torch.distributions.Normal(rho * x[:, None], math.sqrt(1 - rho**2)).log_prob(y[None, :3]).sum(2)
    marginal = torch.distributions.Normal(0.0, 1.0).log_prob(y[:3]).sum(1)
    assert torch.allclose(ratio, conditional - marginal[None], atol=1e-5)


def test_mean_ratio_of_true_pairs_is_the_information():
    rho = correlation_for(3.0, 5)
    x, y = correlated_pairs(2000, 5, rho, torch.Generator().manual_seed(2))
    assert log_density_ratio(x, y, rho).diagonal().mean().item() == pytest.approx(3.0, abs=0.15)


def test_negative_information_is_refused():
    with pytest.raises(LabError, match="nats"):
        correlation_for(-1.0, 3)
