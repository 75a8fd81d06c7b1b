"""Checks of lesson 02: InfoNCE, the momentum update, the queue."""

import math

import torch
from torch import Tensor, nn
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


# The momentum update: student(slow, fast, m) -> slow, changed in place ------------------------------------------------


def _pair() -> tuple[nn.Module, nn.Module]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return nn.Linear(3, 2), nn.Linear(3, 2)


def _moved(student, m: float) -> bool:
    slow, fast = _pair()
    both = zip(slow.parameters(), fast.parameters(), strict=True)
    expected = [m * s.detach() + (1 - m) * f.detach() for s, f in both]
    answer(student, slow, fast, m)
    return all(torch.allclose(s, e, atol=1e-6) for s, e in zip(slow.parameters(), expected, strict=True))


def _fast_untouched(student) -> bool:
    slow, fast = _pair()
    before = [p.detach().clone() for p in fast.parameters()]
    answer(student, slow, fast, 0.5)
    answer(student, slow, fast, 0.0)  # a slow network that holds the fast one's tensors would show below
    with torch.no_grad():
        next(slow.parameters()).add_(1.0)
    return all(torch.equal(b, p) for b, p in zip(before, fast.parameters(), strict=True))


def _in_place(student) -> bool:
    slow, fast = _pair()
    places = [p.data_ptr() for p in slow.parameters()]
    result = answer(student, slow, fast, 0.9)
    return result is slow and places == [p.data_ptr() for p in slow.parameters()]


def _no_graph(student) -> bool:
    slow, fast = _pair()
    answer(student, slow, fast, 0.9)
    return all(isinstance(p, nn.Parameter) and p.is_leaf and p.grad_fn is None for p in slow.parameters())


momentum_update = Exercise(
    "the momentum update",
    (
        Property(
            "value",
            lambda student: _moved(student, 0.9),
            "Each slow parameter becomes m times itself plus (1 - m) times the fast one. Biases are parameters too.",
        ),
        Property(
            "limits",
            lambda student: _moved(student, 1.0) and _moved(student, 0.0),
            "With m = 1 the slow network must stand still, with m = 0 it must become the fast one.",
        ),
        Property("fast", _fast_untouched, "The fast network must not change, nor share its tensors with the slow one."),
        Property("graph", _no_graph, "The update is not part of any backward pass: do it where no graph is recorded."),
        Property("place", _in_place, "Change the slow network's own tensors, in place, and return that network."),
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
