"""Each check of lesson 04: the lesson's folded solution passes, typical wrong answers fail where they should."""

import copy

import torch
from exercise_tests import ExerciseTests

from labkit.exercises import lesson04


def terms(mu, sigma):
    return mu.square() + sigma.square() - sigma.square().log() - 1


KL_WRONG = {
    "UNIT's mean": ("mean", lambda mu, sigma: mu.square().mean()),
    "half UNIT's sum": ("spread", lambda mu, sigma: 0.5 * mu.square().sum(1).mean()),
    "no half": ("mean", lambda mu, sigma: terms(mu, sigma).sum(1).mean()),
    "the one forgotten": ("prior", lambda mu, sigma: 0.5 * (terms(mu, sigma) + 1).sum(1).mean()),
    "log σ for log σ²": (
        "spread",
        lambda mu, sigma: 0.5 * (mu.square() + sigma.square() - sigma.log() - 1).sum(1).mean(),
    ),
    "σ for σ²": ("spread", lambda mu, sigma: 0.5 * (mu.square() + sigma - sigma.square().log() - 1).sum(1).mean()),
    "the wrong sign": ("mean", lambda mu, sigma: -0.5 * terms(mu, sigma).sum(1).mean()),
    "a mean over the code": ("sum", lambda mu, sigma: 0.5 * terms(mu, sigma).mean()),
    "a sum over the batch": ("sum", lambda mu, sigma: 0.5 * terms(mu, sigma).sum()),
    "one value an image": ("prior", lambda mu, sigma: 0.5 * terms(mu, sigma).sum(1)),
    "σ detached": ("gradient", lambda mu, sigma: 0.5 * terms(mu, sigma.detach()).sum(1).mean()),
}


def copies_values(G_A, G_B, k):
    G_B[:k].load_state_dict(G_A[:k].state_dict())
    return True


def copies_modules(G_A, G_B, k):
    for i in range(k):
        G_B[i] = copy.deepcopy(G_A[i])
    return True


def shares_everything(G_A, G_B, k):
    for i in range(len(G_A)):
        G_B[i] = G_A[i]
    return True


def shares_the_last(G_A, G_B, k):
    for i in range(len(G_A) - k, len(G_A)):
        G_B[i] = G_A[i]
    return True


def shares_data_alone(G_A, G_B, k):
    for a, b in zip(G_A[:k].parameters(), G_B[:k].parameters(), strict=True):
        b.data = a.data
    return True


def shares_one_too_many(G_A, G_B, k):
    for i in range(k + 1):
        G_B[i] = G_A[i]
    return True


SHARE_WRONG = {
    "values copied": ("one tensor", copies_values),
    "modules copied": ("one tensor", copies_modules),
    "everything": ("tails", shares_everything),
    "the wrong end": ("values", shares_the_last),
    "one too many": ("tails", shares_one_too_many),
    "memory of two parameters": ("count", shares_data_alone),
    "nothing": ("values", lambda G_A, G_B, k: True),
}


def apart(codes_A, codes_B):
    return torch.cdist(codes_A, codes_B)


def strangers(codes_A, codes_B):
    d = apart(codes_A, codes_B)
    return (d.sum() - d.trace()) / (d.numel() - len(d))


DISTANCE_WRONG = {
    "no unit": ("strangers", lambda a, b: apart(a, b).diagonal().mean()),
    "everybody for strangers": ("strangers", lambda a, b: apart(a, b).diagonal().mean() / apart(a, b).mean()),
    "upside down": ("partners", lambda a, b: strangers(a, b) / apart(a, b).diagonal().mean()),
    "squared": ("strangers", lambda a, b: apart(a, b).square().diagonal().mean() / strangers(a, b) ** 2),
    "one value a person": ("partners", lambda a, b: apart(a, b).diagonal() / strangers(a, b)),
    "strangers within A": ("shuffled", lambda a, b: apart(a, b).diagonal().mean() / strangers(a, a)),
    "nearest for partner": ("shuffled", lambda a, b: apart(a, b).amin(1).mean() / strangers(a, b)),
    "the sum of partners": ("strangers", lambda a, b: apart(a, b).trace() / strangers(a, b)),
}


class TestLesson04(ExerciseTests):
    LESSON = "04_unit"
    EXERCISES = {
        "kl_term": (lesson04.kl_term, KL_WRONG),
        "share_layers": (lesson04.share_layers, SHARE_WRONG),
        "code_distance": (lesson04.code_distance, DISTANCE_WRONG),
    }
