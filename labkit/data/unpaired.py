"""Unpaired batches: each domain walks through its own images in its own order, whatever the other domain does."""

from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np
import torch
from torch import Tensor

from labkit.data.domain import Domain, FolderDomain
from labkit.errors import LabError


class UnpairedBatches:
    """Batches in which image i of A has nothing to do with image i of B.

    Every domain has a stream of its own: a seeded permutation of its images for epoch 0, then one for epoch 1, and so
    on, so that each image comes up exactly once an epoch, however long the domains are. Step s of a run with batches of
    `batch_size` on each of `world` ranks takes the positions [s * batch_size * world, (s + 1) * batch_size * world) of
    the stream, and rank r the r-th slice of them: two ranks see what one rank with the doubled batch sees.

    There is no state to save: a batch is a function of (seed, step, rank, world), so a resumed run goes on exactly.

    `labels` names the domains whose labels training may see; they come as "A_label".
    """

    def __init__(
        self, domains: Mapping[str, Domain | FolderDomain], batch_size: int, seed: int, labels: Sequence[str] = ()
    ):
        if batch_size < 1 or seed < 0:
            raise LabError(f"batch_size must be at least 1 and seed at least 0, found {batch_size} and {seed}.")
        for name in labels:
            if name not in domains:
                raise LabError(f"there is no domain {name} to take labels of; there are {', '.join(domains)}.")
            if domains[name].labels is None:
                raise LabError(f"domain {name} ({domains[name].name}) has no labels, and training asks for them.")
        self.domains = dict(domains)
        self.batch_size = batch_size
        self.seed = seed
        self.labels = tuple(labels)
        self._epochs: dict[tuple[str, int], tuple[np.ndarray, np.ndarray]] = {}  # the last few, to save drawing them

    def batch(self, step: int, rank: int = 0, world: int = 1) -> dict[str, Tensor]:
        """What `rank` of `world` trains on at `step`: for every domain key its images, (batch_size, C, H, W)."""
        batch = {}
        for key, domain in self.domains.items():
            indices, draws = self.plan(key, step, rank, world)
            batch[key] = domain.take(indices, draws)
            if key in self.labels:
                batch[f"{key}_label"] = domain.labels[torch.from_numpy(indices)]
        return batch

    def plan(self, key: str, step: int, rank: int = 0, world: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Which images of domain `key` the batch holds, and the augmentation seed of each: two int64 arrays (B,)."""
        if step < 0 or not 0 <= rank < world:
            raise ValueError(f"step {step}, rank {rank} of {world}: steps and ranks count from 0")
        first = (step * world + rank) * self.batch_size
        length = len(self.domains[key])
        indices, draws = [], []
        for position in range(first, first + self.batch_size):
            order, seeds = self._epoch(key, position // length)
            indices.append(order[position % length])
            draws.append(seeds[position % length])
        return np.array(indices), np.array(draws)

    def _epoch(self, key: str, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """The order of the images of `key` in `epoch` and one augmentation seed for each place in it."""
        if (key, epoch) not in self._epochs:
            for old in [other for other in self._epochs if other[0] == key and abs(other[1] - epoch) > 1]:
                del self._epochs[old]
            rng = np.random.default_rng([self.seed, crc32(key.encode()), epoch])
            length = len(self.domains[key])
            self._epochs[key, epoch] = rng.permutation(length), rng.integers(2**63 - 1, size=length)
        return self._epochs[key, epoch]
