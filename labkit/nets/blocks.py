"""The building blocks that several networks share. Convolutions keep their bias before InstanceNorm, where it has no
effect, because the papers' networks do: parameter counts are compared with theirs."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets.norms import InstanceNorm


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


def init_kaiming(module: nn.Module) -> nn.Module:
    """Initialise in place as MUNIT and FUNIT do: convolution and linear weights N(0, 2 / fan_in), biases 0 (He et al.
    2015); what normalisation layers hold is left as it is. Returns the module."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return module


def init_xavier(module: nn.Module, gain: float = 0.02) -> nn.Module:
    """Initialise in place as CUT does: convolution and linear weights by Xavier's normal rule times `gain`, biases 0.
    Returns the module."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.xavier_normal_(layer.weight, gain)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return module


class BlurPool(nn.Module):
    """Halve without aliasing: every second pixel of the image blurred with [1, 2, 1] ⊗ [1, 2, 1] / 16, reflect-padded.

    Maps (B, C, H, W) to (B, C, ⌈H/2⌉, ⌈W/2⌉). Zhang, "Making convolutional networks shift-invariant again", ICML 2019,
    arXiv 1904.11486. No parameters. Rows and columns are added up, not convolved: a CPU takes several times as long for
    the gradient of a convolution of single channels, which besides keeps its input for it.
    """

    def forward(self, x: Tensor) -> Tensor:
        return _blurred_half(_blurred_half(x, 2), 3)


def _blurred_half(x: Tensor, dim: int) -> Tensor:
    """(x[2i - 1] + 2 x[2i] + x[2i + 1]) / 4 along `dim`, mirrored at both ends."""
    if x.shape[dim] % 2:
        x = torch.cat([x, x.narrow(dim, -2, 1)], dim)
    even, odd = x.unflatten(dim, (-1, 2)).unbind(dim + 1)
    before = torch.cat([odd.narrow(dim, 0, 1), odd.narrow(dim, 0, odd.shape[dim] - 1)], dim)
    return (before + odd) / 4 + even / 2


class SmoothDouble(nn.Module):
    """Double by bilinear interpolation: maps (B, C, H, W) to (B, C, 2H, 2W). No parameters.

    In channels-last order, in which a CPU interpolates several times as fast.
    """

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(x.contiguous(memory_format=torch.channels_last), scale_factor=2, mode="bilinear")


class ResBlock(nn.Module):
    """x + f(x), f = two reflect-padded 3×3 convolutions with InstanceNorm, ReLU between them and none after the sum.

    Maps (B, C, H, W) to the same shape (He et al. 2016, in the form of Johnson et al. 2016).
    """

    def __init__(self, channels: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            InstanceNorm(channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            InstanceNorm(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


@torch.no_grad()
def count_parameters(module: nn.Module) -> int:
    """The number of trainable scalars."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)
