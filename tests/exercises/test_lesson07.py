"""Each check of lesson 07: the lesson's folded solution passes, typical wrong answers fail where they should."""

import torch
from exercise_tests import ExerciseTests
from torch.nn import functional as F

from labkit.exercises import lesson07


def nce(query, key, tau, detach=True, over=1, square=False, mean=True):
    key = key.detach() if detach else key
    scores = query @ key.T / (tau**2 if square else tau)
    losses = -scores.log_softmax(over).diagonal()
    return losses.mean() if mean else losses.sum()


def without_the_positive(query, key, tau):
    scores = query @ key.detach().T / tau
    others = scores.masked_fill(torch.eye(len(scores), dtype=torch.bool), -torch.inf)
    return (others.logsumexp(1) - scores.diagonal()).mean()


def positive_without_tau(query, key, tau):
    scores = query @ key.detach().T
    logits = torch.where(torch.eye(len(scores), dtype=torch.bool), scores, scores / tau)
    return -logits.log_softmax(1).diagonal().mean()


NCE_WRONG = {
    "keys with gradient": ("detach", lambda q, k, t: nce(q, k, t, detach=False)),
    "over the queries": ("value", lambda q, k, t: nce(q, k, t, over=0)),
    "tau squared": ("value", lambda q, k, t: nce(q, k, t, square=True)),
    "sum": ("guess", lambda q, k, t: nce(q, k, t, mean=False)),
    "positive left out below": ("guess", without_the_positive),
    "positive without tau": ("guess", positive_without_tau),
    "no temperature": ("value", lambda q, k, t: nce(q, k, 1.0)),
    "everything detached": ("gradient", lambda q, k, t: nce(q, k, t).detach()),
    "queries detached": ("gradient", lambda q, k, t: nce(q.detach(), k, t)),
    "distance to the positive": ("guess", lambda q, k, t: (q - k.detach()).square().sum(1).mean() / t),
}


def sampled(query_map, key_map, places):
    return tuple(m.flatten(2)[:, :, places].transpose(1, 2) for m in (query_map, key_map))


def channels_first(query_map, key_map, places):
    return tuple(m.flatten(2)[:, :, places] for m in (query_map, key_map))


def column_by_column(query_map, key_map, places):
    return tuple(m.transpose(2, 3).flatten(2)[:, :, places].transpose(1, 2) for m in (query_map, key_map))


def other_places_for_keys(query_map, key_map, places):
    return sampled(query_map, key_map, places)[0], sampled(query_map, key_map, places.flip(0))[1]


def everything(query_map, key_map, places):
    return tuple(m.flatten(2).transpose(1, 2) for m in (query_map, key_map))


SAMPLE_WRONG = {
    "channels first": ("places", channels_first),
    "column by column": ("places", column_by_column),
    "other places for the keys": ("the same", other_places_for_keys),
    "all places": ("shape", everything),
    "reshaped": ("places", lambda q, k, p: tuple(m.flatten(2)[:, :, p].reshape(len(m), len(p), -1) for m in (q, k))),
}


def external(query, key, tau, detach=True, positive=True, own=True, mean=True):
    images, places, _ = query.shape
    key = key.detach() if detach else key
    scores = query.flatten(0, 1) @ key.flatten(0, 1).T / tau
    image = torch.arange(images).repeat_interleave(places)
    same = image[:, None] == image[None, :]
    if positive:
        same.fill_diagonal_(False)
    if not own:
        same[:] = False
    losses = -scores.masked_fill(same, -1e9).log_softmax(1).diagonal()
    return losses.mean() if mean else losses.sum()


def next_images_alone(query, key, tau):
    losses = []
    for q, k, n in zip(query, key.detach(), key.detach().roll(-1, 0), strict=True):
        losses.append(-torch.cat([(q * k).sum(1, keepdim=True), q @ n.T], 1).div(tau).log_softmax(1)[:, 0].mean())
    return sum(losses) / len(losses)


EXTERNAL_WRONG = {
    "own image as well": ("number", lambda q, k, t: external(q, k, t, own=False)),
    "internal": ("number", lambda q, k, t: sum(nce(a, b, t) for a, b in zip(q, k, strict=True)) / len(q)),
    "positive masked, too": ("number", lambda q, k, t: external(q, k, t, positive=False)),
    "the next image alone": ("number", next_images_alone),
    "sum": ("number", lambda q, k, t: external(q, k, t, mean=False)),
    "no temperature": ("value", lambda q, k, t: external(q, k, 1.0)),
    "keys with gradient": ("detach", lambda q, k, t: external(q, k, t, detach=False)),
    "everything detached": ("detach", lambda q, k, t: external(q, k, t).detach().requires_grad_()),
}


def test_a_plain_right_answer_passes():
    assert (
        lesson07.patch_nce.broken(lambda q, k, t: F.cross_entropy(q @ k.detach().T / t, torch.arange(len(q)))) is None
    )


class TestLesson07(ExerciseTests):
    LESSON = "07_cut"
    EXERCISES = {
        "my_patch_nce": (lesson07.patch_nce, NCE_WRONG),
        "sample": (lesson07.sample, SAMPLE_WRONG),
        "external_nce": (lesson07.external_nce, EXTERNAL_WRONG),
    }
