"""Checks of lesson 05: AdaIN, bidirectional reconstruction, the conditional inception score."""

import math

import torch
from torch import Tensor, nn

from labkit.exercises.check import Exercise, Property, answer
from labkit.nets.adain import adain as labkit_adain


def _seeded(seed: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(*shape, generator=generator) for shape in shapes]


def _close(value, expected: Tensor, tolerance: float = 1e-3) -> bool:
    right_kind = isinstance(value, Tensor) and value.shape == expected.shape
    return right_kind and (value - expected).abs().max().item() < tolerance


# AdaIN: student(x, shift, scale) -> features with these means and deviations ------------------------------------------


def _features() -> list[Tensor]:
    x, shift, scale = _seeded(1, (2, 3, 5, 4), (2, 3), (2, 3))
    return [3 * x + 1, shift, scale]


def _adain_shape(student) -> bool:
    x, shift, scale = _features()
    return answer(student, x, shift, scale).shape == x.shape


def _adain_means(student) -> bool:
    x, shift, scale = _features()
    return _close(answer(student, x, shift, scale).mean((2, 3)), shift)


def _adain_deviations(student) -> bool:
    x, shift, scale = _features()
    return _close(answer(student, x, shift, scale).std((2, 3), unbiased=False), scale.abs())


def _adain_sign(student) -> bool:
    x, shift, scale = _features()
    return _close(answer(student, x, shift, -scale) - shift[..., None, None], labkit_adain(x, 0 * shift, -scale))


def _adain_forgets(student) -> bool:
    x, shift, scale = _features()
    return _close(answer(student, 5 * x - 2, shift, scale), answer(student, x, shift, scale))


def _adain_alone(student) -> bool:
    """The first image must come out the same, whatever stands beside it in the batch."""
    x, shift, scale = _features()
    return _close(answer(student, x, shift, scale)[:1], answer(student, x[:1], shift[:1], scale[:1]))


def _adain_even(student) -> bool:
    _, shift, scale = _features()
    return bool(answer(student, torch.ones(2, 3, 5, 4), shift, scale).isfinite().all())


def _adain_value(student) -> bool:
    return _close(answer(student, *_features()), labkit_adain(*_features()))


adain = Exercise(
    "AdaIN",
    (
        Property("shape", _adain_shape, "The features keep their shape (B, C, H, W)."),
        Property("alone", _adain_alone, "An image's result must not depend on the others in its batch."),
        Property("means", _adain_means, "The mean over the pixels of each channel of each image must be `shift`."),
        Property("deviations", _adain_deviations, "Divide by the deviation first; then `scale` is the new one."),
        Property("forgets", _adain_forgets, "Old mean and deviation must leave no trace: 5x - 2 gives what x gives."),
        Property("sign", _adain_sign, "A negative scale turns the features over; it is not made positive."),
        Property("even", _adain_even, "An even channel has deviation 0. A small number belongs under the root."),
        Property(
            "value", _adain_value, "(x - mean) / deviation · scale + shift, the deviation without Bessel's n - 1."
        ),
    ),
)


# Bidirectional reconstruction: student(AE_A, AE_B, real_A, s_B) -> (image, content, style) ----------------------------


class _Autoencoder(nn.Module):
    """A tiny auto-encoder: images (B, 2, 2, 2), content (B, 1, 2, 2), style (B, 1)."""

    def __init__(self, seed: int):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.content, self.style = nn.Conv2d(2, 1, 1), nn.Linear(8, 1)
            self.paint, self.tint = nn.Conv2d(1, 2, 1), nn.Linear(1, 2)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.content(x), self.style(x.flatten(1))

    def decode(self, content: Tensor, style: Tensor) -> Tensor:
        return self.paint(content) * self.tint(style)[:, :, None, None]


class _Exact:
    """An auto-encoder without loss: the first channel is the content, the mean of the second the style."""

    def __init__(self, factor: float):
        self.factor = factor

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x[:, :1] / self.factor, x[:, 1:].mean((2, 3))

    def decode(self, content: Tensor, style: Tensor) -> Tensor:
        return torch.cat([content * self.factor, style[:, :, None, None].expand_as(content)], 1)


def _translation() -> tuple[_Autoencoder, _Autoencoder, Tensor, Tensor]:
    return _Autoencoder(1), _Autoencoder(2), *_seeded(3, (3, 2, 2, 2), (3, 1))


def _terms(AE_A, AE_B, real_A, s_B) -> tuple[Tensor, Tensor, Tensor]:
    c_A, s_A = AE_A.encode(real_A)
    found_c, found_s = AE_B.encode(AE_B.decode(c_A, s_B))
    return tuple(
        (found - wanted).abs().mean()
        for found, wanted in ((AE_A.decode(c_A, s_A), real_A), (found_c, c_A), (found_s, s_B))
    )


def _zero_where_exact(student) -> bool:
    (content,), (s_A,), (s_B,) = ([part] for part in _seeded(4, (3, 1, 2, 2), (3, 1), (3, 1)))
    A, B = _Exact(2.0), _Exact(-1.0)
    return all(abs(float(term)) < 1e-5 for term in answer(student, A, B, A.decode(content, s_A), s_B))


def _term_value(place: int):
    def holds(student) -> bool:
        game = _translation()
        return _close(answer(student, *game)[place], _terms(*game)[place], 1e-5)

    return holds


def _term_gradients(student) -> bool:
    """Each term teaches what it should: nothing is detached."""
    for place in range(3):
        game = _translation()
        weights = [*game[0].parameters(), *game[1].parameters()]
        wanted = torch.autograd.grad(_terms(*game)[place], weights, allow_unused=True)
        found = torch.autograd.grad(answer(student, *game)[place], weights, allow_unused=True)
        for f, w in zip(found, wanted, strict=True):
            if (f is None) != (w is None) or (f is not None and not torch.allclose(f, w, atol=1e-5)):
                return False
    return True


bidirectional = Exercise(
    "bidirectional reconstruction",
    (
        Property("zero", _zero_where_exact, "Auto-encoders that lose nothing have nothing to pay: three zeros."),
        Property("image", _term_value(0), "Image → both codes of its own → image: no other domain takes part."),
        Property("content", _term_value(1), "A's content, painted by B with s_B, read again by B's encoder."),
        Property("style", _term_value(2), "What B's style encoder reads is compared with the style that was drawn."),
        Property("gradient", _term_gradients, "Encoders and decoders learn from all of it: nothing may be detached."),
    ),
)


# The conditional inception score: student(p), p (N, S, K) -> scalar ---------------------------------------------------


def _random_probabilities() -> Tensor:
    (x,) = _seeded(5, (4, 3, 5))
    return x.softmax(2)


def _cis(p: Tensor) -> Tensor:
    mean = p.mean(1, keepdim=True).expand_as(p)
    return (torch.xlogy(p, p) - torch.xlogy(p, mean)).sum(2).mean()


def _cis_deterministic(student) -> bool:
    one_kind_an_input = torch.eye(4)[:, None].expand(4, 6, 4)
    return abs(float(answer(student, one_kind_an_input))) < 1e-5


def _cis_all_kinds(student) -> bool:
    return abs(float(answer(student, torch.eye(5).expand(3, 5, 5))) - math.log(5)) < 1e-3


def _cis_value(student) -> bool:
    p = _random_probabilities()
    return abs(float(answer(student, p)) - float(_cis(p))) < 1e-4


def _cis_scalar(student) -> bool:
    value = answer(student, _random_probabilities())
    return not isinstance(value, Tensor) or value.dim() == 0


conditional_score = Exercise(
    "the conditional inception score",
    (
        Property("scalar", _cis_scalar, "One number: the mean over inputs and over outputs."),
        Property(
            "deterministic",
            _cis_deterministic,
            "One kind for each input, many kinds over all inputs: CIS is 0. What is p(y | x)? (And 0 · log 0 is 0.)",
        ),
        Property("all kinds", _cis_all_kinds, "Each of five kinds once for every input: log 5, in nats."),
        Property("value", _cis_value, "KL(p(y | x') ‖ p(y | x)): summed over kinds, averaged over all outputs."),
    ),
)
