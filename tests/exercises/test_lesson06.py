"""Each check of lesson 06: the lesson's folded solution passes, typical wrong answers fail where they should."""

import torch
from exercise_tests import ExerciseTests
from torch.nn.functional import cross_entropy

from labkit.exercises import lesson06

CONSTANCY_WRONG = {
    "pixels": ("same meaning", lambda f, G, x: (x - G(x)).square().mean()),
    "one side without f": ("same meaning", lambda f, G, x: (f(x).mean() - G(x)).square().mean()),
    "G forgotten": ("lost meaning", lambda f, G, x: (f(x) - f(x)).square().mean()),
    "G twice": ("lost meaning", lambda f, G, x: (f(G(x)) - f(G(G(x)))).square().mean()),
    "f of the difference": ("same meaning", lambda f, G, x: f(x - G(x)).square().mean()),
    "not squared": ("lost meaning", lambda f, G, x: (f(x) - f(G(x))).abs().mean()),
    "summed": ("lost meaning", lambda f, G, x: (f(x) - f(G(x))).square().sum()),
    "square of the mean": ("lost meaning", lambda f, G, x: (f(x) - f(G(x))).mean(0).square().mean()),
    "detached": ("gradient", lambda f, G, x: (f(x) - f(G(x))).square().mean().detach()),
    "translation detached": ("gradient", lambda f, G, x: (f(x) - f(G(x).detach())).square().mean()),
}

REVERSAL_WRONG = {
    "nothing": ("sign", lambda x, w: x * 1.0),
    "negated": ("value", lambda x, w: -x),
    "weighed": ("value", lambda x, w: -w * x),
    "detached": ("sign", lambda x, w: x.detach()),
    "weight forgotten": ("weight", lambda x, w: x.detach() - (x - x.detach())),
    "weight squared": ("weight", lambda x, w: x.detach() - w * w * (x - x.detach())),
    "sign forgotten": ("sign", lambda x, w: x.detach() + w * (x - x.detach())),
    "one too much": ("sign", lambda x, w: x - w * (x - x.detach())),
    "mean": ("value", lambda x, w: x.mean()),
}


def ce(logits, kind):
    return cross_entropy(logits, torch.full((len(logits),), kind))


def joint(a, b, c):
    """One mean over all images, whichever their class."""
    d = cross_entropy(torch.cat([a, b, c]), torch.tensor([0] * len(a) + [1] * len(b) + [2] * len(c)))
    return d, ce(a, 2) + ce(b, 2)


CLASSES_WRONG = {
    "two classes": ("D", lambda a, b, c: (ce(a, 0) + ce(b, 0) + ce(c, 2), ce(a, 2) + ce(b, 2))),
    "classes mixed up": ("D", lambda a, b, c: (ce(a, 1) + ce(b, 0) + ce(c, 2), ce(a, 2) + ce(b, 2))),
    "real first": ("D", lambda a, b, c: (ce(c, 0) + ce(a, 1) + ce(b, 2), ce(a, 0) + ce(b, 0))),
    "one mean over all": ("D", joint),
    "averaged": ("D", lambda a, b, c: ((ce(a, 0) + ce(b, 1) + ce(c, 2)) / 3, ce(a, 2) + ce(b, 2))),
    "G for G(s) alone": ("G", lambda a, b, c: (ce(a, 0) + ce(b, 1) + ce(c, 2), ce(a, 2))),
    "G fights D's loss": ("G", lambda a, b, c: (ce(a, 0) + ce(b, 1) + ce(c, 2), -ce(a, 0) - ce(b, 1))),
    "G paid for the real ones": ("G", lambda a, b, c: (ce(a, 0) + ce(b, 1) + ce(c, 2), ce(a, 2) + ce(c, 2))),
    "base 2": (
        "D",
        lambda a, b, c: ((ce(a, 0) + ce(b, 1) + ce(c, 2)) / 0.6931, (ce(a, 2) + ce(b, 2)) / 0.6931),
    ),
    "the largest logit": (
        "guess",
        lambda a, b, c: tuple(
            sum((x.max(1).values - x[:, k]).mean() for x, k in zip(xs, ks, strict=False))
            for xs, ks in (((a, b, c), (0, 1, 2)), ((a, b), (2, 2)))
        ),
    ),
}


class TestLesson06(ExerciseTests):
    LESSON = "06_dtn_xgan"
    EXERCISES = {
        "f_constancy": (lesson06.f_constancy, CONSTANCY_WRONG),
        "reverse": (lesson06.gradient_reversal, REVERSAL_WRONG),
        "ternary_losses": (lesson06.three_classes, CLASSES_WRONG),
    }
