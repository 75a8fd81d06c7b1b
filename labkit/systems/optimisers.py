"""Optimisers that papers use and torch does not have."""

import torch
from torch.optim import SGD


class LARS(SGD):
    """SGD with momentum whose step in each weight tensor is in proportion to that tensor's length, for large batches.

    You, Gitman, Ginsburg, "Large batch training of convolutional networks", 2017, arXiv 1708.03888, section 5: the
    gradient g + decay·w is scaled by trust·‖w‖ / ‖g + decay·w‖. As in SimCLR, biases and normalisation parameters
    (one-dimensional tensors) are neither scaled nor decayed.
    """

    def __init__(self, params, lr: float, momentum: float = 0.9, decay: float = 1e-6, trust: float = 1e-3):
        super().__init__(params, lr=lr, momentum=momentum)
        for group in self.param_groups:
            group["decay"], group["trust"] = decay, trust

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None or p.ndim < 2:
                    continue
                p.grad.add_(p, alpha=group["decay"])
                length, slope = p.norm(), p.grad.norm()
                p.grad.mul_(torch.where((length > 0) & (slope > 0), group["trust"] * length / slope, 1.0))
        return super().step(closure)
