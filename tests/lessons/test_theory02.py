"""What lesson 02 states as theory."""

import math
from itertools import product

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.losses.contrastive import alignment, info_nce, uniformity

# The bound, in a world small enough to count: x and y have three values each, and N = 3 keys ------------------------

N = 3


@pytest.fixture(params=range(4))
def joint(request):
    """p(x, y), (3, 3)."""
    generator = torch.Generator().manual_seed(request.param)
    return torch.randn(3, 3, generator=generator, dtype=torch.float64).mul(2).flatten().softmax(0).reshape(3, 3)


def information(p: Tensor) -> float:
    return (p * (p / p.sum(1, keepdim=True) / p.sum(0, keepdim=True)).log()).sum().item()


def games(p: Tensor):
    """Each (x, keys, place of the positive) with its probability: the positive of p(y | x), the others of p(y)."""
    p_y = p.sum(0)
    for x, place, *keys in product(range(3), range(N), *[range(3)] * N):
        others = math.prod(p_y[y].item() for j, y in enumerate(keys) if j != place)
        yield x, place, tuple(keys), p[x, keys[place]].item() * others / N


def loss_of(p: Tensor, critic: Tensor) -> float:
    """The expected InfoNCE of scores critic[x, y]."""
    return sum(w * -critic[x, list(keys)].log_softmax(0)[place].item() for x, place, keys, w in games(p))


def entropy(weights: dict) -> float:
    return -sum(w * math.log(w) for w in weights.values() if w > 0)


def summed(p: Tensor, what) -> dict:
    found = {}
    for x, place, keys, w in games(p):
        found[what(x, place, keys)] = found.get(what(x, place, keys), 0) + w
    return found


def test_the_games_are_a_distribution_and_the_keys_say_nothing_about_the_place(joint):
    assert sum(w for *_, w in games(joint)) == pytest.approx(1)
    alone = entropy(summed(joint, lambda x, i, keys: (i, keys))) - entropy(summed(joint, lambda x, i, keys: keys))
    assert alone == pytest.approx(math.log(N))  # line 3: H(i | Y) = H(i)


def test_each_line_of_the_derivation(joint):
    given_x_and_keys = entropy(summed(joint, lambda x, i, keys: (x, i, keys))) - entropy(
        summed(joint, lambda x, i, keys: (x, keys))
    )  # H(i | x, Y)
    best = (joint / joint.sum(1, keepdim=True) / joint.sum(0, keepdim=True)).log()
    assert loss_of(joint, best) == pytest.approx(given_x_and_keys)  # line 1, an equality for the best critic
    for seed in range(3):
        critic = best + torch.randn(3, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        assert loss_of(joint, critic) > given_x_and_keys
    assert math.log(N) - given_x_and_keys <= information(joint)  # lines 2 to 4
    of_x = entropy(summed(joint, lambda x, i, keys: x))
    place_and_keys = of_x + entropy(summed(joint, lambda x, i, keys: (i, keys)))
    place_and_keys -= entropy(summed(joint, lambda x, i, keys: (x, i, keys)))
    assert place_and_keys == pytest.approx(information(joint))  # line 4: I(i, Y; x) = I(x; y)


def test_the_bound_holds_for_any_critic_and_stays_below_log_n(joint):
    for seed in range(5):
        critic = 5 * torch.randn(3, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        bound = math.log(N) - loss_of(joint, critic)
        assert bound <= information(joint) + 1e-12 and bound <= math.log(N)


# Many negatives -------------------------------------------------------------------------------------------------------


def unit(rows: int, seed: int) -> Tensor:
    return F.normalize(torch.randn(rows, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64), dim=1)


def limit(f: Tensor, f_plus: Tensor, among: Tensor, tau: float) -> float:
    """-E f·f⁺ / τ + E log E exp(f·f⁻ / τ), the keys drawn from the rows of `among`."""
    inner = (f @ among.T / tau).logsumexp(1) - math.log(len(among))
    return (inner - (f * f_plus).sum(1) / tau).mean().item()


@pytest.mark.parametrize("tau", [0.2, 0.5, 1.0])
def test_infonce_tends_to_its_limit(tau):
    f, f_plus, among = unit(40, 0), F.normalize(unit(40, 0) + unit(40, 1), dim=1), unit(50, 2)
    wanted, gaps = limit(f, f_plus, among, tau), []
    for times in (1, 30, 1000):  # each key as often as the others: the sum over them is then exactly M times the mean
        loss = info_nce(f, f_plus, among.repeat(times, 1), tau)
        gaps.append(abs(loss.item() - math.log(times * len(among)) - wanted))
    assert gaps[0] > gaps[1] > gaps[2] and gaps[2] < 1e-3


@pytest.mark.parametrize("tau", [0.2, 0.5, 1.0])
def test_the_limit_is_below_alignment_and_uniformity_of_the_temperatures_own_t(tau):
    crowded = torch.zeros(60, 6, dtype=torch.float64)
    crowded[:45, 0] = 2  # three in four lie near one place: the inner mean differs from image to image
    f = F.normalize(unit(60, 0) + crowded, dim=1)
    f_plus = F.normalize(f + unit(60, 1), dim=1)
    others = (f @ f.T / tau)[~torch.eye(60, dtype=torch.bool)].reshape(60, 59)
    left = (others.logsumexp(1) - math.log(59) - (f * f_plus).sum(1) / tau).mean().item()
    right = (alignment(f, f_plus) / (2 * tau) + uniformity(f, t=1 / (2 * tau))).item()
    assert left < right - 1e-3
    # Jensen is the whole difference: with the logarithm outside, the two are equal.
    outside = (others.logsumexp((0, 1)) - math.log(60 * 59) - (f * f_plus).sum(1).mean() / tau).item()
    assert outside == pytest.approx(right)


def test_the_uniformity_of_t_2_is_another_number():
    f = unit(60, 0)
    assert abs(uniformity(f, t=1.0) - uniformity(f, t=2.0)) > 0.1


def test_a_collapsed_encoder_has_perfect_alignment_no_uniformity_and_the_loss_of_a_guess():
    same = unit(1, 0).repeat(8, 1)
    assert alignment(same, same) == 0 and uniformity(same).item() == pytest.approx(0, abs=1e-12)
    assert info_nce(same, same, same[:7], 0.5).item() == pytest.approx(math.log(8))
