"""Toy distributions whose truth is known exactly: rings and grids of Gaussians in the plane, mixtures on the line.

The domains here hold points, not pictures: `images` has shape (N, 2), within [-1, 1] but for the tails.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from labkit.data.domain import DataSet, Domain
from labkit.errors import LabError


def ring_centres(modes: int = 8, radius: float = 0.75) -> Tensor:
    """The centres of `modes` Gaussians on a circle, (modes, 2); the first lies on the positive x axis."""
    angle = torch.arange(modes) * (2 * torch.pi / modes)
    return radius * torch.stack([angle.cos(), angle.sin()], 1)


def grid_centres(side: int = 5, extent: float = 0.8) -> Tensor:
    """The centres of side x side Gaussians on a square grid from -extent to extent, (side ** 2, 2)."""
    line = torch.linspace(-extent, extent, side)
    return torch.cartesian_prod(line, line)


def points_around(centres: Tensor, std: float, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """`n` points of the equal mixture of Gaussians at `centres` (M, 2): points (n, 2) and their modes (n,)."""
    if n < len(centres) or std <= 0:
        raise LabError(
            f"a mixture of {len(centres)} modes needs at least as many points and std > 0, found {n}, {std}."
        )
    generator = torch.Generator().manual_seed(seed)
    modes = torch.randperm(n, generator=generator) % len(centres)  # every mode equally often
    return centres[modes] + std * torch.randn(n, 2, generator=generator), modes


def _mixture(name: str, centres: Tensor, std: float, n_train: int, n_test: int, seed: int) -> DataSet:
    train = Domain(name, *points_around(centres, std, n_train, 2 * seed))
    test = Domain(name, *points_around(centres, std, n_test, 2 * seed + 1))
    return DataSet(name, {"real": train}, {"real": test})


def ring(
    modes: int = 8, radius: float = 0.75, std: float = 0.02, n_train: int = 4000, n_test: int = 1000, seed: int = 0
) -> DataSet:
    """Points (N, 2) of a ring of Gaussians, labelled by mode: the usual test for mode collapse (Metz et al. 2017)."""
    return _mixture("ring", ring_centres(modes, radius), std, n_train, n_test, seed)


def grid(
    side: int = 5, extent: float = 0.8, std: float = 0.02, n_train: int = 5000, n_test: int = 1000, seed: int = 0
) -> DataSet:
    """Points (N, 2) of a square grid of Gaussians, labelled by mode."""
    return _mixture("grid", grid_centres(side, extent), std, n_train, n_test, seed)


def rings(
    modes_A: int = 5, modes_B: int = 10, std: float = 0.03, n_train: int = 4000, n_test: int = 1000, seed: int = 0
) -> DataSet:
    """Two domains of points: a small ring of `modes_A` and a large ring of `modes_B` Gaussians, labelled by mode.

    The toy of DiscoGAN (Kim et al. 2017, section 4.1): does a translation keep different modes of A apart in B?
    There is no true pairing.
    """
    A = _mixture("ring_A", ring_centres(modes_A, 0.4), std, n_train, n_test, 2 * seed)
    B = _mixture("ring_B", ring_centres(modes_B, 0.85), std, n_train, n_test, 2 * seed + 1)
    return DataSet("rings", {"A": A.train["real"], "B": B.train["real"]}, {"A": A.test["real"], "B": B.test["real"]})


@dataclass(frozen=True)
class Density:
    """A mixture of Gaussians on the line: component i has weight `weights[i]`, mean `means[i]`, deviation `stds[i]`."""

    means: Sequence[float]
    stds: Sequence[float]
    weights: Sequence[float] | None = None  # None: all equal; they are divided by their sum

    def __post_init__(self):
        parts = [len(self.means), len(self.stds)] + ([] if self.weights is None else [len(self.weights)])
        if len(set(parts)) != 1 or min(parts) < 1:
            raise LabError(f"a density needs as many stds (and weights) as means, found {parts}.")
        if min(self.stds) <= 0 or min(self._shares()) < 0 or sum(self._shares()) <= 0:
            raise LabError("a density needs positive stds, and weights that are not negative and not all zero.")

    def _shares(self) -> Sequence[float]:
        return [1.0] * len(self.means) if self.weights is None else self.weights

    def pdf(self, x: Tensor) -> Tensor:
        """The density at each point of `x` (any shape)."""
        means, stds = torch.tensor(self.means, dtype=x.dtype), torch.tensor(self.stds, dtype=x.dtype)
        shares = torch.tensor(self._shares(), dtype=x.dtype)
        z = (x[..., None] - means) / stds
        bells = torch.exp(-0.5 * z**2) / (stds * (2 * torch.pi) ** 0.5)
        return (bells * shares / shares.sum()).sum(-1)

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """`n` draws, (n,)."""
        shares = torch.tensor(self._shares(), dtype=torch.float32)
        part = torch.multinomial(shares, n, replacement=True, generator=generator)
        return torch.tensor(self.means)[part] + torch.tensor(self.stds)[part] * torch.randn(n, generator=generator)


def jensen_shannon(p: Density, q: Density, points: int = 20001) -> float:
    """The Jensen-Shannon divergence of two densities in nats, in [0, ln 2], integrated numerically."""
    low, high = (
        sign * max(sign * m + 10 * s for d in (p, q) for m, s in zip(d.means, d.stds, strict=True)) for sign in (-1, 1)
    )
    x = torch.linspace(low, high, points, dtype=torch.float64)
    u, v = p.pdf(x), q.pdf(x)
    middle = (u + v) / 2
    integrand = (
        torch.special.xlogy(u, u / middle.clamp_min(1e-300)) + torch.special.xlogy(v, v / middle.clamp_min(1e-300))
    ) / 2
    return float(torch.trapezoid(integrand, x))
