"""Checks of lesson 07: PatchNCE, sampled places, negatives of other images."""

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.exercises.check import Exercise, Property, answer
from labkit.losses.contrastive import patch_nce as expected_nce

# PatchNCE: student(query, key, tau) -> scalar; query, key (S, C), row s belongs to row s ------------------------------


def _vectors(places: int = 6, dim: int = 8, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return tuple(F.normalize(torch.randn(places, dim, generator=generator), dim=1) for _ in range(2))


def _expected(query: Tensor, key: Tensor, tau: float) -> Tensor:
    return expected_nce(query[None], key[None], tau)


def _close(found: Tensor, expected: Tensor) -> bool:
    return isinstance(found, Tensor) and found.dim() == 0 and abs(found.item() - expected.item()) < 1e-4


def _nce_guess(student) -> bool:
    same = torch.ones(9, 4) / 2
    return _close(answer(student, same, same, 0.07), torch.tensor(9.0).log())


def _nce_value(student) -> bool:
    return _close(answer(student, *_vectors(), 0.5), _expected(*_vectors(), 0.5))


def _nce_direction(student) -> bool:
    """Queries choose among keys; with few dimensions the contrary question has another value."""
    query, key = _vectors(5, 2, seed=4)
    return _close(answer(student, query, key, 0.3), _expected(query, key, 0.3))


def _nce_temperature(student) -> bool:
    return all(_close(answer(student, *_vectors(), tau), _expected(*_vectors(), tau)) for tau in (0.2, 1.0, 3.0))


def _nce_gradient(student) -> bool:
    slopes = []
    for loss in (lambda q, k: answer(student, q, k, 0.5), lambda q, k: _expected(q, k, 0.5)):
        query, key = (v.requires_grad_() for v in _vectors())
        (slope,) = torch.autograd.grad(loss(query, key), query, retain_graph=True)
        slopes.append(slope)
    return torch.allclose(*slopes, atol=1e-5)


def _nce_detached(student) -> bool:
    query, key = (v.requires_grad_() for v in _vectors())
    answer(student, query, key, 0.5).backward()
    return key.grad is None


patch_nce = Exercise(
    "PatchNCE",
    (
        Property("guess", _nce_guess, "When all patches look alike, the loss must be the log of the number of places."),
        Property(
            "value",
            _nce_value,
            "S places make an S × S table of scores. Which column is right in row s? Mean over the rows.",
        ),
        Property(
            "direction", _nce_direction, "A query chooses among the keys: the softmax runs over keys, not queries."
        ),
        Property("temperature", _nce_temperature, "Every score is divided by tau, once."),
        Property("gradient", _nce_gradient, "The queries must get their gradient."),
        Property("detach", _nce_detached, "The keys must get none: they are the answer that was given."),
    ),
)


# Sampled places: student(query_map, key_map, places) -> (query, key); maps (B, C, h, w), places (S,) ------------------


def _maps() -> tuple[Tensor, Tensor, Tensor]:
    numbers = torch.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5).float()
    return numbers, -numbers, torch.tensor([7, 0, 13])  # (row, column) = (1, 2), (0, 0), (2, 3)


def _sampled(student) -> tuple[Tensor, Tensor]:
    query, key = answer(student, *_maps())
    return query, key


def _sample_shape(student) -> bool:
    return all(part.shape == (2, 3, 3) for part in _sampled(student))


def _sample_rows(student) -> bool:
    query, _ = _sampled(student)
    source = _maps()[0]
    return all(torch.equal(query[:, i], source[:, :, r, c]) for i, (r, c) in enumerate([(1, 2), (0, 0), (2, 3)]))


def _sample_same(student) -> bool:
    query, key = _sampled(student)
    return torch.equal(query, -key)


def _sample_square(student) -> bool:
    """Where sides and channels are equal, a wrong order of axes has the right shape."""
    square = torch.arange(4 * 4 * 4).reshape(1, 4, 4, 4).float()
    query, _ = answer(student, square, square, torch.tensor([1, 6, 11, 12]))
    places = [(0, 1), (1, 2), (2, 3), (3, 0)]
    return query.shape == (1, 4, 4) and all(
        torch.equal(query[0, i], square[0, :, r, c]) for i, (r, c) in enumerate(places)
    )


sample = Exercise(
    "sampled places",
    (
        Property("shape", _sample_shape, "For each image, each place one vector of all channels: (B, S, C)."),
        Property(
            "places", _sample_rows, "Place 7 of a map with 5 columns is row 1, column 2: maps are read row by row."
        ),
        Property(
            "channels", _sample_square, "The last axis holds the channels of one place, not the places of a channel."
        ),
        Property("the same", _sample_same, "Query s and key s must come from the same place, or no positive is true."),
    ),
)


# Negatives of other images: student(query, key, tau) -> scalar; query, key (B, S, C): image, place, feature -----------


def _batch(images: int = 3, places: int = 4, dim: int = 6) -> tuple[Tensor, Tensor]:
    query, key = _vectors(images * places, dim, seed=7)
    return query.reshape(images, places, dim), key.reshape(images, places, dim)


def _external_guess(student) -> bool:
    same = torch.ones(3, 5, 4) / 2
    return _close(answer(student, same, same, 0.07), torch.tensor(11.0).log())


def _external_value(student) -> bool:
    return _close(answer(student, *_batch(), 0.5), expected_nce(*_batch(), 0.5, "external"))


def _external_detached(student) -> bool:
    query, key = (v.requires_grad_() for v in _batch())
    loss = answer(student, query, key, 0.5)
    to_query, to_key = torch.autograd.grad(loss, (query, key), allow_unused=True)
    return to_query is not None and to_query.abs().max() > 0 and to_key is None


external_nce = Exercise(
    "negatives of other images",
    (
        Property(
            "number", _external_guess, "One positive and (B - 1) · S negatives: when all are alike, log of their sum."
        ),
        Property(
            "value",
            _external_value,
            "The positive is the key at the own place of the own image. Mean over all queries.",
        ),
        Property("detach", _external_detached, "Queries get a gradient, keys get none."),
    ),
)
