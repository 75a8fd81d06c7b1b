"""Checks of lesson 08: the mean class code, the multi-task hinge, the gradient penalty of each image."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from labkit.exercises.check import Exercise, Property, answer


def _seeded(seed: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(*shape, generator=generator) for shape in shapes]


def _close(value, expected: Tensor, tolerance: float = 1e-4) -> bool:
    right_kind = isinstance(value, Tensor) and value.shape == expected.shape
    return right_kind and (value - expected).abs().max().item() < tolerance


# The mean class code: student(encoder, examples), examples (B, K, C, H, W) -> (B, D) --------------------------------


def _encoder(images: Tensor) -> Tensor:
    """Images (N, 2, 3, 3) to codes (N, 3), not linearly: the code of a mean image is not the mean code."""
    if images.dim() != 4:
        raise ValueError(f"the encoder reads images (N, C, H, W), and was given {tuple(images.shape)}")
    bright = images.mean((2, 3))
    return torch.stack([bright[:, 0].square(), bright[:, 1].exp(), images.amax((1, 2, 3))], 1)


def _codes(examples: Tensor) -> Tensor:
    return torch.stack([_encoder(images).mean(0) for images in examples])


def _examples(n: int = 2, k: int = 4) -> Tensor:
    (examples,) = _seeded(1, (n, k, 2, 3, 3))
    return examples


def _code_shape(student) -> bool:
    return answer(student, _encoder, _examples()).shape == (2, 3)


def _code_single(student) -> bool:
    one = _examples(3, 1)
    return _close(answer(student, _encoder, one), _encoder(one[:, 0]))


def _code_order(student) -> bool:
    examples = _examples()
    return _close(answer(student, _encoder, examples.flip(1)), answer(student, _encoder, examples))


def _code_copies(student) -> bool:
    """Twice the same examples tell no more."""
    examples = _examples()
    return _close(answer(student, _encoder, torch.cat([examples] * 2, 1)), answer(student, _encoder, examples))


def _code_own(student) -> bool:
    """The class of one translation has nothing to do with the next one's."""
    examples = _examples()
    return _close(answer(student, _encoder, examples)[:1], answer(student, _encoder, examples[:1]))


def _code_value(student) -> bool:
    return _close(answer(student, _encoder, _examples()), _codes(_examples()))


mean_class_code = Exercise(
    "the mean class code",
    (
        Property("shape", _code_shape, "B sets of K images give B codes: (B, K, C, H, W) to (B, D)."),
        Property("one", _code_single, "With one example, K = 1, its code is the class code."),
        Property("order", _code_order, "The examples are a set: in another order they mean the same."),
        Property("copies", _code_copies, "Every example twice is the same class: a mean, not a sum."),
        Property("own", _code_own, "Each translation has its own K examples; those of the others do not enter."),
        Property("value", _code_value, "Encode every image by itself, then average the codes, not the images."),
    ),
)


# The multi-task hinge: student(real, fake, labels), maps (B, classes, h, w) -> loss of D ----------------------------


def _maps() -> tuple[Tensor, Tensor, Tensor]:
    real, fake = _seeded(2, (4, 5, 3, 3), (4, 5, 3, 3))
    return real, fake, torch.tensor([2, 0, 4, 2])


def _hinge(real: Tensor, fake: Tensor, labels: Tensor) -> Tensor:
    on_real, on_fake = (torch.stack([m[c] for m, c in zip(maps, labels, strict=True)]) for maps in (real, fake))
    return (1 - on_real).clamp_min(0).mean() + (1 + on_fake).clamp_min(0).mean()


def _hinge_scalar(student) -> bool:
    return answer(student, *_maps()).dim() == 0


def _hinge_margin(student) -> bool:
    """Beyond the margin there is nothing to gain: a D that is right and sure of it pays nothing."""
    real, fake, labels = _maps()
    return abs(float(answer(student, 0 * real + 1.5, 0 * fake - 3, labels))) < 1e-6


def _hinge_undecided(student) -> bool:
    real, fake, labels = _maps()
    return abs(float(answer(student, 0 * real, 0 * fake, labels)) - 2) < 1e-5


def _hinge_others(student) -> bool:
    """Maps of classes that are not in the batch may say what they like."""
    real, fake, labels = _maps()
    others = ~torch.isin(torch.arange(real.shape[1]), labels)[None, :, None, None]
    disturbed = answer(student, torch.where(others, -9.0, real), torch.where(others, 9.0, fake), labels)
    return _close(disturbed, answer(student, real, fake, labels))


def _hinge_own(student) -> bool:
    """Image i is judged by the map of its own label, not by those of all labels in the batch."""
    real, fake, labels = _maps()
    worse = real.clone()
    worse[0, 0] -= 9  # class 0 is a label in this batch, but not that of image 0
    return _close(answer(student, worse, fake, labels), answer(student, real, fake, labels))


def _hinge_patches(student) -> bool:
    """Every patch has a margin of its own: one that is very sure does not make up for another."""
    real, fake, labels = 0 * _maps()[0] + 1, 0 * _maps()[1] - 1, _maps()[2]
    real[:, :, 0, 0], real[:, :, 0, 1] = 10, -2
    return abs(float(answer(student, real, fake, labels)) - 3 / 9) < 1e-5


def _hinge_value(student) -> bool:
    return _close(answer(student, *_maps()), _hinge(*_maps()))


multi_task_hinge = Exercise(
    "the multi-task hinge",
    (
        Property("scalar", _hinge_scalar, "One number: what D minimises."),
        Property("undecided", _hinge_undecided, "A D that says 0 everywhere pays 1 on real and 1 on generated images."),
        Property("margin", _hinge_margin, "Real at 1 or above, generated at -1 or below: nothing is left to pay."),
        Property("other classes", _hinge_others, "Only the map of an image's class is looked at; the others are free."),
        Property("own label", _hinge_own, "Image i, map labels[i]: two indices that go together, one for each image."),
        Property("patches", _hinge_patches, "max(0, ·) of every patch first, and the mean afterwards."),
        Property("value", _hinge_value, "mean max(0, 1 - real) + mean max(0, 1 + fake), over images and patches."),
    ),
)


# The gradient penalty: student(D, real), D: images -> maps (B, h, w) -> mean over images of |grad of mean logit|² --


class _Judge(nn.Module):
    """A tiny D: images (B, 2, 4, 4) to maps (B, 2, 2), each image judged alone."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            self.layers = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Tanh(), nn.Conv2d(3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)[:, 0]


def _penalty(D: Callable[[Tensor], Tensor], real: Tensor) -> Tensor:
    total = torch.zeros(())
    for image in real:
        x = image[None].clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(D(x).mean(), x, create_graph=True)
        total = total + gradient.square().sum()
    return total / len(real)


def _images(n: int = 3) -> Tensor:
    (real,) = _seeded(4, (n, 2, 4, 4))
    return real


def _penalty_linear(student) -> bool:
    """D(x) = 3 · the mean of x at each patch: the gradient is known."""
    real = _images()
    value = answer(student, lambda x: 3 * x.mean(1), real)
    return abs(value.item() - 9 * 32 / 32**2) < 1e-4


def _penalty_batch(student) -> bool:
    """The same image two, four, eight times is punished as once."""
    one, D = _images(1), _Judge()
    values = [answer(student, D, one.expand(n, -1, -1, -1)).item() for n in (1, 2, 8)]
    return max(values) - min(values) < 1e-4 * max(values[0], 1e-6)


def _penalty_learns(student) -> bool:
    """It must teach D: its own gradient reaches D's weights, and has the right value."""
    D = _Judge()
    weights = [p for p in D.parameters() if p.dim() > 1]  # a bias of the last layer has no part in it
    value = answer(student, D, _images())
    if not value.requires_grad:
        return False
    found = torch.autograd.grad(value, weights, allow_unused=True)
    wanted = torch.autograd.grad(_penalty(D, _images()), weights)
    return all(f is not None and torch.allclose(f, w, atol=1e-5) for f, w in zip(found, wanted, strict=True))


def _penalty_leaves(student) -> bool:
    """The images that were handed in stay as they are: no flag, no gradient."""
    real = _images()
    answer(student, _Judge(), real)
    return not real.requires_grad and real.grad is None


def _penalty_value(student) -> bool:
    return _close(answer(student, _Judge(), _images()), _penalty(_Judge(), _images()), 1e-5)


gradient_penalty = Exercise(
    "the gradient penalty of each image",
    (
        Property("known", _penalty_linear, "D(x) = 3 · mean: 32 numbers an image, each with the slope 3 / 32."),
        Property("batch", _penalty_batch, "A copy of an image must change nothing. Whose mean do you differentiate?"),
        Property("learns", _penalty_learns, "D learns from it: the gradient needs a graph of its own (create_graph)."),
        Property("images", _penalty_leaves, "Do not mark the caller's images: work on a detached copy."),
        Property("value", _penalty_value, "The mean over patches, its gradient, squared and summed, mean over images."),
    ),
)
