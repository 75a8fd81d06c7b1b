"""Checks of lesson 02: InfoNCE, InfoNCE without the expected false negatives, the queue."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.exercises.check import Exercise, Property, answer


def _unit(rows: int, seed: int) -> Tensor:
    """Unit vectors (rows, 6)."""
    return F.normalize(torch.randn(rows, 6, generator=torch.Generator().manual_seed(seed)), dim=1)


def _expected(query: Tensor, positive: Tensor, negatives: Tensor, tau: float) -> Tensor:
    logits = torch.cat([(query * positive).sum(1, keepdim=True), query @ negatives.T], 1) / tau
    return -logits.log_softmax(1)[:, 0].mean()


# InfoNCE: student(query, positive, negatives, tau) -> scalar ----------------------------------------------------------


def _nce(student, tau: float = 0.3, batch: int = 4, negatives: int = 5) -> tuple[Tensor, Tensor]:
    """What the student's function and the formula say of the same vectors."""
    vectors = _unit(batch, 0), _unit(batch, 1), _unit(negatives, 2)
    return answer(student, *vectors, tau), _expected(*vectors, tau)


def _close(pair: tuple[Tensor, Tensor]) -> bool:
    found, expected = pair
    return found.dim() == 0 and abs(found.item() - expected.item()) < 1e-4 * max(1.0, abs(expected.item()))


def _nce_guess(student) -> bool:
    same = torch.ones(3, 6) / math.sqrt(6)
    found = answer(student, same, same, torch.ones(7, 6) / math.sqrt(6), 0.5)
    return abs(found.item() - math.log(8)) < 1e-4


def _nce_temperature(student) -> bool:
    return all(_close(_nce(student, tau)) for tau in (0.1, 1.0, 3.0))


def _nce_gradient(student) -> bool:
    slopes = []
    for loss in (lambda *vectors: answer(student, *vectors, 0.5), lambda *vectors: _expected(*vectors, 0.5)):
        vectors = [_unit(n, seed).requires_grad_() for n, seed in ((4, 0), (4, 1), (5, 2))]
        slopes.append(torch.autograd.grad(loss(*vectors), vectors, allow_unused=True))
    return all(f is not None and torch.allclose(f, e, atol=1e-5) for f, e in zip(*slopes, strict=True))


def _nce_finite(student) -> bool:
    query = _unit(2, 0)
    found = answer(student, query, -query, query[:1].repeat(3, 1), 0.005)
    return abs(found.item() - _expected(query, -query, query[:1].repeat(3, 1), 0.005).item()) < 0.1


info_nce = Exercise(
    "InfoNCE",
    (
        Property(
            "guess",
            _nce_guess,
            "When all keys look alike the loss must be the log of their number, positive included: log 8 = 2.079 for 7"
            " negatives.",
        ),
        Property(
            "value",
            lambda student: _close(_nce(student)),
            "Row i of `positive` belongs to row i of `query` alone; all share the negatives. Mean over the batch.",
        ),
        Property("temperature", _nce_temperature, "Every score is divided by tau, the positive's too, once."),
        Property("gradient", _nce_gradient, "Query, positive and negatives all must get their part of the gradient."),
        Property(
            "finite",
            _nce_finite,
            "At tau = 0.005 exp overflows. There is a function that takes the logarithm of a sum of exps safely.",
        ),
    ),
)


# The debiased loss: student(query, positive, negatives, tau, prior) -> scalar -----------------------------------------


def _expected_debiased(query: Tensor, positive: Tensor, negatives: Tensor, tau: float, prior: float) -> Tensor:
    """Chuang et al. 2020 (arXiv 2007.00224), Eq. 8 with one positive sample."""
    own = (query * positive).sum(1).div(tau).exp()
    mean = (query @ negatives.T).div(tau).exp().mean(1)
    true = ((mean - prior * own) / (1 - prior)).clamp(min=math.exp(-1 / tau))
    return (1 + len(negatives) * true / own).log().mean()


def _debiased(student, tau: float, prior: float) -> tuple[Tensor, Tensor]:
    vectors = _unit(6, 0), F.normalize(_unit(6, 0) + 0.5 * _unit(6, 1), dim=1), _unit(9, 2)
    return answer(student, *vectors, tau, prior), _expected_debiased(*vectors, tau, prior)


def _debiased_floor(student) -> bool:
    """All negatives are opposite to the query: the estimate is negative for each."""
    query = _unit(1, 0).repeat(3, 1)
    vectors = query, query, -query[:1].repeat(4, 1)
    return _close((answer(student, *vectors, 0.5, 0.3), _expected_debiased(*vectors, 0.5, 0.3)))


def _debiased_gradient(student) -> bool:
    slopes = []
    for loss in (student, _expected_debiased):
        vectors = [_unit(n, seed).requires_grad_() for n, seed in ((4, 0), (4, 1), (5, 2))]
        slopes.append(torch.autograd.grad(answer(loss, *vectors, 0.7, 0.1), vectors, allow_unused=True))
    return all(f is not None and torch.allclose(f, e, atol=1e-5) for f, e in zip(*slopes, strict=True))


debiased = Exercise(
    "the debiased loss",
    (
        Property(
            "prior 0",
            lambda student: _close(_debiased(student, 0.5, 0.0)),
            "With none expected to be false the loss must be InfoNCE; its sum over negatives is K times their mean.",
        ),
        Property(
            "value",
            lambda student: all(_close(_debiased(student, 1.0, prior)) for prior in (0.05, 0.1)),
            "m = prior · p + (1 - prior) · g, solved for g, for each query by itself, with p of its own positive.",
        ),
        Property("floor", _debiased_floor, "Cut the estimate off at exp(-1 / tau), the smallest a mean can be."),
        Property(
            "gradient",
            _debiased_gradient,
            "Query, positive and negatives all must get their part of the gradient; the positive twice.",
        ),
    ),
)


# The queue: student(queue, position, keys) -> the next position; queue changed in place -------------------------------


def _column(*numbers: float) -> Tensor:
    return torch.tensor(numbers).reshape(-1, 1)


def _filled(student) -> bool:
    queue = torch.zeros(6, 1)
    return answer(student, queue, 1, _column(5.0, 6.0)) == 3 and queue.flatten().tolist() == [0, 5, 6, 0, 0, 0]


def _wraps(student) -> bool:
    queue = _column(1.0, 2.0, 3.0, 4.0, 5.0)
    position = answer(student, queue, 3, _column(6.0, 7.0, 8.0))
    return int(position) == 1 and queue.flatten().tolist() == [8, 2, 3, 6, 7]


def _takes_no_gradient(student) -> bool:
    queue, keys = torch.zeros(4, 1), _column(1.0, 2.0).requires_grad_()
    answer(student, queue, 0, keys)
    return not queue.requires_grad


enqueue = Exercise(
    "the queue",
    (
        Property(
            "place",
            _filled,
            "Keys go where `position` points, in their order; what is returned is the place after the last of them.",
        ),
        Property(
            "wrap",
            _wraps,
            "Behind the last place comes the first one again, so that the oldest give way. The position wraps as well.",
        ),
        Property("gradient", _takes_no_gradient, "Keys in the queue are constants: cut them off from their graph."),
    ),
)
