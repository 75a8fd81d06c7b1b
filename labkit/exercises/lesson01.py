"""Checks of lesson 01: the loss of G, the loss of D with its detach, the hinge losses, a step of WGAN-GP's critic."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from labkit.exercises.check import Exercise, Property, answer

LOGITS = (-3.0, -0.5, 0.0, 1.5)  # of different size and sign, so that a wrong sign or a sum for a mean shows


def _scalar(value: Tensor, expected: float) -> bool:
    return isinstance(value, Tensor) and value.dim() == 0 and abs(value.item() - expected) < 1e-4


def _slopes(loss: Callable[[Tensor], Tensor], logits: tuple[float, ...] = LOGITS) -> Tensor:
    """d loss / d logit, one for each logit."""
    x = torch.tensor(logits, requires_grad=True)
    (slopes,) = torch.autograd.grad(loss(x), x)
    return slopes


# The loss of G: student(fake_logits) -> scalar ------------------------------------------------------------------------


def _g_value(student) -> bool:
    logits = torch.tensor(LOGITS)
    return _scalar(answer(student, logits), -logsigmoid(logits).mean().item())


def _g_gradient(student) -> bool:
    expected = -(1 - torch.sigmoid(torch.tensor(LOGITS))) / len(LOGITS)
    return torch.allclose(_slopes(lambda x: answer(student, x)), expected, atol=1e-5)


def _g_finite(student) -> bool:
    loss = answer(student, torch.tensor([-200.0]))
    return abs(loss.item() - 200) < 1e-2 and torch.allclose(_slopes(student, (-200.0,)), torch.tensor([-1.0]))


generator_loss = Exercise(
    "the generator's loss",
    (
        Property(
            "sign",
            lambda student: (_slopes(lambda x: answer(student, x)) < 0).all(),
            "G must get less loss when D believes more: the slope in every logit has to be negative.",
        ),
        Property(
            "value",
            _g_value,
            "Take the mean over the batch of -log D(G(z)), with D = sigmoid(logit). At logit 0 it is log 2 = 0.693.",
        ),
        Property(
            "gradient",
            _g_gradient,
            "The slope in each logit has to be -(1 - D) / B: steep where D is sure, flat where D is fooled.",
        ),
        Property(
            "finite",
            _g_finite,
            "At logit -200 the sigmoid rounds to 0 and its logarithm is lost. One function does both at once.",
        ),
    ),
)


# The loss of D: student(D, real, fake) -> scalar; fake = G(z) hangs on G ----------------------------------------------


def _game() -> tuple[nn.Module, nn.Module, Tensor, Tensor]:
    """A tiny D and G, real images, and fakes that still hang on G."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        D, G = nn.Linear(3, 1), nn.Linear(2, 3)
        return D, G, torch.randn(5, 3), G(torch.randn(5, 2))


def _d_expected(D: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    return -logsigmoid(D(real)).mean() - logsigmoid(-D(fake.detach())).mean()


def _d_value(student) -> bool:
    D, _, real, fake = _game()
    return _scalar(answer(student, D, real, fake), _d_expected(D, real, fake).item())


def _d_detached(student) -> bool:
    D, G, real, fake = _game()
    loss = answer(student, D, real, fake)
    if loss.requires_grad:
        loss.backward()
    return all(parameter.grad is None for parameter in G.parameters())


def _d_gradient(student) -> bool:
    D, _, real, fake = _game()
    wanted = torch.autograd.grad(_d_expected(D, real, fake), list(D.parameters()))
    found = torch.autograd.grad(answer(student, D, real, fake), list(D.parameters()), allow_unused=True)
    return all(f is not None and torch.allclose(f, w, atol=1e-5) for f, w in zip(found, wanted, strict=True))


def _d_leaves_fake(student) -> bool:
    D, G, real, fake = _game()
    answer(student, D, real, fake)
    if not fake.requires_grad:
        return False
    D(fake).sum().backward()
    return all(p.grad is not None for p in G.parameters()) and all(p.requires_grad for p in D.parameters())


discriminator_loss = Exercise(
    "the discriminator's loss",
    (
        Property(
            "value",
            _d_value,
            "Add two means over the batch: -log D(x) of the real images and -log(1 - D(G(z))) of the generated ones.",
        ),
        Property(
            "detach",
            _d_detached,
            "After backward the weights of G hold a gradient. D's step must not reach them.",
        ),
        Property(
            "gradient",
            _d_gradient,
            "The weights of D do not get the whole gradient. Both halves must reach them; only the way into G is cut.",
        ),
        Property(
            "detach",
            _d_leaves_fake,
            "G still needs `fake` and D after this: cut a copy of `fake` off, not `fake` itself, and leave D as it is.",
        ),
    ),
)


# The hinge losses: student(real_logits, fake_logits) -> (loss of D, loss of G) ----------------------------------------

REAL, FAKE = (-0.4, 0.3, 1.0001, 2.5), (-2.0, -1.0001, 0.2, 0.9)


def _hinge(student, real=REAL, fake=FAKE) -> tuple[Tensor, Tensor]:
    return answer(student, torch.tensor(real), torch.tensor(fake))


def _hinge_d_value(student) -> bool:
    expected = sum(max(0, 1 - r) for r in REAL) / 4 + sum(max(0, 1 + f) for f in FAKE) / 4
    return _scalar(_hinge(student)[0], expected)


def _hinge_g_value(student) -> bool:
    return _scalar(_hinge(student)[1], -sum(FAKE) / 4)


def _hinge_d_gradient(student) -> bool:
    real = _slopes(lambda x: answer(student, x, torch.tensor(FAKE))[0], REAL)
    fake = _slopes(lambda x: answer(student, torch.tensor(REAL), x)[0], FAKE)
    return torch.allclose(real, torch.tensor([-0.25, -0.25, 0, 0])) and torch.allclose(
        fake, torch.tensor([0, 0, 0.25, 0.25])
    )


def _hinge_g_gradient(student) -> bool:
    slopes = _slopes(lambda x: answer(student, torch.tensor(REAL), x)[1], FAKE)
    return torch.allclose(slopes, torch.full((4,), -0.25))


hinge_losses = Exercise(
    "the hinge losses",
    (
        Property(
            "sign",
            lambda student: _hinge(student, (2.0,), (-2.0,))[0].item() < _hinge(student, (-2.0,), (2.0,))[0].item(),
            "D must lose less when it gives real images the high logits and generated ones the low.",
        ),
        Property("value", _hinge_d_value, "The loss of D: mean of max(0, 1 - real) plus mean of max(0, 1 + fake)."),
        Property("value", _hinge_g_value, "The loss of G is -mean(fake): no margin, no sigmoid."),
        Property(
            "gradient",
            _hinge_d_gradient,
            "Logits beyond the margin (real above 1, generated below -1) must have slope 0, the others ±1/B.",
        ),
        Property("gradient", _hinge_g_gradient, "The slope of G's loss is -1/B in every logit, however large it is."),
    ),
)


# A step of the critic: student(D, G, optimiser, real, z, epsilon, weight) -> the loss before the step -----------------

WEIGHT, RATE = 3.0, 0.1


def _critic_game() -> tuple[nn.Module, nn.Module, torch.optim.Optimizer, Tensor, Tensor, Tensor]:
    """A small critic with a curved answer and leftovers of an earlier step in its gradients, G, SGD, and one batch."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        D, G = nn.Sequential(nn.Linear(3, 8), nn.Softplus(), nn.Linear(8, 1)), nn.Linear(2, 3)
        real, z, epsilon = torch.randn(5, 3), torch.randn(5, 2), torch.rand(5, 1)
    D(real).sum().backward()
    return D, G, torch.optim.SGD(D.parameters(), RATE), real, z, epsilon


def _critic_expected(D, G, real, z, epsilon, weight=WEIGHT) -> Tensor:
    fake = G(z).detach()
    between = (epsilon * real + (1 - epsilon) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(D(between).sum(), between, create_graph=True)
    return D(fake).mean() - D(real).mean() + weight * (slope.norm(dim=1) - 1).square().mean()


def _critic_value(student) -> bool:
    D, G, optimiser, real, z, epsilon = _critic_game()
    expected = _critic_expected(D, G, real, z, epsilon).item()
    return _scalar(answer(student, D, G, optimiser, real, z, epsilon, WEIGHT), expected)


def _critic_without_penalty(student) -> bool:
    D, G, optimiser, real, z, epsilon = _critic_game()
    expected = (D(G(z)).mean() - D(real).mean()).item()
    return _scalar(answer(student, D, G, optimiser, real, z, epsilon, 0.0), expected)


def _critic_leaves_G(student) -> bool:
    D, G, optimiser, real, z, epsilon = _critic_game()
    before = [parameter.clone() for parameter in G.parameters()]
    answer(student, D, G, optimiser, real, z, epsilon, WEIGHT)
    same = all(torch.equal(a, b) for a, b in zip(before, G.parameters(), strict=True))
    return same and all(parameter.grad is None or not parameter.grad.any() for parameter in G.parameters())


def _critic_moves(student) -> bool:
    D, G, optimiser, real, z, epsilon = _critic_game()
    gradients = torch.autograd.grad(_critic_expected(D, G, real, z, epsilon), list(D.parameters()), allow_unused=True)
    wanted = [p.detach() - RATE * (0 if g is None else g) for p, g in zip(D.parameters(), gradients, strict=True)]
    answer(student, D, G, optimiser, real, z, epsilon, WEIGHT)
    return all(torch.allclose(a, b, atol=1e-5) for a, b in zip(D.parameters(), wanted, strict=True))


critic_step = Exercise(
    "a step of the critic",
    (
        Property(
            "difference",
            _critic_without_penalty,
            "With weight 0 the loss is the mean answer to generated points minus the mean answer to real ones.",
        ),
        Property(
            "penalty",
            _critic_value,
            "The penalty is the mean over the points between of (norm of the gradient - 1)², one norm for each point.",
        ),
        Property(
            "detach",
            _critic_leaves_G,
            "G has moved, or holds a gradient. This step belongs to D alone.",
        ),
        Property(
            "step",
            _critic_moves,
            "D's weights are not where one step puts them. Leftover gradients, or a penalty without create_graph?",
        ),
    ),
)
