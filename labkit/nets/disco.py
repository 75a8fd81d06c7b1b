"""The networks of DiscoGAN: an encoder-decoder without skips, and a discriminator that shows its features.

Kim et al. 2017, arXiv 1703.05192, section 3 and figure 3. At 64 px and width 64 the counts are those of the official
code: G 5,513,856 (7,153,480 with the 100-number bottleneck of the paper), D 2,765,568. Convolutions have no bias.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from labkit.nets.mlp import mlp
from labkit.nets.upsampling import Upsampling, doubling


class DiscoGenerator(nn.Module):
    """Image (B, channels, H, W) in [-1, 1] to an image of the same shape; H and W are multiples of 2^halvings.

    `halvings` strided 4×4 convolutions down, as many transposed ones up, so 2 × halvings layers; BatchNorm everywhere
    but at both ends. With `bottleneck` numbers there are two more layers, that squeeze a 4×4 map through 1×1 pixels.
    `upsample` "resize" takes resizing and 3×3 convolutions up.
    """

    def __init__(
        self,
        channels: int = 3,
        ngf: int = 64,
        halvings: int = 4,
        bottleneck: int = 0,
        upsample: Upsampling = "transposed",
    ):
        super().__init__()
        widths = [ngf * 2**i for i in range(halvings)]
        layers: list[nn.Module] = [nn.Conv2d(channels, ngf, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)]
        for c_in, c_out in zip(widths[:-1], widths[1:], strict=True):
            layers += [nn.Conv2d(c_in, c_out, 4, 2, 1, bias=False), nn.BatchNorm2d(c_out)]
            layers += [nn.LeakyReLU(0.2, inplace=True)]
        if bottleneck:
            layers += [nn.Conv2d(widths[-1], bottleneck, 4, bias=False), nn.BatchNorm2d(bottleneck)]
            layers += [nn.LeakyReLU(0.2, inplace=True)]
            layers += [nn.ConvTranspose2d(bottleneck, widths[-1], 4, bias=False), nn.BatchNorm2d(widths[-1])]
            layers += [nn.ReLU(inplace=True)]
        for c_in, c_out in zip(widths[:0:-1], widths[-2::-1], strict=True):
            layers += [doubling(c_in, c_out, 4, upsample, bias=False), nn.BatchNorm2d(c_out)]
            layers += [nn.ReLU(inplace=True)]
        layers += [doubling(ngf, channels, 4, upsample, bias=False), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class DiscoDiscriminator(nn.Module):
    """Image (B, channels, H, H), H = 4 · 2^halvings, to one logit an image (B, 1), and the features on the way.

    The features are the outputs of all hidden layers but the first, for feature matching: with 4 halvings at 64 px
    128×16², 256×8², 512×4².
    """

    def __init__(self, channels: int = 3, ndf: int = 64, halvings: int = 4):
        super().__init__()
        widths = [ndf * 2**i for i in range(halvings)]
        stages = [nn.Sequential(nn.Conv2d(channels, ndf, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True))]
        for c_in, c_out in zip(widths[:-1], widths[1:], strict=True):
            convolution = nn.Conv2d(c_in, c_out, 4, 2, 1, bias=False)
            stages.append(nn.Sequential(convolution, nn.BatchNorm2d(c_out), nn.LeakyReLU(0.2)))
        self.stages = nn.ModuleList(stages)
        self.head = nn.Conv2d(widths[-1], 1, 4, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return self.head(x).flatten(1), features[1:]


class PointGenerator(nn.Module):
    """Points (B, 2) to points (B, 2): three linear layers, as in the paper's toy (section 4.1)."""

    def __init__(self, width: int = 128):
        super().__init__()
        self.layers = mlp(2, width, width, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class PointDiscriminator(nn.Module):
    """Points (B, 2) to one logit each (B, 1), and the hidden features: five linear layers, as in the paper's toy."""

    def __init__(self, width: int = 128):
        super().__init__()
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Linear(2 if i == 0 else width, width), nn.LeakyReLU(0.2)) for i in range(4)
        )
        self.head = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return self.head(x), features[1:]


def feature_matching(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Σ over layers of the mean squared difference of the batch-mean features (B, …). No gradient into the real."""
    pairs = zip(real, fake, strict=True)
    return torch.stack([(r.mean(0).detach() - f.mean(0)).square().mean() for r, f in pairs]).sum()
