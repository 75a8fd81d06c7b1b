"""Randomness as a function of the seed and the step, so that a resumed run needs no stored generator state."""

import hashlib
from contextlib import contextmanager

import torch


def mix(*parts: int | str) -> int:
    """One 63-bit seed from several parts: different parts give unrelated seeds."""
    digest = hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


@contextmanager
def seeded(*parts: int | str):
    """Seed torch's global generators from `parts` within the block and restore them after it."""
    with torch.random.fork_rng():
        torch.manual_seed(mix(*parts))
        yield
