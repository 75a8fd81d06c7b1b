"""Fully connected networks, for points in the plane and for densities on a line."""

from torch import nn


def mlp(*widths: int, slope: float = 0.0) -> nn.Sequential:
    """Linear layers from widths[0] to widths[-1] with (leaky) ReLU between them: (B, widths[0]) to (B, widths[-1]).

    `slope`: of the activation below zero; 0 is ReLU. PyTorch's default initialisation.
    """
    layers: list[nn.Module] = []
    for c_in, c_out in zip(widths[:-1], widths[1:], strict=True):
        layers += [nn.Linear(c_in, c_out), nn.LeakyReLU(slope)]
    return nn.Sequential(*layers[:-1])
