"""Each check of lesson 02: the lesson's folded solution passes, typical wrong answers fail where they should."""

import math

import pytest
import torch
import torch.nn.functional as F
from exercise_tests import ExerciseTests

from labkit.exercises import lesson02


def logits(q, p, n, tau):
    return torch.cat([(q * p).sum(1, keepdim=True), q @ n.T], 1) / tau


def only_negatives_below(q, p, n, tau):
    scores = logits(q, p, n, tau)
    return (torch.logsumexp(scores[:, 1:], 1) - scores[:, 0]).mean()


def positives_in_batch(q, p, n, tau):
    return F.cross_entropy(q @ p.T / tau, torch.arange(len(q)))


def plain(q, p, n, tau):
    e = logits(q, p, n, tau).exp()
    return -(e[:, 0] / e.sum(1)).log().mean()


def crossed(q, p, n, tau):
    scores = torch.cat([(q * p.roll(1, 0)).sum(1, keepdim=True), q @ n.T], 1) / tau
    return -scores.log_softmax(1)[:, 0].mean()


def cold_positive(q, p, n, tau):
    return -torch.cat([(q * p).sum(1, keepdim=True), q @ n.T / tau], 1).log_softmax(1)[:, 0].mean()


def mean_below(q, p, n, tau):
    scores = logits(q, p, n, tau)
    return (scores.exp().mean(1).log() - scores[:, 0]).mean()


def multiplied(q, p, n, tau):
    return -(logits(q, p, n, tau) * tau**2).log_softmax(1)[:, 0].mean()


NCE_WRONG = {
    "positive left out below": ("guess", only_negatives_below),
    "negatives forgotten": ("guess", positives_in_batch),
    "sum over the batch": ("guess", lambda q, p, n, t: -logits(q, p, n, t).log_softmax(1)[:, 0].sum()),
    "mean over the keys": ("guess", mean_below),
    "sign": ("guess", lambda q, p, n, t: logits(q, p, n, t).log_softmax(1)[:, 0].mean()),
    "positives of the neighbours": ("value", crossed),
    "no reduction": ("guess", lambda q, p, n, t: -logits(q, p, n, t).log_softmax(1)[:, 0]),
    "softmax over the batch": ("guess", lambda q, p, n, t: -logits(q, p, n, t).log_softmax(0)[:, 0].mean()),
    "temperature forgotten": ("value", lambda q, p, n, t: -logits(q, p, n, 1.0).log_softmax(1)[:, 0].mean()),
    "temperature multiplied": ("value", multiplied),
    "positive without temperature": ("guess", cold_positive),
    "a fixed temperature": ("temperature", lambda q, p, n, t: -logits(q, p, n, 0.3).log_softmax(1)[:, 0].mean()),
    "negatives detached": ("gradient", lambda q, p, n, t: -logits(q, p, n.detach(), t).log_softmax(1)[:, 0].mean()),
    "positive detached": ("gradient", lambda q, p, n, t: -logits(q, p.detach(), n, t).log_softmax(1)[:, 0].mean()),
    "overflow": ("finite", plain),
    "clamped": ("finite", lambda q, p, n, t: -logits(q, p, n, t).softmax(1)[:, 0].clamp_min(1e-9).log().mean()),
}


def right_debiased(q, p, n, tau, prior, floor=True, own_too=True, outside=False, detached=False):
    own = ((q * p).sum(1) / tau).exp()
    mean = (q @ n.T / tau).exp().mean(1)
    taken = prior * (own.detach() if detached else own) if own_too else 0
    true = (mean - taken) / (1 if outside else 1 - prior)
    true = true.clamp_min(math.exp(-1 / tau)) if floor else true
    return -(own / (own + len(n) * true)).log().mean()


def one_for_all(q, p, n, tau, prior):
    own, mean = ((q * p).sum(1) / tau).exp(), (q @ n.T / tau).exp().mean()
    true = ((mean - prior * own) / (1 - prior)).clamp_min(math.exp(-1 / tau))
    return -(own / (own + len(n) * true)).log().mean()


def mean_for_sum(q, p, n, tau, prior):
    own, mean = ((q * p).sum(1) / tau).exp(), (q @ n.T / tau).exp().mean(1)
    true = ((mean - prior * own) / (1 - prior)).clamp_min(math.exp(-1 / tau))
    return -(own / (own + true)).log().mean()


def plain_info_nce(q, p, n, tau, prior):
    return -logits(q, p, n, tau).log_softmax(1)[:, 0].mean()


DEBIASED_WRONG = {
    "mean in the place of the sum": ("prior 0", mean_for_sum),
    "one estimate for all queries": ("prior 0", one_for_all),
    "InfoNCE": ("value", plain_info_nce),
    "nothing subtracted": ("value", lambda *a: right_debiased(*a, own_too=False)),
    "not divided by 1 - prior": ("value", lambda *a: right_debiased(*a, outside=True)),
    "no floor": ("floor", lambda *a: right_debiased(*a, floor=False)),
    "positive detached in the estimate": ("gradient", lambda *a: right_debiased(*a, detached=True)),
}


def right_enqueue(queue, position, keys):
    places = (position + torch.arange(len(keys))) % len(queue)
    queue[places] = keys.detach()
    return (position + len(keys)) % len(queue)


def slice_only(queue, position, keys):
    queue[position : position + len(keys)] = keys.detach()
    return (position + len(keys)) % len(queue)


def always_in_front(queue, position, keys):
    queue[: len(keys)] = keys.detach()
    return len(keys) % len(queue)


def backwards(queue, position, keys):
    right_enqueue(queue, position, keys.flip(0))
    return (position + len(keys)) % len(queue)


def no_wrap_of_position(queue, position, keys):
    right_enqueue(queue, position, keys)
    return position + len(keys)


def one_too_few(queue, position, keys):
    right_enqueue(queue, position, keys)
    return (position + len(keys) - 1) % len(queue)


def copy_of_queue(queue, position, keys):
    return right_enqueue(queue.clone(), position, keys)


def starts_over(queue, position, keys):
    if position + len(keys) > len(queue):
        position = 0
    return right_enqueue(queue, position, keys)


def keeps_graph(queue, position, keys):
    places = (position + torch.arange(len(keys))) % len(queue)
    queue[places] = keys
    return (position + len(keys)) % len(queue)


ENQUEUE_WRONG = {
    "a copy is changed": ("place", copy_of_queue),
    "always the first places": ("place", always_in_front),
    "backwards": ("place", backwards),
    "position one too small": ("place", one_too_few),
    "no wrap": ("wrap", slice_only),
    "position runs away": ("wrap", no_wrap_of_position),
    "starts over": ("wrap", starts_over),
    "with its graph": ("gradient", keeps_graph),
}


@pytest.mark.parametrize(
    ("exercise", "right"), [(lesson02.debiased, right_debiased), (lesson02.enqueue, right_enqueue)]
)
def test_another_right_answer_passes(exercise, right):
    assert exercise.broken(right) is None


class TestLesson02(ExerciseTests):
    LESSON = "02_contrastive_basics"
    EXERCISES = {
        "my_info_nce": (lesson02.info_nce, NCE_WRONG),
        "my_debiased": (lesson02.debiased, DEBIASED_WRONG),
        "my_enqueue": (lesson02.enqueue, ENQUEUE_WRONG),
    }
