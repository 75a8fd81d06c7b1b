"""Checks of lesson 04: the KL term, layers that are one, and how far apart the codes of partners lie."""

import torch
from torch import Tensor, nn

from labkit.exercises.check import Exercise, Property, answer
from labkit.losses.variational import kl


def _codes(n: int = 3, numbers: int = 4) -> tuple[Tensor, Tensor]:
    """Means and standard deviations of codes, (n, numbers), the same every time, ready for gradients."""
    generator = torch.Generator().manual_seed(7)
    mu = torch.randn(n, numbers, generator=generator)
    sigma = torch.rand(n, numbers, generator=generator) + 0.4
    return mu.requires_grad_(), sigma.requires_grad_()


def _is(value, expected: float) -> bool:
    return isinstance(value, Tensor) and value.dim() == 0 and abs(value.item() - expected) < 1e-4


# The KL term: student(mu, sigma) -> scalar ----------------------------------------------------------------------------


def _kl_prior(student) -> bool:
    return _is(answer(student, torch.zeros(2, 3), torch.ones(2, 3)), 0.0)


def _kl_mean(student) -> bool:
    return _is(answer(student, torch.tensor([[2.0]]), torch.tensor([[1.0]])), 2.0)


def _kl_spread(student) -> bool:
    mu, found = torch.zeros(1, 1), []
    for sigma in (0.5, 2.0):
        sigma = torch.tensor([[sigma]])
        found.append(_is(answer(student, mu, sigma), kl(mu, sigma).item()))
    return all(found)


def _kl_sum(student) -> bool:
    one = answer(student, torch.ones(1, 1), torch.ones(1, 1))
    five = answer(student, torch.ones(1, 5), torch.ones(1, 5))
    many = answer(student, torch.ones(6, 5), torch.ones(6, 5))
    return abs(five.item() - 5 * one.item()) < 1e-4 and abs(many.item() - five.item()) < 1e-4


def _kl_gradient(student) -> bool:
    mu, sigma = _codes()
    wanted = torch.autograd.grad(kl(mu, sigma), (mu, sigma))
    found = torch.autograd.grad(answer(student, mu, sigma), (mu, sigma), allow_unused=True)
    return all(f is not None and torch.allclose(f, w, atol=1e-4) for f, w in zip(found, wanted, strict=True))


kl_term = Exercise(
    "the KL term",
    (
        Property("prior", _kl_prior, "A code with mean 0 and deviation 1 is the prior itself and costs nothing."),
        Property("mean", _kl_mean, "One number, mean 2, deviation 1: the term is 2."),
        Property("spread", _kl_spread, "With mean 0 a deviation of 0.5 must cost something, and so must 2."),
        Property("sum", _kl_sum, "Sum over the numbers of a code, then take the mean over the batch."),
        Property("gradient", _kl_gradient, "Both the mean and the deviation must be able to learn from it."),
    ),
)


# Shared layers: student(G_A, G_B, k) changes G_B in place -------------------------------------------------------------


def _pair() -> tuple[nn.Sequential, nn.Sequential]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return tuple(nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 4), nn.Linear(4, 3)) for _ in range(2))


def _shared(student, k: int = 2) -> tuple[nn.Sequential, nn.Sequential]:
    """A pair of generators after the student's function, which may return nothing."""
    G_A, G_B = _pair()
    answer(student, G_A, G_B, k)
    return G_A, G_B


def _same_values(student) -> bool:
    G_A, G_B = _shared(student)
    pairs = zip(G_A[:2].parameters(), G_B[:2].parameters(), strict=True)
    return len(G_B) == 3 and all(torch.equal(a, b) for a, b in pairs)


def _tails_apart(student) -> bool:
    (G_A, G_B), (_, untouched) = _shared(student), _pair()
    return not torch.equal(G_A[2].weight, G_B[2].weight) and torch.equal(G_B[2].weight, untouched[2].weight)


def _one_tensor(student) -> bool:
    """A step that only A's game takes must move B's first layers as well."""
    G_A, G_B = _shared(student)
    optimiser = torch.optim.SGD(G_A.parameters(), lr=0.1)
    G_A(torch.ones(1, 2)).sum().backward()
    optimiser.step()
    return all(torch.equal(a, b) for a, b in zip(G_A[:2].parameters(), G_B[:2].parameters(), strict=True))


def _counted_once(student) -> bool:
    G_A, G_B = _shared(student, k=1)
    return sum(p.numel() for p in nn.ModuleList([G_A, G_B]).parameters()) == 12 + 2 * (20 + 15)


share_layers = Exercise(
    "shared layers",
    (
        Property("values", _same_values, "After the call the first k layers of G_B have the values of G_A's."),
        Property("tails", _tails_apart, "The layers from k on stay what they were: each domain paints for itself."),
        Property("one tensor", _one_tensor, "G_A took a step, and G_B stayed behind: equal values are not one tensor."),
        Property("count", _counted_once, "With k = 1 the pair has 12 + 2 · 35 parameters: a shared one counts once."),
    ),
)


# The distance of codes: student(codes_A, codes_B) -> scalar -----------------------------------------------------------


def _people(n: int = 6, numbers: int = 5) -> Tensor:
    """Codes of n people, (n, numbers), the same every time."""
    return torch.randn(n, numbers, generator=torch.Generator().manual_seed(3))


def _distance_zero(student) -> bool:
    return _is(answer(student, _people(), _people()), 0.0)


def _distance_by_hand(student) -> bool:
    """Two people on a line: partners 1 apart, strangers 3 and 5."""
    codes_A, codes_B = torch.tensor([[0.0], [4.0]]), torch.tensor([[1.0], [5.0]])
    return _is(answer(student, codes_A, codes_B), 1 / 4)


def _distance_strangers(student) -> bool:
    codes_A, codes_B = _people(), _people().roll(1, 0)
    wanted = _code_distance(codes_A, codes_B)
    return _is(answer(student, codes_A, codes_B), wanted)


def _distance_unit(student) -> bool:
    """Codes that are ten times as large are as far apart as before, in units of the distance of strangers."""
    codes_A = _people()
    codes_B = codes_A + 0.3 * _people().flip(0)
    one, ten = answer(student, codes_A, codes_B), answer(student, 10 * codes_A, 10 * codes_B)
    return _is(one, _code_distance(codes_A, codes_B)) and abs(ten.item() - one.item()) < 1e-4


def _code_distance(codes_A: Tensor, codes_B: Tensor) -> float:
    """Written out with loops."""
    n = len(codes_A)
    apart = [[(a - b).norm().item() for b in codes_B] for a in codes_A]
    partners = sum(apart[i][i] for i in range(n)) / n
    strangers = sum(apart[i][j] for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    return partners / strangers


code_distance = Exercise(
    "the distance of codes",
    (
        Property("partners", _distance_zero, "Where both matrices are equal, all partners have one code: 0."),
        Property("strangers", _distance_by_hand, "Two people, partners 1 apart and strangers 3 and 5: 1 / 4."),
        Property("shuffled", _distance_strangers, "With the rows of B shifted by one the result is another one."),
        Property("unit", _distance_unit, "Ten times as large codes are as far apart: strangers are the unit."),
    ),
)
