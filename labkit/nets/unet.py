"""The networks of DualGAN: a U-Net and a critic, both normalised image by image.

Yi et al. 2017, arXiv 1704.02510, section 3.3, after pix2pix (Isola et al. 2017). At 256 px the counts are those of the
official TensorFlow code: U-Net 30,627,907, critic 3,949,441 (global) or 3,921,281 (patch).
"""

from typing import Literal

import torch
from torch import Tensor, nn

from labkit.nets.upsampling import Upsampling, doubling

View = Literal["global", "patch"]


class ImageNorm(nn.Module):
    """Normalise every channel of every image over its own pixels, then scale (from N(1, 0.02²)) and shift (from 0).

    This is what the official code calls batch norm. Over a single pixel the mean is the pixel itself: 1×1 maps leave
    as the learned shift, whatever came in. PyTorch's InstanceNorm2d refuses such maps; this one has to take them.
    """

    def __init__(self, channels: int, eps: float = 1e-5):
        super().__init__()
        self.scale = nn.Parameter(torch.empty(channels, 1, 1).normal_(1.0, 0.02))
        self.shift = nn.Parameter(torch.zeros(channels, 1, 1))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        centred = x - x.mean((2, 3), keepdim=True)
        return centred * (centred.square().mean((2, 3), keepdim=True) + self.eps).rsqrt() * self.scale + self.shift


def _initialised(module: nn.Module) -> nn.Module:
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.trunc_normal_(layer.weight, 0.0, 0.02, -0.04, 0.04)
            nn.init.zeros_(layer.bias)
    return module


def _down(c_in: int, c_out: int, kernel: int) -> nn.Module:
    return _initialised(nn.Conv2d(c_in, c_out, kernel, stride=2, padding=kernel // 2))


class UNet(nn.Module):
    """Image (B, channels, H, W) in [-1, 1] to the same shape; H and W are multiples of 2^levels.

    `levels` convolutions of stride 2 down, as many transposed ones up (or resizing ones, by `upsample`), and a skip
    from each map on the way down to the one of its size on the way up. With 8 levels 256 px come down to one pixel, the
    paper's network.
    """

    def __init__(self, channels: int = 3, ngf: int = 64, levels: int = 8, upsample: Upsampling = "transposed"):
        super().__init__()
        widths = [ngf * min(2**i, 8) for i in range(levels)]
        self.down = nn.ModuleList([_down(channels, ngf, 5)])
        self.down_norm = nn.ModuleList([nn.Identity()])
        for c_in, c_out in zip(widths[:-1], widths[1:], strict=True):
            self.down.append(_down(c_in, c_out, 3))
            self.down_norm.append(ImageNorm(c_out))
        self.up, self.up_norm = nn.ModuleList(), nn.ModuleList()
        c_in = widths[-1]
        for c_out in reversed(widths[:-1]):
            self.up.append(_initialised(doubling(c_in, c_out, 3, upsample)))
            self.up_norm.append(ImageNorm(c_out))
            c_in = 2 * c_out  # beside what comes up stands what came down
        self.up.append(_initialised(doubling(c_in, channels, 5, upsample)))

    def encode(self, x: Tensor) -> list[Tensor]:
        """The maps on the way down, largest first; the last one is the bottleneck."""
        maps = []
        for i, (layer, norm) in enumerate(zip(self.down, self.down_norm, strict=True)):
            x = norm(layer(nn.functional.leaky_relu(x, 0.2) if i else x))
            maps.append(x)
        return maps

    def decode(self, maps: list[Tensor]) -> Tensor:
        """The image from the maps of `encode`."""
        x, *skips = reversed(maps)
        for layer, norm, skip in zip(self.up[:-1], self.up_norm, skips, strict=True):
            x = torch.cat([norm(layer(nn.functional.relu(x))), skip], dim=1)
        return self.up[-1](nn.functional.relu(x)).tanh()

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


class DualCritic(nn.Module):
    """Image (B, channels, H, H) to a critic's value, not bounded: (B, 1), or with `view` "patch" a map (B, 1, h, h).

    One 5×5 and `layers` − 1 3×3 convolutions of stride 2, then a linear layer over the whole map, or a 3×3
    convolution of stride 2. `size` is H; only the linear layer depends on it.
    """

    def __init__(self, size: int = 256, channels: int = 3, ndf: int = 64, layers: int = 5, view: View = "global"):
        super().__init__()
        widths = [ndf * min(2**i, 8) for i in range(layers)]
        stages = [_down(channels, ndf, 5), nn.LeakyReLU(0.2)]
        for c_in, c_out in zip(widths[:-1], widths[1:], strict=True):
            stages += [_down(c_in, c_out, 3), ImageNorm(c_out), nn.LeakyReLU(0.2)]
        if view == "global":
            head = nn.Linear(widths[-1] * (size // 2**layers) ** 2, 1)
            nn.init.normal_(head.weight, 0.0, 0.02)
            nn.init.zeros_(head.bias)
            stages += [nn.Flatten(), head]
        else:
            stages.append(_down(widths[-1], 1, 3))
        self.layers = nn.Sequential(*stages)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)
