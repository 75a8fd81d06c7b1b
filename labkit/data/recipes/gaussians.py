"""Pairs of Gaussian vectors that share a known amount of information."""

import math

import torch
from torch import Tensor

from labkit.errors import LabError


def correlation_for(information: float, dim: int) -> float:
    """The correlation ρ at which pairs of `dim` coordinates share `information` nats: I = -dim/2 · log(1 - ρ²)."""
    if information < 0 or dim < 1:
        raise LabError(f"information must be at least 0 nats in at least one coordinate, found {information} in {dim}.")
    return math.sqrt(1 - math.exp(-2 * information / dim))


def correlated_pairs(n: int, dim: int, rho: float, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
    """n pairs (x, y), each (n, dim) and standard normal; coordinate k of y has correlation `rho` with k of x only."""
    x, noise = torch.randn(2, n, dim, generator=generator)
    return x, rho * x + math.sqrt(1 - rho**2) * noise


def log_density_ratio(x: Tensor, y: Tensor, rho: float) -> Tensor:
    """log p(y | x) / p(y) of every x with every y, (n, m): the best scores for InfoNCE (up to a shift a row).

    For standard normals it is Σ_k of -½ log(1 - ρ²) + (2ρ x_k y_k - ρ² (x_k² + y_k²)) / (2 (1 - ρ²)).
    """
    squares = x.square().sum(1)[:, None] + y.square().sum(1)[None, :]
    exponent = (2 * rho * x @ y.T - rho**2 * squares) / (2 * (1 - rho**2))
    return exponent - x.shape[1] / 2 * math.log(1 - rho**2)
