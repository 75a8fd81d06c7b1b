"""Optimisers that papers use and torch does not have."""

import torch
from torch.optim import Optimizer


class LARS(Optimizer):
    """SGD with momentum whose step in each weight tensor is in proportion to that tensor's length, for large batches.

    You, Gitman, Ginsburg, "Large batch training of convolutional networks", 2017, arXiv 1708.03888, Algorithm 1: the
    gradient g + decay·w is scaled by trust·‖w‖ / ‖g + decay·w‖, and the rate is inside the momentum, v ← momentum·v +
    rate·g and w ← w - v: a step that was taken at a lower rate keeps its length. As in SimCLR, biases and normalisation
    parameters (one-dimensional tensors) are neither scaled nor decayed.
    """

    def __init__(self, params, lr: float, momentum: float = 0.9, decay: float = 1e-6, trust: float = 1e-3):
        super().__init__(params, dict(lr=lr, momentum=momentum, decay=decay, trust=trust))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in (p for p in group["params"] if p.grad is not None):
                g = p.grad
                if p.ndim > 1:
                    g = g + group["decay"] * p
                    length, slope = p.norm(), g.norm()
                    g = g * torch.where((length > 0) & (slope > 0), group["trust"] * length / slope, 1.0)
                momentum = self.state[p].setdefault("momentum_buffer", torch.zeros_like(p))
                p.sub_(momentum.mul_(group["momentum"]).add_(g, alpha=group["lr"]))
        return loss
