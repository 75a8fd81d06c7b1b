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
    arXiv 1904.11486. No parameters.
    """

    def __init__(self):
        super().__init__()
        tent = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("kernel", torch.outer(tent, tent)[None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        padded = F.pad(x, (1, 1, 1, 1), mode="reflect")
        return F.conv2d(padded, self.kernel.to(x.dtype).expand(channels, 1, 3, 3), stride=2, groups=channels)


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
