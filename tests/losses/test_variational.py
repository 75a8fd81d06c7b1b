"""The variational terms: analytic values, a numerical integral, and what their constants do and do not change."""

import math

import pytest
import torch

from labkit.losses.variational import kl, kl_digits, kl_fixed, reparameterise


def codes(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator), torch.rand(shape, generator=generator) + 0.3


def test_kl_of_the_prior_itself_is_0():
    assert kl(torch.zeros(3, 4, 2, 2), torch.ones(3, 4, 2, 2)).item() == 0


@pytest.mark.parametrize(
    ("mu", "sigma", "expected"),
    [
        (1.0, 1.0, 0.5),
        (-2.0, 1.0, 2.0),
        (0.0, math.e, 0.5 * (math.e**2 - 3)),
        (0.0, 0.5, 0.5 * (0.25 + math.log(4) - 1)),
    ],
)
def test_kl_of_one_number_by_hand(mu, sigma, expected):
    assert kl(torch.tensor([[mu]]), torch.tensor([[sigma]])).item() == pytest.approx(expected, rel=1e-5)


def test_kl_is_the_integral_of_the_definition():
    mu, sigma = 0.7, 0.4
    z = torch.linspace(-12, 12, 200_001, dtype=torch.float64)
    q, p = torch.distributions.Normal(mu, sigma), torch.distributions.Normal(0.0, 1.0)
    integral = (q.log_prob(z).exp() * (q.log_prob(z) - p.log_prob(z))).sum().item() * 24 / 200_000
    assert kl(torch.tensor([[mu]]), torch.tensor([[sigma]])).item() == pytest.approx(integral, rel=1e-5)


def test_kl_sums_over_the_code_and_averages_over_the_batch():
    mu, sigma = codes(3, 2, 2, 2)
    total = 0.0
    for m, s in zip(mu.flatten(1).tolist(), sigma.flatten(1).tolist(), strict=True):
        total += sum(0.5 * (a * a + b * b - math.log(b * b) - 1) for a, b in zip(m, s, strict=True)) / 3
    assert kl(mu, sigma).item() == pytest.approx(total, rel=1e-5)


def test_the_form_with_fixed_variance_is_kl_over_half_the_code_length():
    mu, _ = codes(5, 4, 3, 3)
    assert kl_fixed(mu).item() == pytest.approx(2 * kl(mu, torch.ones_like(mu)).item() / 36, rel=1e-5)


def test_the_digits_form_is_twice_kl_plus_the_code_length_and_pulls_twice_as_hard():
    mu, sigma = (x.requires_grad_() for x in codes(5, 7))
    assert kl_digits(mu, sigma).item() == pytest.approx(2 * kl(mu, sigma).item() + 7, rel=1e-5)
    one, two = (torch.autograd.grad(loss(mu, sigma), (mu, sigma)) for loss in (kl, kl_digits))
    assert all(torch.allclose(2 * a, b, atol=1e-5) for a, b in zip(one, two, strict=True))


def test_a_draw_has_the_mean_and_the_spread_asked_for():
    mu, sigma = torch.tensor([[1.5, -2.0]]).expand(40_000, 2), torch.tensor([[0.5, 2.0]])
    z = reparameterise(mu, sigma, torch.Generator().manual_seed(0))
    assert torch.allclose(z.mean(0), mu[0], atol=0.05)
    assert torch.allclose(z.std(0), sigma[0], rtol=0.03)
    unit = reparameterise(mu, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(unit.std(0), torch.ones(2), rtol=0.03)


def test_gradients_pass_through_the_draw():
    mu, sigma = (x.requires_grad_() for x in codes(2, 3))
    z = reparameterise(mu, sigma, torch.Generator().manual_seed(1))
    by_mu, by_sigma = torch.autograd.grad(z.sum(), (mu, sigma))
    assert torch.equal(by_mu, torch.ones_like(mu))
    assert torch.allclose(by_sigma, (z - mu) / sigma, atol=1e-5)
