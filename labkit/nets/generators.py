"""Image-to-image generators."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from labkit.nets.blocks import BlurPool, ResBlock, SmoothDouble, init_normal
from labkit.nets.norms import InstanceNorm
from labkit.nets.upsampling import Upsampling, doubling


class ResnetGenerator(nn.Module):
    """The generator of CycleGAN (Zhu et al. 2017, appendix 7.2): two strided convolutions down, residual blocks, two
    transposed convolutions up, tanh.

    Maps (B, in_channels, H, W) in [-1, 1] to (B, out_channels, H, W) in [-1, 1]; H and W are multiples of 4 and at
    least 16. With ngf 64 it has 11,378,179 parameters at 9 blocks (256 px) and 7,837,699 at 6 blocks (128 px).

    antialias: CUT's form of the same layers: down by a convolution at full size and a blur pool, up by bilinear
               interpolation (the transposed blur [1, 3, 3, 1]) and a convolution. The same parameters, more operations.
    upsample:  without antialias, how the size is doubled, see `labkit.nets.upsampling`.
    taps:      the layers whose output CUT contrasts (section 3.3 there): the padded input, the two convolutions down
               before their norm, the first and the fifth residual block (the last one, where there are fewer).
    """

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        ngf: int = 64,
        blocks: int = 9,
        antialias: bool = False,
        upsample: Upsampling = "transposed",
    ):
        super().__init__()
        down, up = (self._blurred_down, self._smooth_up) if antialias else (self._down, partial(self._up, how=upsample))
        first, second = down(ngf, 2 * ngf), down(2 * ngf, 4 * ngf)
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(3),
            nn.Conv2d(in_channels, ngf, 7),
            InstanceNorm(ngf),
            nn.ReLU(inplace=True),
            *first,
            *second,
            *(ResBlock(4 * ngf) for _ in range(blocks)),
            *up(4 * ngf, 2 * ngf),
            *up(2 * ngf, ngf),
            nn.ReflectionPad2d(3),
            nn.Conv2d(ngf, out_channels, 7),
            nn.Tanh(),
        )
        block_1 = 4 + len(first) + len(second)
        self.taps = (0, 4, 4 + len(first), block_1, block_1 + min(5, blocks) - 1)
        self.tap_channels = (in_channels, 2 * ngf, 4 * ngf, 4 * ngf, 4 * ngf)
        init_normal(self)

    @staticmethod
    def _down(c_in: int, c_out: int) -> list[nn.Module]:
        return [nn.Conv2d(c_in, c_out, 3, stride=2, padding=1), InstanceNorm(c_out), nn.ReLU(inplace=True)]

    @staticmethod
    def _up(c_in: int, c_out: int, how: Upsampling) -> list[nn.Module]:
        return [doubling(c_in, c_out, 3, how), InstanceNorm(c_out), nn.ReLU(inplace=True)]

    @staticmethod
    def _blurred_down(c_in: int, c_out: int) -> list[nn.Module]:
        return [nn.Conv2d(c_in, c_out, 3, padding=1), InstanceNorm(c_out), nn.ReLU(inplace=True), BlurPool()]

    @staticmethod
    def _smooth_up(c_in: int, c_out: int) -> list[nn.Module]:
        return [SmoothDouble(), nn.Conv2d(c_in, c_out, 3, padding=1), InstanceNorm(c_out), nn.ReLU(inplace=True)]

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)

    def translate_and_tap(self, x: Tensor, taps: Sequence[int]) -> tuple[Tensor, list[Tensor]]:
        """The translation, and the outputs (B, C, h, w), on the way to it, of the layers numbered in `taps`."""
        return tapped(self.layers, x, taps)

    def encode(self, x: Tensor, taps: Sequence[int]) -> list[Tensor]:
        """The same outputs alone; computes nothing behind the last tap."""
        return tapped(self.layers[: max(taps) + 1], x, taps)[1]


class NoiseInput(nn.Module):
    """A generator that is shown `numbers` draws from N(0, 1) beside each image, as so many constant channels.

    Maps what the generator maps; it must take `numbers` channels more than the images have.
    """

    def __init__(self, generator: nn.Module, numbers: int):
        super().__init__()
        self.generator, self.numbers = generator, numbers

    def forward(self, x: Tensor) -> Tensor:
        noise = torch.randn(len(x), self.numbers, 1, 1, device=x.device, dtype=x.dtype)
        return self.generator(torch.cat([x, noise.expand(-1, -1, *x.shape[2:])], 1))


def tapped(layers: nn.Sequential, x: Tensor, taps: Sequence[int]) -> tuple[Tensor, list[Tensor]]:
    """What `layers` make of x, and the outputs of those numbered in `taps`, in the order of the layers."""
    outputs = []
    for number, layer in enumerate(layers):
        x = layer(x)
        outputs += [x] * (number in taps)
    return x, outputs
