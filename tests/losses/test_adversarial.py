import math

import pytest
import torch
from torch import nn

from labkit.data.recipes.toy import Density, jensen_shannon
from labkit.errors import LabError
from labkit.losses import adversarial
from labkit.losses.adversarial import (
    discriminator_loss,
    equilibrium,
    generator_loss,
    gradient_penalty,
    optimal_logit,
    r1_penalty,
)

LOG2 = math.log(2)


@pytest.mark.parametrize(
    ("kind", "d", "g"),
    [
        ("minimax", 2 * LOG2, -LOG2),
        ("nonsaturating", 2 * LOG2, LOG2),
        ("lsgan", 0.5, 1.0),
        ("hinge", 2.0, 0.0),
        ("wasserstein", 0.0, 0.0),
    ],
)
def test_values_at_logit_zero(kind, d, g):
    zero = torch.zeros(3, 1, 4, 4)
    assert discriminator_loss(kind, zero, zero).item() == pytest.approx(d, abs=1e-6)
    assert generator_loss(kind, zero).item() == pytest.approx(g, abs=1e-6)


def loop_losses(kind, real, fake):
    """The table of the module's docstring, one number at a time."""

    def sigmoid(t):
        return 1 / (1 + math.exp(-t))

    n, m = len(real), len(fake)
    if kind in ("minimax", "nonsaturating"):
        d = -sum(math.log(sigmoid(r)) for r in real) / n - sum(math.log(1 - sigmoid(f)) for f in fake) / m
        if kind == "minimax":
            return d, sum(math.log(1 - sigmoid(f)) for f in fake) / m
        return d, -sum(math.log(sigmoid(f)) for f in fake) / m
    if kind == "lsgan":
        d = sum((r - 1) ** 2 for r in real) / n / 2 + sum(f**2 for f in fake) / m / 2
        return d, sum((f - 1) ** 2 for f in fake) / m
    g = -sum(fake) / m
    if kind == "hinge":
        return sum(max(0, 1 - r) for r in real) / n + sum(max(0, 1 + f) for f in fake) / m, g
    return sum(fake) / m - sum(real) / n, g


@pytest.mark.parametrize("kind", adversarial.KINDS)
def test_losses_equal_a_loop_over_asymmetric_logits(kind):
    real, fake = [2.5, -0.3, 0.8], [-1.7, 0.4, -3.0, 1.2]
    d, g = loop_losses(kind, real, fake)
    assert discriminator_loss(kind, torch.tensor(real), torch.tensor(fake)).item() == pytest.approx(d, rel=1e-5)
    assert generator_loss(kind, torch.tensor(fake)).item() == pytest.approx(g, rel=1e-5)


@pytest.mark.parametrize("kind", adversarial.KINDS)
def test_losses_stay_finite_at_huge_logits_and_patch_maps_are_means(kind):
    huge = torch.tensor([-300.0, 300.0], requires_grad=True)
    loss = discriminator_loss(kind, huge, -huge) + generator_loss(kind, huge)
    loss.backward()
    assert loss.isfinite() and huge.grad.isfinite().all()
    logits = torch.randn(2, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(generator_loss(kind, logits), generator_loss(kind, logits.repeat(3, 1, 1, 1)))


@pytest.mark.parametrize("logit", [-4.595, -1.0, 0.0, 2.0])
def test_saturating_over_non_saturating_gradient_is_d_over_one_minus_d(logit):
    slope = {}
    for kind in ("minimax", "nonsaturating"):
        fake = torch.tensor([logit], dtype=torch.float64, requires_grad=True)
        generator_loss(kind, fake).backward()
        slope[kind] = fake.grad.item()
    D = torch.sigmoid(torch.tensor(logit, dtype=torch.float64)).item()
    assert slope["minimax"] / slope["nonsaturating"] == pytest.approx(D / (1 - D), rel=1e-9)
    assert slope["minimax"] < 0  # both push the logit up


@pytest.mark.parametrize("kind", adversarial.KINDS)
def test_equilibrium_is_a_rest_point_of_d(kind):
    """With equal samples the equilibrium's constant logit has the stated losses, and no other constant does better."""
    rest = 0.5 if kind == "lsgan" else 0.0
    d, g = equilibrium(kind)
    constant = torch.full((5,), rest)
    assert discriminator_loss(kind, constant, constant).item() == pytest.approx(d, abs=1e-6)
    if g is not None:
        assert generator_loss(kind, constant).item() == pytest.approx(g, abs=1e-6)
    for shift in (-2.0, -0.1, 0.1, 2.0):
        assert discriminator_loss(kind, constant + shift, constant + shift).item() >= d - 1e-6


def test_unknown_kind_is_named():
    for call in (
        lambda: discriminator_loss("wgan", torch.zeros(1), torch.zeros(1)),
        lambda: generator_loss("x", torch.zeros(1)),
        lambda: equilibrium("x"),
    ):
        with pytest.raises(LabError, match="nonsaturating"):
            call()


def test_gradient_penalty_of_a_linear_critic_is_known():
    critic = nn.Linear(4, 1, bias=False)
    with torch.no_grad():
        critic.weight.copy_(torch.tensor([[3.0, 0.0, 4.0, 0.0]]))  # gradient norm 5 everywhere
    real, fake = torch.randn(6, 4), torch.randn(6, 4)
    penalty = gradient_penalty(critic, real, fake)
    assert penalty.item() == pytest.approx(16.0, rel=1e-5)  # (5 - 1)^2
    penalty.backward()  # d/dw (|w| - 1)^2 = 2 (|w| - 1) w / |w|
    assert torch.allclose(critic.weight.grad, 2 * 4 / 5 * critic.weight.detach(), rtol=1e-4)


def test_gradient_penalty_is_taken_per_image_between_the_images():
    seen = []

    def critic(x):
        seen.append(x.detach())
        return x.square().flatten(1).sum(1) / 2  # gradient = x

    real, fake = torch.full((3, 1, 2, 2), 2.0), torch.zeros(3, 1, 2, 2)
    penalty = gradient_penalty(critic, real, fake, torch.Generator().manual_seed(3))
    between = seen[0]
    assert (between >= 0).all() and (between <= 2).all() and between.std(0).max() > 0  # one position for each image
    assert torch.allclose(between, between[:, :, :1, :1].expand_as(between))  # the same for all its pixels
    assert penalty.item() == pytest.approx((between.flatten(1).norm(dim=1) - 1).square().mean().item(), rel=1e-5)


def test_penalties_reach_d_only_and_work_inside_no_grad():
    D = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    real = torch.randn(5, 2, requires_grad=True)
    fake = torch.randn(5, 2, requires_grad=True)
    (gradient_penalty(D, real, fake) + r1_penalty(D, real)).backward()
    assert real.grad is None and fake.grad is None
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in (D[0].weight, D[2].weight))
    with torch.no_grad():
        assert r1_penalty(D, real).isfinite()


def test_r1_of_a_linear_discriminator_is_half_the_squared_norm():
    D = nn.Linear(4, 1, bias=False)
    with torch.no_grad():
        D.weight.copy_(torch.tensor([[1.0, 2.0, 2.0, 0.0]]))
    assert r1_penalty(D, torch.randn(7, 4)).item() == pytest.approx(4.5, rel=1e-5)


def on_a_grid(mean_real, mean_fake, std_fake=1.0):
    real, fake = Density([mean_real], [1.0]), Density([mean_fake], [std_fake])
    x = torch.linspace(-40, 40, 8001, dtype=torch.float64)
    return real, fake, real.pdf(x), fake.pdf(x), (x[1] - x[0]).item()


@pytest.mark.parametrize("pair", [(0, 0, 1.0), (-1, 1, 1.0), (0, 0, 3.0), (-5, 5, 0.5)])
def test_value_at_the_optimum_is_twice_js_minus_log_four(pair):
    real, fake, p, q, dx = on_a_grid(*pair)
    best = adversarial.optimal_discriminator(p, q)
    expected = 2 * jensen_shannon(real, fake) - math.log(4)
    assert adversarial.value(best, p, q, dx).item() == pytest.approx(expected, abs=1e-7)
    if pair == (0, 0, 1.0):
        assert expected == pytest.approx(-math.log(4), abs=1e-9)


def test_no_other_answer_beats_d_star():
    _, _, p, q, dx = on_a_grid(-1, 1)
    best = adversarial.optimal_discriminator(p, q)
    for other in ((best + 0.02).clamp(0, 1), (best - 0.02).clamp(0, 1), torch.full_like(best, 0.5)):
        assert adversarial.value(other, p, q, dx) < adversarial.value(best, p, q, dx)
    nowhere = adversarial.optimal_discriminator(torch.zeros(2), torch.zeros(2))
    assert torch.equal(nowhere, torch.full((2,), 0.5))


def test_a_wasserstein_critic_and_an_unknown_loss_have_no_best_logit_at_a_point():
    for kind, words in (("wasserstein", "as a whole"), ("nonsense", "choose one of")):
        with pytest.raises(LabError, match=words):
            optimal_logit(kind, torch.ones(1), torch.ones(1))
