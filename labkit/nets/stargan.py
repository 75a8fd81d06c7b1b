"""The networks of StarGAN: a generator that is shown labels as planes, and a critic that also reads labels.

Choi, Choi, Kim, Ha, Kim, Choo, CVPR 2018, arXiv 1711.09020, appendix 7.2. Convolutions before InstanceNorm have no
bias, for its own shift does the same. Weights start as PyTorch starts them, in the official code too.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from labkit.errors import LabError
from labkit.nets.norms import InstanceNorm
from labkit.nets.upsampling import Upsampling, doubling

Padding = Literal["zeros", "reflect"]


class ZeroPaddedBlock(nn.Module):
    """x + f(x), f = two zero-padded 3×3 convolutions with InstanceNorm, ReLU between them. Keeps (B, C, H, W)."""

    def __init__(self, channels: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            InstanceNorm(channels, affine=True),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            InstanceNorm(channels, affine=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class LabelledGenerator(nn.Module):
    """Image (B, channels, H, W) and label vector (B, labels) to an image of the same shape in [-1, 1].

    Each number of the vector is shown beside the image as a plane of that one value. Two 4×4 convolutions halve the
    side, `blocks` residual blocks follow, two layers double it again; H and W are multiples of 4. With the paper's
    numbers (the defaults, 5 labels) 8,430,528 parameters.

    padding: of the first convolution, which alone sees the planes. It must be zeros. With "reflect" what a constant
             plane adds to a map is a constant, InstanceNorm takes it away, and the labels are lost.
    """

    def __init__(
        self,
        labels: int = 5,
        channels: int = 3,
        ngf: int = 64,
        blocks: int = 6,
        upsample: Upsampling = "transposed",
        padding: Padding = "zeros",
    ):
        super().__init__()

        def normed(layer: nn.Module, width: int) -> list[nn.Module]:
            return [layer, InstanceNorm(width, affine=True), nn.ReLU(inplace=True)]

        first = nn.Conv2d(channels + labels, ngf, 7, padding=3, bias=False, padding_mode=padding)
        self.layers = nn.Sequential(
            *normed(first, ngf),
            *normed(nn.Conv2d(ngf, 2 * ngf, 4, 2, 1, bias=False), 2 * ngf),
            *normed(nn.Conv2d(2 * ngf, 4 * ngf, 4, 2, 1, bias=False), 4 * ngf),
            *(ZeroPaddedBlock(4 * ngf) for _ in range(blocks)),
            *normed(doubling(4 * ngf, 2 * ngf, 4, upsample, bias=False), 2 * ngf),
            *normed(doubling(2 * ngf, ngf, 4, upsample, bias=False), ngf),
            nn.Conv2d(ngf, channels, 7, padding=3, bias=False),
            nn.Tanh(),
        )

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        planes = vector.to(x.dtype)[:, :, None, None].expand(-1, -1, *x.shape[2:])
        return self.layers(torch.cat([x, planes], 1))


class LabelReadingCritic(nn.Module):
    """Image (B, channels, size, size) to a map of patches (B, 1, h, h), no sigmoid, and class logits (B, labels).

    `layers` strided 4×4 convolutions without norm, h = size / 2^layers; the class head is one convolution over the
    whole map. With the paper's numbers (the defaults, 5 labels, 128 px) 44,762,048 parameters. Raises LabError for a
    size that cannot be halved so often.
    """

    def __init__(self, labels: int = 5, size: int = 128, channels: int = 3, ndf: int = 64, layers: int = 6):
        super().__init__()
        if size < 1 or size % 2**layers:
            raise LabError(f"the critic halves {layers} times: its size must be a multiple of {2**layers}, not {size}.")
        widths = [channels, *(ndf * 2**i for i in range(layers))]
        stages: list[nn.Module] = []
        for c_in, c_out in zip(widths[:-1], widths[1:], strict=True):
            stages += [nn.Conv2d(c_in, c_out, 4, 2, 1), nn.LeakyReLU(0.01)]
        self.layers = nn.Sequential(*stages)
        self.patches = nn.Conv2d(widths[-1], 1, 3, padding=1, bias=False)
        self.classes = nn.Conv2d(widths[-1], labels, size // 2**layers, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.layers(x)
        return self.patches(features), self.classes(features).flatten(1)
