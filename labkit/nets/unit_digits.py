"""The networks of UNIT for digits: a coupled VAE whose code is one pixel, and a discriminator that classifies.

Liu, Breuel, Kautz 2017, arXiv 1703.00848, section 4.2 and appendix B; sizes from the official code. With three channels
in A and one in B the parameter counts are those of the official code: 22,606,468 and 4,332,812.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets.blocks import init_normal
from labkit.nets.cogan import DOMAINS, init_xavier_uniform
from labkit.nets.upsampling import Upsampling, doubling


def with_coordinates(x: Tensor) -> Tensor:
    """Images (B, C, H, W) with two more channels, each pixel's row and column in [-1, 1): (B, C + 2, H, W)."""
    height, width = x.shape[2:]
    row = 2 * torch.arange(height, device=x.device, dtype=x.dtype) / height - 1
    column = 2 * torch.arange(width, device=x.device, dtype=x.dtype) / width - 1
    grid = torch.stack([row[:, None].expand(height, width), column.expand(height, width)])
    return torch.cat([x, grid.expand(len(x), -1, -1, -1)], 1)


class Shift(nn.Module):
    """A number to add for each channel: what is left of a normalisation's parameters without its scale."""

    def __init__(self, channels: int):
        super().__init__()
        self.shift = nn.Parameter(0.002 * torch.randn(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.shift


def _stage(convolution: nn.Module, channels: int) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(channels, affine=False), Shift(channels), nn.LeakyReLU())


class CoupledVAE(nn.Module):
    """Two variational autoencoders that share all but the first layer of the encoders and the last two of the decoders.

    Images (B, channels, 32, 32) of a domain, in [-1, 1]; codes (B, 8 · ngf, 1, 1). All images of a step pass the shared
    layers together, so that BatchNorm takes its statistics over both domains.
    """

    def __init__(self, channels_A: int = 3, channels_B: int = 1, ngf: int = 96, upsample: Upsampling = "transposed"):
        super().__init__()
        n, channels = ngf, {"A": channels_A, "B": channels_B}
        self.fronts = nn.ModuleDict(
            {key: _stage(nn.Conv2d(c + 2, n, 5, stride=2, padding=2), n) for key, c in channels.items()}
        )
        self.encoder = nn.Sequential(
            _stage(nn.Conv2d(n, 2 * n, 5, stride=2, padding=2), 2 * n),  # 8 × 8
            _stage(nn.Conv2d(2 * n, 4 * n, 8), 4 * n),  # one pixel
            _stage(nn.Conv2d(4 * n, 8 * n, 1), 8 * n),
        )
        self.to_mu, self.to_sigma = nn.Conv2d(8 * n, 8 * n, 1), nn.Conv2d(8 * n, 8 * n, 1)
        self.decoder = nn.Sequential(
            _stage(nn.ConvTranspose2d(8 * n, 8 * n, 4, stride=2), 8 * n),  # 4 × 4
            _stage(doubling(8 * n, 4 * n, 4, upsample), 4 * n),
            _stage(doubling(4 * n, 2 * n, 4, upsample), 2 * n),  # 16 × 16
        )
        self.tails = nn.ModuleDict({key: self._tail(n, c, upsample) for key, c in channels.items()})
        init_normal(self)

    @staticmethod
    def _tail(ngf: int, channels: int, upsample: Upsampling) -> nn.Sequential:
        up = doubling(2 * ngf, ngf, 4, upsample)
        return nn.Sequential(_stage(up, ngf), nn.Conv2d(ngf, channels, 1), nn.Tanh())

    def encode(self, images: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the codes of {domain: images}, one domain's after the other's."""
        seen = torch.cat([self.fronts[key](with_coordinates(x)) for key, x in images.items()])
        code = self.encoder(seen)
        return self.to_mu(code), F.softplus(self.to_sigma(code))

    def decode(self, z: Tensor) -> dict[str, Tensor]:
        """What codes (B, 8 · ngf, 1, 1) stand for in each domain."""
        scene = self.decoder(z)
        return {key: self.tails[key](scene) for key in DOMAINS}


class CoupledClassifier(nn.Module):
    """A discriminator and classifier: the first layer belongs to the domain, three more and both heads to both.

    Images (B, channels, 32, 32) of a domain. Real or generated, and which class, are judged behind dropout, `dropout`
    times the paper's rates; `features`, (B, 8 · ndf, 2, 2), are without.
    """

    def __init__(
        self, channels_A: int = 3, channels_B: int = 1, ndf: int = 64, classes: int = 10, dropout: float = 1.0
    ):
        super().__init__()
        self.rates = [dropout * rate for rate in (0.1, 0.3, 0.5, 0.5)]
        n, channels = ndf, {"A": channels_A, "B": channels_B}
        self.fronts = nn.ModuleDict({key: self._stage(c, n) for key, c in channels.items()})
        self.trunk = nn.ModuleList(self._stage(n * 2**i, n * 2 ** (i + 1)) for i in range(3))
        self.head, self.classifier = nn.Conv2d(8 * n, 2, 2), nn.Conv2d(8 * n, classes, 2)
        init_xavier_uniform(self)

    @staticmethod
    def _stage(c_in: int, c_out: int) -> nn.Sequential:
        return nn.Sequential(nn.Conv2d(c_in, c_out, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2))

    def features(self, x: Tensor, domain: str, dropout: bool = False) -> Tensor:
        for stage, rate in zip((self.fronts[domain], *self.trunk), self.rates, strict=True):
            x = F.dropout(stage(x), rate, self.training and dropout)
        return x

    def judge(self, x: Tensor, domain: str) -> Tensor:
        """One logit an image (B,): real above 0, generated below."""
        fake, real = self.head(self.features(x, domain, dropout=True)).flatten(1).unbind(1)
        return real - fake  # a softmax over two is a sigmoid of their difference

    def classify(self, x: Tensor, domain: str) -> Tensor:
        """Class logits (B, classes)."""
        return self.classifier(self.features(x, domain, dropout=True)).flatten(1)
