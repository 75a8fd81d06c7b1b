"""Checks of lesson 06: the f-constancy, gradient reversal, the third class of D."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from labkit.exercises.check import Exercise, Property, answer


def _close(value, expected: float) -> bool:
    return isinstance(value, Tensor) and value.dim() == 0 and abs(value.item() - expected) < 1e-4


# The f-constancy: student(f, G, x) -> scalar --------------------------------------------------------------------------


def _translator() -> tuple[nn.Module, nn.Module, Tensor]:
    """A small f (B, 4) -> (B, 3), a small G (B, 4) -> (B, 4), a batch (5, 4)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(6)
        return nn.Sequential(nn.Linear(4, 3), nn.Tanh()), nn.Linear(4, 4), torch.randn(5, 4)


def _constancy(f, G, x) -> Tensor:
    return (f(x).detach() - f(G(x))).square().mean()


def _constant_value(student) -> bool:
    game = _translator()
    return _close(answer(student, *game), _constancy(*game).item())


def _constant_zero(student) -> bool:
    """f sees the length alone, so a G that changes the sign keeps the meaning and moves every pixel."""
    x = torch.randn(4, 3)
    return _close(answer(student, lambda x: x.abs(), lambda x: -x, x), 0.0)


def _constant_meaning(student) -> bool:
    """G leaves the image alone, f sees it: nothing to pay; G erases it: the whole meaning to pay."""
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    return _close(answer(student, lambda x: 2 * x, lambda x: 0 * x, x), 4 * x.square().mean().item())


def _constant_gradient(student) -> bool:
    """G learns through f, with the full gradient."""
    f, G, x = _translator()
    wanted = torch.autograd.grad(_constancy(f, G, x), list(G.parameters()))
    found = torch.autograd.grad(answer(student, f, G, x), list(G.parameters()), allow_unused=True)
    return all(f is not None and torch.allclose(f, w, atol=1e-5) for f, w in zip(found, wanted, strict=True))


f_constancy = Exercise(
    "the f-constancy",
    (
        Property("same meaning", _constant_zero, "Compare what f says, not the pixels: f(x) with f(G(x))."),
        Property("lost meaning", _constant_meaning, "G(x) must be looked at by f as well, with a squared difference."),
        Property("value", _constant_value, "The mean of the squared difference, over images and features."),
        Property("gradient", _constant_gradient, "G learns through f(G(x)): nothing between G and the loss is cut."),
    ),
)


# Gradient reversal: student(x, weight) -> x, whose gradient comes back turned -----------------------------------------


def _reversal_value(student) -> bool:
    x = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
    found = answer(student, x, 0.7)
    return isinstance(found, Tensor) and found.shape == x.shape and torch.allclose(found, x)


def _reversal_gradient(student, weight: float) -> bool:
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    found = answer(student, x, weight)
    if not found.requires_grad:
        return False
    (gradient,) = torch.autograd.grad((found * torch.tensor([3.0, 5.0])).sum(), x)
    return torch.allclose(gradient, -weight * torch.tensor([3.0, 5.0]))


def _reversal_game(student) -> bool:
    """In one backward pass the classifier's gradient is the plain one, the encoder's the turned one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        encoder, classifier, x = nn.Linear(3, 2), nn.Linear(2, 1), torch.randn(4, 3)
    plain = torch.autograd.grad(classifier(encoder(x)).square().mean(), [encoder.weight, classifier.weight])
    loss = classifier(answer(student, encoder(x), 0.5)).square().mean()
    found = torch.autograd.grad(loss, [encoder.weight, classifier.weight])
    return torch.allclose(found[0], -0.5 * plain[0], atol=1e-6) and torch.allclose(found[1], plain[1], atol=1e-6)


gradient_reversal = Exercise(
    "gradient reversal",
    (
        Property("value", _reversal_value, "Forward it is the identity: what goes in must come out, number by number."),
        Property(
            "sign", lambda s: _reversal_gradient(s, 1.0), "Backward the gradient must come out with the sign turned."
        ),
        Property("weight", lambda s: _reversal_gradient(s, 0.3), "The turned gradient is multiplied by the weight."),
        Property("game", _reversal_game, "Only what lies before the reversal climbs; the classifier still descends."),
    ),
)


# The third class: student(of_source, of_target, real) -> (loss of D, loss of G), logits (B, 3) each -------------------


def _ternary(of_source, of_target, real) -> tuple[Tensor, Tensor]:
    def ce(logits: Tensor, kind: int) -> Tensor:
        return cross_entropy(logits, torch.full((len(logits),), kind))

    return ce(of_source, 0) + ce(of_target, 1) + ce(real, 2), ce(of_source, 2) + ce(of_target, 2)


def _logits() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(8)
    return tuple(torch.randn(n, 3, generator=generator) for n in (4, 6, 5))


def _guess(student) -> bool:
    d, g = answer(student, *(torch.zeros(n, 3) for n in (2, 3, 4)))
    return _close(d, 3 * math.log(3)) and _close(g, 2 * math.log(3))


def _sure(*kinds: int) -> list[Tensor]:
    return [40 * torch.eye(3)[[kind, kind]] for kind in kinds]


def _d_of_each(student) -> bool:
    right = answer(student, *_sure(0, 1, 2))[0]
    wrong = [answer(student, *_sure(*kinds))[0] for kinds in ((1, 1, 2), (0, 0, 2), (0, 1, 0))]
    return _close(right, 0.0) and all(_close(loss, 40.0) for loss in wrong)


def _g_of_both(student) -> bool:
    won = answer(student, *_sure(2, 2, 2))[1]
    lost = [answer(student, *_sure(*kinds))[1] for kinds in ((0, 2, 2), (2, 1, 2))]
    return _close(won, 0.0) and all(_close(loss, 40.0) for loss in lost)


def _ternary_values(student) -> bool:
    game = _logits()
    return all(_close(f, w.item()) for f, w in zip(answer(student, *game), _ternary(*game), strict=True))


three_classes = Exercise(
    "three classes",
    (
        Property("D", _d_of_each, "D's three classes: G(s) is 0, G(t) is 1, a real t is 2. Each has its own mean."),
        Property("G", _g_of_both, "G wants both of its images, G(s) and G(t), to be taken for class 2."),
        Property("guess", _guess, "Where D guesses, each cross-entropy is log 3: three for D, two for G."),
        Property("value", _ternary_values, "Sums of means of cross-entropies, with natural logarithms."),
    ),
)
