"""Each check of lesson 08: the lesson's folded solution passes, typical wrong answers fail where they should."""

import torch
from exercise_tests import ExerciseTests
from torch.nn.functional import relu

from labkit.exercises import lesson08


def mean_code(encoder, examples):
    b, k = examples.shape[:2]
    return encoder(examples.flatten(0, 1)).reshape(b, k, -1).mean(1)


def one_code_for_all(encoder, examples):
    code = encoder(examples.flatten(0, 1)).mean(0)
    return code.expand(len(examples), -1)


CODE_WRONG = {
    "five dimensions to the encoder": ("shape", lambda e, y: e(y).mean(1)),
    "all codes": ("shape", lambda e, y: e(y.flatten(0, 1)).reshape(*y.shape[:2], -1)),
    "mean over the batch": ("shape", lambda e, y: e(y.flatten(0, 1)).reshape(*y.shape[:2], -1).mean(0)),
    "the first example": ("order", lambda e, y: e(y[:, 0])),
    "sum": ("copies", lambda e, y: y.shape[1] * mean_code(e, y)),
    "one code for the whole batch": ("one", one_code_for_all),
    "images averaged": ("value", lambda e, y: e(y.mean(1))),
    "batch and examples exchanged": (
        "one",
        lambda e, y: e(y.flatten(0, 1)).reshape(y.shape[1], y.shape[0], -1).mean(0) + 0.1,
    ),
    "the largest": ("value", lambda e, y: e(y.flatten(0, 1)).reshape(*y.shape[:2], -1).amax(1)),
}


def chosen(maps, labels):
    return maps[torch.arange(len(maps)), labels]


def hinge(real, fake, labels):
    return relu(1 - chosen(real, labels)).mean() + relu(1 + chosen(fake, labels)).mean()


HINGE_WRONG = {
    "one number a patch": ("scalar", lambda r, f, c: relu(1 - chosen(r, c)) + relu(1 + chosen(f, c))),
    "all classes": ("other classes", lambda r, f, c: relu(1 - r).mean() + relu(1 + f).mean()),
    "labels of the whole batch": ("own label", lambda r, f, c: relu(1 - r[:, c]).mean() + relu(1 + f[:, c]).mean()),
    "no margin": ("undecided", lambda r, f, c: relu(-chosen(r, c)).mean() + relu(chosen(f, c)).mean()),
    "a critic's difference": ("undecided", lambda r, f, c: chosen(f, c).mean() - chosen(r, c).mean()),
    "half": ("undecided", lambda r, f, c: hinge(r, f, c) / 2),
    "not cut off": ("margin", lambda r, f, c: (1 - chosen(r, c)).mean() + (1 + chosen(f, c)).mean()),
    "real and fake exchanged": ("margin", lambda r, f, c: hinge(f, r, c)),
    "mean before the margin": (
        "patches",
        lambda r, f, c: relu(1 - chosen(r, c).mean((1, 2))).mean() + relu(1 + chosen(f, c).mean((1, 2))).mean(),
    ),
    "sum over patches": ("undecided", lambda r, f, c: 9 * hinge(r, f, c)),
    "squared": ("patches", lambda r, f, c: relu(1 - chosen(r, c)).square().mean() + relu(1 + chosen(f, c)).mean()),
}


def penalty(D, real, of=lambda maps: maps.mean((1, 2)).sum(), graph=True, copy=True):
    x = real.detach().clone() if copy else real
    x.requires_grad_(True)
    (gradient,) = torch.autograd.grad(of(D(x)), x, create_graph=graph)
    return gradient.square().sum((1, 2, 3)).mean()


PENALTY_WRONG = {
    "mean over the batch": ("known", lambda D, x: penalty(D, x, lambda maps: maps.mean())),
    "sum over patches": ("known", lambda D, x: penalty(D, x, lambda maps: maps.sum())),
    "summed over images": ("known", lambda D, x: len(x) * penalty(D, x)),
    "half": ("known", lambda D, x: penalty(D, x) / 2),
    "root": ("known", lambda D, x: penalty(D, x).sqrt()),
    "no graph": ("learns", lambda D, x: penalty(D, x, graph=False)),
    "detached": ("learns", lambda D, x: penalty(D, x).detach()),
    "marks the images": ("images", lambda D, x: penalty(D, x, copy=False)),
}


class TestLesson08(ExerciseTests):
    LESSON = "08_funit"
    EXERCISES = {
        "mean_class_code": (lesson08.mean_class_code, CODE_WRONG),
        "multi_task_hinge": (lesson08.multi_task_hinge, HINGE_WRONG),
        "gradient_penalty": (lesson08.gradient_penalty, PENALTY_WRONG),
    }


def test_labkit_s_own_code_passes():
    from labkit.losses.adversarial import discriminator_loss, r1_penalty
    from labkit.nets.funit import FewShotGenerator

    def code(encoder, examples):
        class Stub:
            style_encoder = staticmethod(encoder)

        return FewShotGenerator.class_code(Stub(), examples)

    assert lesson08.mean_class_code.broken(code) is None
    own = lesson08.multi_task_hinge.broken(lambda r, f, c: discriminator_loss("hinge", chosen(r, c), chosen(f, c)))
    assert own is None
    assert lesson08.gradient_penalty.broken(lambda D, x: 2 * r1_penalty(lambda y: D(y).mean((1, 2)), x)) is None
