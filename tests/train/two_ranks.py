"""Run as a script by test_two_ranks.py: one training step of a system, its gradients written to a file."""

import sys

import torch

from labkit.systems import build
from labkit.train import Compute, make_fabric, train
from systems.small import SMALL


class Batches:
    def __init__(self, make, batch_size):
        self.make, self.batch_size = make, batch_size

    def batch(self, step, rank=0, world=1):
        return self.make(step, rank, world, self.batch_size)


def main(name: str, ranks: int, batch_size: int, target: str) -> None:
    torch.manual_seed(0)
    settings, make = SMALL[name]
    # An image pool is each process's own memory; without it the step depends on the batch alone.
    system = build(name, settings | ({"pool": 0} if "pool" in settings else {}))
    compute = Compute(accelerator="cpu", devices=ranks)
    fabric = make_fabric(compute)
    gradients = {}

    def keep(done: int) -> None:
        gradients.update({key: p.grad.clone() for key, p in system.named_parameters() if p.grad is not None})

    train(system, Batches(make, batch_size), 1, compute=compute, fabric=fabric, on_step=keep)
    if fabric.is_global_zero:
        torch.save(gradients, target)
    fabric.barrier()
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
