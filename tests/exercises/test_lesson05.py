"""Each check of lesson 05: the lesson's folded solution passes, typical wrong answers fail where they should."""

import torch
from exercise_tests import ExerciseTests

from labkit.exercises import lesson05


def wide(numbers):
    return numbers[:, :, None, None]


def adain(x, shift, scale, mean_over=(2, 3), eps=1e-5, unbiased=False):
    mean = x.mean(mean_over, keepdim=True)
    variance = x.var(mean_over, keepdim=True, unbiased=unbiased)
    return (x - mean) / (variance + eps).sqrt() * wide(scale) + wide(shift)


ADAIN_WRONG = {
    "batch statistics": ("alone", lambda x, b, g: adain(x, b, g, (0, 2, 3))),
    "one mean for the whole image": ("means", lambda x, b, g: adain(x, b, g, (1, 2, 3))),
    "shift and scale exchanged": ("means", lambda x, b, g: adain(x, g, b)),
    "no normalisation": ("means", lambda x, b, g: x * wide(g) + wide(b)),
    "mean not taken away": ("means", lambda x, b, g: x / x.std((2, 3), keepdim=True) * wide(g) + wide(b)),
    "one plus scale": ("deviations", lambda x, b, g: adain(x, b, 1 + g)),
    "variance instead of deviation": (
        "deviations",
        lambda x, b, g: (x - x.mean((2, 3), keepdim=True)) / (x.var((2, 3), keepdim=True) + 1e-5) * wide(g) + wide(b),
    ),
    "divided by n - 1": ("deviations", lambda x, b, g: adain(x, b, g, unbiased=True)),
    "scale made positive": ("sign", lambda x, b, g: adain(x, b, g.abs())),
    "no small number": ("even", lambda x, b, g: adain(x, b, g, eps=0.0)),
    "one number an image": ("shape", lambda x, b, g: adain(x, b, g).mean((2, 3))),
}


def terms(AE_A, AE_B, x, s_B):
    c, s = AE_A.encode(x)
    found_c, found_s = AE_B.encode(AE_B.decode(c, s_B))
    return (AE_A.decode(c, s) - x).abs().mean(), (found_c - c).abs().mean(), (found_s - s_B).abs().mean()


def wrong_encoder(A, B, x, s_B):
    image, _, _ = terms(A, B, x, s_B)
    c, _ = A.encode(x)
    found_c, found_s = A.encode(B.decode(c, s_B))
    return image, (found_c - c).abs().mean(), (found_s - s_B).abs().mean()


def own_style(A, B, x, s_B):
    image, content, _ = terms(A, B, x, s_B)
    c, s = A.encode(x)
    return image, content, (B.encode(B.decode(c, s_B))[1] - s).abs().mean()


def image_with_drawn_style(A, B, x, s_B):
    _, content, style = terms(A, B, x, s_B)
    return (A.decode(A.encode(x)[0], s_B) - x).abs().mean(), content, style


def round_trip(A, B, x, s_B):
    _, content, style = terms(A, B, x, s_B)
    c, s = A.encode(x)
    return (A.decode(B.encode(B.decode(c, s_B))[0], s) - x).abs().mean(), content, style


def squared(A, B, x, s_B):
    image, _, style = terms(A, B, x, s_B)
    c, _ = A.encode(x)
    return image, (B.encode(B.decode(c, s_B))[0] - c).square().mean(), style


def detached_content(A, B, x, s_B):
    image, _, style = terms(A, B, x, s_B)
    c, _ = A.encode(x)
    return image, (B.encode(B.decode(c, s_B))[0] - c.detach()).abs().mean(), style


def detached_translation(A, B, x, s_B):
    image, _, _ = terms(A, B, x, s_B)
    c, _ = A.encode(x)
    found_c, found_s = B.encode(B.decode(c, s_B).detach())
    return image, (found_c - c).abs().mean(), (found_s - s_B).abs().mean()


BIDIRECTIONAL_WRONG = {
    "translation read by A's encoders": ("zero", wrong_encoder),
    "compared with its own style": ("zero", own_style),
    "image painted with the drawn style": ("zero", image_with_drawn_style),
    "a cycle for the image": ("image", round_trip),
    "squared": ("content", squared),
    "weighted": ("image", lambda *game: tuple(10 * term for term in terms(*game))),
    "content detached": ("gradient", detached_content),
    "translation detached": ("gradient", detached_translation),
}


def divergence(p, q):
    return (torch.xlogy(p, p) - torch.xlogy(p, q.expand_as(p))).sum(-1)


CIS_WRONG = {
    "inception score": ("deterministic", lambda p: divergence(p, p.mean((0, 1))).mean()),
    "mean over inputs": ("deterministic", lambda p: divergence(p, p.mean(0, keepdim=True)).mean()),
    "exponential": ("deterministic", lambda p: divergence(p, p.mean(1, keepdim=True)).mean().exp()),
    "no care for zeros": ("deterministic", lambda p: (p * (p / p.mean(1, keepdim=True)).log()).sum(2).mean()),
    "averaged over kinds": ("all kinds", lambda p: divergence(p, p.mean(1, keepdim=True)).mean() / p.shape[2]),
    "in bits": ("all kinds", lambda p: divergence(p, p.mean(1, keepdim=True)).mean() / 0.6931),
    "other way round": (
        "all kinds",
        lambda p: divergence(p.mean(1, keepdim=True).expand_as(p), p.clamp_min(1e-9)).mean(),
    ),
    "one number an input": ("scalar", lambda p: divergence(p, p.mean(1, keepdim=True)).mean(1)),
    "summed over outputs": ("all kinds", lambda p: divergence(p, p.mean(1, keepdim=True)).sum(1).mean()),
}


class TestLesson05(ExerciseTests):
    LESSON = "05_munit"
    EXERCISES = {
        "adain": (lesson05.adain, ADAIN_WRONG),
        "bidirectional": (lesson05.bidirectional, BIDIRECTIONAL_WRONG),
        "conditional_score": (lesson05.conditional_score, CIS_WRONG),
    }
