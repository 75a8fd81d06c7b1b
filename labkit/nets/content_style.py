"""The networks of MUNIT: an image is a content code, a map, and a style code, a few numbers.

Huang, Liu, Belongie, Kautz, ECCV 2018, arXiv 1804.04732, section 5.1 and appendix B. Every convolution is padded by
reflection and has a bias. UNIT in its form of 2018 is `ContentEncoder` and `Decoder(norm="instance")`; FUNIT is
`ContentEncoder`, `StyleEncoder` and `Decoder(upsampler_norm="instance")` with other numbers of halvings and blocks.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from labkit.nets.adain import AdaINResBlock, LayerNorm, uniform
from labkit.nets.blocks import ResBlock, init_kaiming
from labkit.nets.mlp import mlp
from labkit.nets.norms import InstanceNorm

NORMS = {"none": lambda channels: nn.Identity(), "instance": InstanceNorm, "layer": LayerNorm}


def conv_block(c_in: int, c_out: int, kernel: int, stride: int, norm: str) -> list[nn.Module]:
    """A convolution padded by reflection so that stride 1 keeps the side and stride 2 halves it, a norm, a ReLU."""
    padding = (kernel - 1) // 2
    convolution = nn.Conv2d(c_in, c_out, kernel, stride, padding, padding_mode="reflect")
    return [convolution, NORMS[norm](c_out), nn.ReLU(inplace=True)]


class ContentEncoder(nn.Module):
    """Image (B, channels, H, W) to content code (B, width · 2^halvings, H / 2^halvings, W / 2^halvings).

    InstanceNorm throughout: it takes each channel's mean and deviation away, and much of the style with them. With the
    paper's numbers (the defaults) 5,385,856 parameters. Uniform channels of the code pass no gradient back.
    """

    def __init__(self, channels: int = 3, width: int = 64, halvings: int = 2, blocks: int = 4):
        super().__init__()
        layers = conv_block(channels, width, 7, 1, "instance")
        for i in range(halvings):
            layers += conv_block(width * 2**i, width * 2 ** (i + 1), 4, 2, "instance")
        self.features = width * 2**halvings
        self.layers = nn.Sequential(*layers, *(ResBlock(self.features) for _ in range(blocks)))
        init_kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        code = self.layers(x)
        return torch.where(uniform(code)[:, :, None, None], code.detach(), code)


class StyleEncoder(nn.Module):
    """Image (B, channels, H, W) to style code (B, style_dim): the mean over all positions of what the layers see.

    No norm at all, which would take the style away. Widths double twice and then stay. With the paper's numbers
    2,764,936 parameters.
    """

    def __init__(self, channels: int = 3, width: int = 64, halvings: int = 4, style_dim: int = 8):
        super().__init__()
        widths = [width * min(2**i, 4) for i in range(halvings + 1)]
        layers = conv_block(channels, width, 7, 1, "none")
        for c_in, c_out in zip(widths[:-1], widths[1:], strict=True):
            layers += conv_block(c_in, c_out, 4, 2, "none")
        self.layers = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Conv2d(widths[-1], style_dim, 1), nn.Flatten())
        init_kaiming(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Decoder(nn.Module):
    """Content code (B, width · 2^doublings, h, w) to image (B, channels, h · 2^doublings, w · 2^doublings) in [-1, 1].

    Residual blocks, then doublings (nearest pixel, 5×5 convolution, norm, ReLU), a 7×7 convolution and tanh. With
    `norm` "adain" the blocks take their means and deviations from `style` (B, style_numbers), with "instance" there is
    no style. `upsampler_norm` "layer" keeps what AdaIN wrote, "instance" wipes the half of it that is a statistic.
    With the paper's numbers 5,754,627 parameters, either way.
    """

    def __init__(
        self,
        channels: int = 3,
        width: int = 64,
        doublings: int = 2,
        blocks: int = 4,
        norm: Literal["adain", "instance"] = "adain",
        upsampler_norm: Literal["layer", "instance"] = "layer",
    ):
        super().__init__()
        features = width * 2**doublings
        self.style_numbers = 4 * features * blocks if norm == "adain" else 0
        block = AdaINResBlock if norm == "adain" else ResBlock
        self.blocks = nn.ModuleList(block(features) for _ in range(blocks))
        layers: list[nn.Module] = []
        for i in range(doublings, 0, -1):
            c_in, c_out = width * 2**i, width * 2 ** (i - 1)
            layers += [nn.Upsample(scale_factor=2), *conv_block(c_in, c_out, 5, 1, upsampler_norm)]
        layers += [nn.Conv2d(width, channels, 7, padding=3, padding_mode="reflect"), nn.Tanh()]
        self.upsampler = nn.Sequential(*layers)
        init_kaiming(self)

    def forward(self, content: Tensor, style: Tensor | None = None) -> Tensor:
        if self.style_numbers:
            for block, numbers in zip(self.blocks, style.chunk(len(self.blocks), dim=1), strict=True):
                content = block(content, numbers)
        else:
            for block in self.blocks:
                content = block(content)
        return self.upsampler(content)


class ContentStyleAutoencoder(nn.Module):
    """The auto-encoder of one domain: both encoders, the MLP from style code to AdaIN numbers, the decoder.

    The paper's numbers are the defaults: 15,026,187 parameters.
    """

    def __init__(
        self,
        channels: int = 3,
        width: int = 64,
        halvings: int = 2,
        blocks: int = 4,
        style_halvings: int = 4,
        style_dim: int = 8,
        mlp_width: int = 256,
        upsampler_norm: Literal["layer", "instance"] = "layer",
    ):
        super().__init__()
        self.style_dim = style_dim
        self.content_encoder = ContentEncoder(channels, width, halvings, blocks)
        self.style_encoder = StyleEncoder(channels, width, style_halvings, style_dim)
        self.decoder = Decoder(channels, width, halvings, blocks, "adain", upsampler_norm)
        self.mlp = init_kaiming(mlp(style_dim, mlp_width, mlp_width, self.decoder.style_numbers))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Image (B, channels, H, W) to its content code (a map) and its style code (B, style_dim)."""
        return self.content_encoder(x), self.style_encoder(x)

    def decode(self, content: Tensor, style: Tensor) -> Tensor:
        """Content code and style code (B, style_dim) to an image in [-1, 1]."""
        return self.decoder(content, self.mlp(style))
