"""The networks of UNIT as published in 2017: two variational autoencoders that share the layers around their code.

Liu, Breuel, Kautz 2017, arXiv 1703.00848, section 3 and appendix A. The parameter counts are those of the official
code: 18,017,286 for both autoencoders together and 25,149,057 for one discriminator.
"""

import torch
from torch import Tensor, nn

from labkit.nets.blocks import init_kaiming, init_normal
from labkit.nets.cogan import DOMAINS, copy_for, domain_copies
from labkit.nets.norms import InstanceNorm
from labkit.nets.upsampling import Upsampling, doubling


class CoupledAutoencoder(nn.Module):
    """Encoders E_A, E_B and decoders of both domains around one code; images (B, channels, H, W) in [-1, 1], H and W
    multiples of 4, codes (B, 4 · ngf, H / 4, W / 4).

    Down: a 7×7 convolution, two strided ones, `blocks` residual blocks, all of the domain's own; then one residual
    block that both share. Up: one shared residual block, then the domain's own `blocks`, two transposed convolutions
    (or resizing ones, by `upsample`), a 1×1 convolution to colours. Without sharing, each domain has the middle blocks
    to itself.
    """

    def __init__(
        self,
        channels: int = 3,
        ngf: int = 64,
        blocks: int = 3,
        shared: bool = True,
        upsample: Upsampling = "transposed",
    ):
        super().__init__()
        width = 4 * ngf
        self.fronts = nn.ModuleDict({key: self._front(channels, ngf, blocks) for key in DOMAINS})
        self.shared_in = domain_copies(lambda: ZeroPaddedResBlock(width), shared)
        self.shared_out = domain_copies(lambda: ZeroPaddedResBlock(width), shared)
        self.tails = nn.ModuleDict({key: self._tail(channels, ngf, blocks, upsample) for key in DOMAINS})
        init_normal(self)

    @staticmethod
    def _front(channels: int, ngf: int, blocks: int) -> nn.Sequential:
        layers: list[nn.Module] = [nn.Conv2d(channels, ngf, 7, padding=3), nn.LeakyReLU(inplace=True)]
        for c in (ngf, 2 * ngf):
            layers += [nn.Conv2d(c, 2 * c, 3, stride=2, padding=1), InstanceNorm(2 * c), nn.ReLU(inplace=True)]
        return nn.Sequential(*layers, *(ZeroPaddedResBlock(4 * ngf) for _ in range(blocks)))

    @staticmethod
    def _tail(channels: int, ngf: int, blocks: int, upsample: Upsampling) -> nn.Sequential:
        layers: list[nn.Module] = [ZeroPaddedResBlock(4 * ngf) for _ in range(blocks)]
        for c in (4 * ngf, 2 * ngf):
            layers.append(doubling(c, c // 2, 3, upsample))
            layers += [InstanceNorm(c // 2), nn.ReLU(inplace=True)]
        return nn.Sequential(*layers, nn.Conv2d(ngf, channels, 1), nn.Tanh())

    @torch.no_grad()
    def start_alike(self) -> None:
        """Give the layers of B the values of A's."""
        for copies in (self.fronts, self.shared_in, self.shared_out, self.tails):
            if "B" in copies:
                copies["B"].load_state_dict(copies["A"].state_dict())

    def encode(self, x: Tensor, domain: str) -> Tensor:
        """The mean μ of the code's distribution; its standard deviation is 1 everywhere."""
        return copy_for(domain, self.shared_in)(self.fronts[domain](x))

    def decode(self, z: Tensor, domain: str) -> Tensor:
        """The image that a code stands for in a domain."""
        return self.tails[domain](copy_for(domain, self.shared_out)(z))


class ZeroPaddedResBlock(nn.Module):
    """x + f(x) as `blocks.ResBlock`, with zeros around the image instead of its reflection."""

    def __init__(self, channels: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            InstanceNorm(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1),
            InstanceNorm(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class StridedDiscriminator(nn.Module):
    """Image (B, channels, H, W) -> a map of logits (B, 1, H / 2^layers, W / 2^layers), rounded up.

    `layers` strided 3×3 convolutions, each twice as wide as the one before (64 to 2048 in the paper), and a 1×1. The
    official ones have no normalisation; `norm` puts InstanceNorm behind all but the first. Starting weights are the
    official N(0, 0.02²), or with `kaiming` N(0, 2 / fan_in): in narrow layers the former make a picture's trace
    fainter and fainter.
    """

    def __init__(self, channels: int = 3, ndf: int = 64, layers: int = 6, kaiming: bool = False, norm: bool = False):
        super().__init__()
        widths = [channels, *(ndf * 2**i for i in range(layers))]
        stages: list[nn.Module] = []
        for c_in, c_out in zip(widths[:-1], widths[1:], strict=True):
            stages.append(nn.Conv2d(c_in, c_out, 3, stride=2, padding=1))
            stages += [InstanceNorm(c_out)] if norm and len(stages) > 1 else []
            stages.append(nn.LeakyReLU(inplace=True))
        self.layers = nn.Sequential(*stages, nn.Conv2d(widths[-1], 1, 1))
        (init_kaiming if kaiming else init_normal)(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)
