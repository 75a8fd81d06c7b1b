"""Checks of lesson 03: the cycle loss, the image pool, the missing detach."""

import torch
from torch import Tensor, nn

from labkit.exercises.check import Exercise, Property, answer


def _generators() -> tuple[nn.Module, nn.Module, Tensor, Tensor]:
    """Two tiny generators and batches of different size for A and B, (B, 1, 2, 2)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        G_AB, G_BA = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1)
        return G_AB, G_BA, torch.randn(3, 1, 2, 2), torch.randn(2, 1, 2, 2)


def _close(value: Tensor, expected: Tensor) -> bool:
    return isinstance(value, Tensor) and value.dim() == 0 and abs(value.item() - expected.item()) < 1e-4


# The cycle loss: student(G_AB, G_BA, real_A, real_B, lambda_cyc) -> scalar --------------------------------------------


def _cycle(G_AB, G_BA, real_A, real_B, lambda_cyc) -> Tensor:
    home_A, home_B = G_BA(G_AB(real_A)), G_AB(G_BA(real_B))
    return lambda_cyc * ((home_A - real_A).abs().mean() + (home_B - real_B).abs().mean())


def _cycle_value(student) -> bool:
    game = _generators()
    return _close(answer(student, *game, 10.0), _cycle(*game, 10.0))


def _cycle_home(student) -> bool:
    real_A, real_B = torch.rand(2, 1, 2, 2), torch.rand(2, 1, 2, 2)
    return abs(answer(student, lambda x: x + 1, lambda y: y - 1, real_A, real_B, 10.0).item()) < 1e-5


def _cycle_both(student) -> bool:
    """A way home that fails in A alone, then in B alone: zero where it is zero there, else the loss must see both."""
    zero, one = torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2)
    only_A = answer(student, lambda x: x.abs(), lambda y: y, -one, one, 1.0)  # A → B → A loses a sign
    only_B = answer(student, lambda x: x, lambda y: y.abs(), one, -one, 1.0)
    nothing = answer(student, lambda x: x, lambda y: y, zero, zero, 1.0)
    return abs(only_A.item() - 2) < 1e-4 and abs(only_B.item() - 2) < 1e-4 and abs(nothing.item()) < 1e-6


def _cycle_weight(student) -> bool:
    game = _generators()
    return abs(answer(student, *game, 6.0).item() - 3 * answer(student, *game, 2.0).item()) < 1e-4


def _cycle_gradient(student) -> bool:
    G_AB, G_BA, real_A, real_B = _generators()
    weights = [*G_AB.parameters(), *G_BA.parameters()]
    wanted = torch.autograd.grad(_cycle(G_AB, G_BA, real_A, real_B, 10.0), weights)
    found = torch.autograd.grad(answer(student, G_AB, G_BA, real_A, real_B, 10.0), weights, allow_unused=True)
    return all(f is not None and torch.allclose(f, w, atol=1e-4) for f, w in zip(found, wanted, strict=True))


cycle_loss = Exercise(
    "the cycle loss",
    (
        Property("home", _cycle_home, "Where both round trips come home exactly, the loss must be 0."),
        Property("both ways", _cycle_both, "One round trip starts in A, the other in B. Each must count by itself."),
        Property("weight", _cycle_weight, "Three times the weight, three times the loss."),
        Property(
            "value", _cycle_value, "The mean absolute difference over all pixels and images, for each way, added up."
        ),
        Property("gradient", _cycle_gradient, "Each round trip must teach both generators: nothing may be detached."),
    ),
)


# The image pool: student(pool, image, capacity, swap, slot) -> image to show to D -------------------------------------


def _image(value: float, requires_grad: bool = False) -> Tensor:
    return torch.full((1, 2, 2), value, requires_grad=requires_grad)


def _values(images: list[Tensor]) -> list[float]:
    return [image.mean().item() for image in images]


def _fills(student) -> bool:
    pool, shown = [], []
    for value in (1.0, 2.0, 3.0):
        shown.append(answer(student, pool, _image(value), 3, True, 0))
    return _values(shown) == [1.0, 2.0, 3.0] and _values(pool) == [1.0, 2.0, 3.0]


def _keeps(student) -> bool:
    pool = [_image(1.0), _image(2.0)]
    shown = answer(student, pool, _image(9.0), 2, False, 1)
    return _values([shown]) == [9.0] and _values(pool) == [1.0, 2.0]


def _swaps(student) -> bool:
    pool = [_image(1.0), _image(2.0), _image(3.0)]  # neither the first slot nor the last
    shown = answer(student, pool, _image(9.0), 3, True, 1)
    return _values([shown]) == [2.0] and _values(pool) == [1.0, 9.0, 3.0]


def _bounded(student) -> bool:
    pool = []
    for i in range(12):
        answer(student, pool, _image(float(i)), 4, i % 2 == 0, i % 4)
    return len(pool) == 4


def _forgets_the_graph(student) -> bool:
    pool = []
    shown = [answer(student, pool, _image(float(i), requires_grad=True), 2, i % 2 == 0, 0) for i in range(4)]
    return not any(image.requires_grad for image in [*pool, *shown])


image_pool = Exercise(
    "the image pool",
    (
        Property(
            "fill", _fills, "Until the pool is full every image is stored and shown as it is, whatever `swap` says."
        ),
        Property("keep", _keeps, "Full, and no swap: show the new image, leave the pool alone."),
        Property("swap", _swaps, "Full, and swap: show the old image of that slot, and put the new one in its place."),
        Property("size", _bounded, "The pool must never hold more than `capacity` images."),
        Property(
            "detach", _forgets_the_graph, "What is stored and shown must not hang on the generator's graph any more."
        ),
    ),
)


# The missing detach: student(G_AB, D_B, real_A, real_B) -> (loss of G, loss of D), least squares ----------------------


def _game() -> tuple[nn.Module, nn.Module, Tensor, Tensor]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return nn.Linear(2, 3), nn.Linear(3, 1), torch.randn(4, 2), torch.randn(5, 3)


def _losses(G_AB, D_B, real_A, real_B) -> tuple[Tensor, Tensor]:
    fake_B = G_AB(real_A)
    loss_G = (D_B(fake_B) - 1).square().mean()
    loss_D = 0.5 * ((D_B(real_B) - 1).square().mean() + D_B(fake_B.detach()).square().mean())
    return loss_G, loss_D


def _game_values(student) -> bool:
    game = _game()
    return all(_close(f, w) for f, w in zip(answer(student, *game), _losses(*game), strict=True))


def _same_gradients(student, player: int) -> bool:
    """Whether the loss of `player` (0: G, 1: D) teaches that player exactly what it should."""
    game = _game()
    weights = list(game[player].parameters())
    wanted = torch.autograd.grad(_losses(*game)[player], weights)
    found = torch.autograd.grad(answer(student, *game)[player], weights, allow_unused=True)
    return all(f is not None and torch.allclose(f, w, atol=1e-5) for f, w in zip(found, wanted, strict=True))


def _d_leaves_g_alone(student) -> bool:
    game = _game()
    loss = answer(student, *game)[1]
    if loss.requires_grad:
        loss.backward()
    return all(parameter.grad is None for parameter in game[0].parameters())


missing_detach = Exercise(
    "the missing detach",
    (
        Property(
            "value",
            _game_values,
            "A detach changes gradients, never values: both losses must stay what they were.",
        ),
        Property(
            "detach",
            _d_leaves_g_alone,
            "After `loss_D.backward()` the weights of G hold a gradient. Where does it enter?",
        ),
        Property(
            "G learns",
            lambda student: _same_gradients(student, 0),
            "Now G gets nothing from its own loss: the cut is too early.",
        ),
        Property(
            "D learns",
            lambda student: _same_gradients(student, 1),
            "D must still learn from real and from generated images.",
        ),
    ),
)
