"""The building blocks that several networks share. Convolutions keep their bias before InstanceNorm, where it has no
effect, because the papers' networks do: parameter counts are compared with theirs."""

import torch
from torch import Tensor, nn


def instance_norm(channels: int) -> nn.Module:
    """InstanceNorm without affine parameters or running statistics, as CycleGAN and CUT use it."""
    return nn.InstanceNorm2d(channels, affine=False, track_running_stats=False)


def init_normal(module: nn.Module, std: float = 0.02) -> nn.Module:
    """Initialise in place as DCGAN and CycleGAN do: convolution and linear weights N(0, std²), biases 0,
    normalisation scales N(1, std²) and shifts 0. Returns the module."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(layer.weight, 0.0, std)
        elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) and layer.affine:
            nn.init.normal_(layer.weight, 1.0, std)
        else:
            continue
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return module


class ResBlock(nn.Module):
    """x + f(x), f = two reflect-padded 3×3 convolutions with InstanceNorm, ReLU between them and none after the sum.

    Maps (B, C, H, W) to the same shape (He et al. 2016, in the form of Johnson et al. 2016).
    """

    def __init__(self, channels: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            instance_norm(channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            instance_norm(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


@torch.no_grad()
def count_parameters(module: nn.Module) -> int:
    """The number of trainable scalars."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)
