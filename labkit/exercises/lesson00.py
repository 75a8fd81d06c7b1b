"""The check of lesson 00: bytes to [-1, 1]."""

import torch

from labkit.exercises.check import Exercise, Property, answer


def _bytes() -> torch.Tensor:
    return torch.tensor([0, 51, 128, 255], dtype=torch.uint8).reshape(1, 1, 2, 2)


def _leaves_input(student) -> bool:
    pixels = _bytes()
    answer(student, pixels)
    return torch.equal(pixels, _bytes())


to_range = Exercise(
    "bytes to [-1, 1]",
    (
        Property(
            "type",
            lambda student: answer(student, _bytes()).dtype == torch.float32,
            "The result has to be float32; bytes have no negative numbers.",
        ),
        Property("shape", lambda student: answer(student, _bytes()).shape == (1, 1, 2, 2), "The shape has to stay."),
        Property(
            "ends",
            lambda student: torch.allclose(answer(student, _bytes()).flatten()[[0, 3]], torch.tensor([-1.0, 1.0])),
            "0 has to become -1 and 255 has to become 1.",
        ),
        Property(
            "line",
            lambda student: torch.allclose(answer(student, _bytes()).flatten()[1], torch.tensor(-0.6)),
            "Between the ends runs a straight line: 51, a fifth of the way up, has to become -0.6.",
        ),
        Property("input", _leaves_input, "The pixels that came in have to be as they were."),
    ),
)
