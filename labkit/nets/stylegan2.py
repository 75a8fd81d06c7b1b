"""The networks of SinCUT, in the manner of StyleGAN2 (Karras et al. 2020, arXiv 1912.04958), without styles.

Weights are drawn from N(0, 1) and scaled by 1 / √fan_in when they are used (an equalised learning rate); a leaky ReLU
of slope 0.2 times √2 keeps the variance; sizes change through the blur [1, 3, 3, 1]. No normalisation but one: where
the generator grows, the filters are brought to length 1 (demodulation), and learned noise may be added.

Widths follow the size of the map, w(size) = base · width / size, as the official code of CUT has them.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets.generators import tapped


class EqualConv(nn.Module):
    """A convolution with an equalised learning rate, a bias, and the scaled leaky ReLU.

    scale:   1 keeps the size, ½ blurs and halves it, 2 doubles it, blurs, and demodulates the filters.
    padding: where the size is kept; by default half the kernel.
    active:  whether the leaky ReLU follows.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel: int,
        scale: float = 1,
        padding: int | None = None,
        bias: bool = True,
        active: bool = True,
    ):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(c_out, c_in, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(c_out)) if bias else None
        self.scale, self.active, self.gain = scale, active, 1 / math.sqrt(c_in * kernel**2)
        self.padding = kernel // 2 if padding is None else padding
        tent = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self.register_buffer("blur", torch.outer(tent, tent)[None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        weight, kernel = self.weight * self.gain, self.weight.shape[-1]
        if self.scale == 0.5:
            pad = kernel + 1  # so much that the size is exactly halved
            x = F.conv2d(self._blurred(x, (pad + 1) // 2, pad // 2), weight, stride=2)
        elif self.scale == 2:
            weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
            x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
            x = 4 * self._blurred(x, 1, 1)
        else:
            x = F.conv2d(x, weight, padding=self.padding)
        x = x if self.bias is None else x + self.bias[:, None, None]
        return F.leaky_relu(x, 0.2) * math.sqrt(2) if self.active else x

    def _blurred(self, x: Tensor, before: int, after: int) -> Tensor:
        kernel = self.blur.to(x.dtype).expand(x.shape[1], 1, 4, 4)
        return F.conv2d(F.pad(x, (before, after, before, after)), kernel, groups=x.shape[1])


class StyleBlock(nn.Module):
    """(f(x) + skip(x)) / √2, f = two 3×3 convolutions; with `halve` both ways halve the size."""

    def __init__(self, c_in: int, c_out: int, halve: bool = False):
        super().__init__()
        scale = 0.5 if halve else 1
        self.layers = nn.Sequential(EqualConv(c_in, c_in, 3), EqualConv(c_in, c_out, 3, scale))
        changes = halve or c_in != c_out
        self.skip = EqualConv(c_in, c_out, 1, scale, bias=False, active=False) if changes else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return (self.layers(x) + self.skip(x)) / math.sqrt(2)


class Noise(nn.Module):
    """x + strength · noise, noise drawn anew for every pixel from torch's global generator; the strength is learned,
    from 0. In evaluation mode nothing is added."""

    def __init__(self):
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.strength * torch.randn_like(x[:, :1]) if self.training else x


class Grow(nn.Module):
    """Twice the size: a demodulated transposed convolution, noise, bias, leaky ReLU."""

    def __init__(self, c_in: int, c_out: int):
        super().__init__()
        self.convolution = EqualConv(c_in, c_out, 3, scale=2, bias=False, active=False)
        self.noise = Noise()
        self.bias = nn.Parameter(torch.zeros(c_out))

    def forward(self, x: Tensor) -> Tensor:
        x = self.noise(self.convolution(x)) + self.bias[:, None, None]
        return F.leaky_relu(x, 0.2) * math.sqrt(2)


class StyleGenerator(nn.Module):
    """SinCUT's generator: down once, six residual blocks, up once, tanh. (B, C, H, W) in [-1, 1] to the same shape.

    With ngf 10 and crops of 64 px it has 3,068,404 parameters. It is convolutional: trained on crops, used on whole
    images of even sides. `taps`: the image, the block that halves, and the second block after it.
    """

    def __init__(self, channels: int = 3, ngf: int = 10):
        super().__init__()
        wide, narrow = 16 * ngf, 8 * ngf  # w(size) = 512 · ngf / size at 32 and 64 px
        self.layers = nn.Sequential(
            nn.Identity(),
            EqualConv(channels, narrow, 1),
            StyleBlock(narrow, wide, halve=True),
            *(StyleBlock(wide, wide) for _ in range(6)),
            Grow(wide, narrow),
            EqualConv(narrow, channels, 1, active=False),
            nn.Tanh(),
        )
        self.taps, self.tap_channels = (0, 2, 4), (channels, wide, wide)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)

    def translate_and_tap(self, x: Tensor, taps: Sequence[int]) -> tuple[Tensor, list[Tensor]]:
        """The translation, and the outputs (B, C, h, w), on the way to it, of the layers numbered in `taps`."""
        return tapped(self.layers, x, taps)

    def encode(self, x: Tensor, taps: Sequence[int]) -> list[Tensor]:
        """The same outputs alone; computes nothing behind the last tap."""
        return tapped(self.layers[: max(taps) + 1], x, taps)[1]


class StyleDiscriminator(nn.Module):
    """SinCUT's discriminator: one logit an image, (B, C, size, size) to (B, 1); size a power of 2, at least 8.

    Blocks halve the size down to 4×4, then two linear layers. With ndf 8 and size 64 it has 5,885,473 parameters. No
    statistics of the minibatch: the official code leaves StyleGAN2's out.
    """

    def __init__(self, channels: int = 3, ndf: int = 8, size: int = 64):
        super().__init__()
        sizes = [size // 2**i for i in range(int(math.log2(size)) - 1)]  # size … 4
        widths = [min(384, 256 * ndf // s) for s in sizes]
        self.layers = nn.Sequential(
            EqualConv(channels, widths[0], 1),
            *(StyleBlock(a, b, halve=True) for a, b in zip(widths[:-1], widths[1:], strict=True)),
            EqualConv(widths[-1], widths[-1], 3),
            EqualConv(widths[-1], widths[-1], 4, padding=0),
            EqualConv(widths[-1], 1, 1, active=False),
            nn.Flatten(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)
