"""The networks of CoGAN: two generators and two discriminators that share the layers that deal with meaning.

Liu and Tuzel 2016, arXiv 1606.07536, section 3; sizes from the official code for 28 × 28 digits. The parameter counts
are those of the official code: G 7,842,694; D 432,603 with the classifier of ten digits, 427,593 without.
"""

import math

import torch
from torch import Tensor, nn

from labkit.nets.upsampling import Upsampling, doubling

DOMAINS = ("A", "B")


def domain_copies(make, shared: bool) -> nn.ModuleDict:
    """What both domains use, under the key "shared" where it is one module, else one under each domain's key."""
    return nn.ModuleDict({key: make() for key in (("shared",) if shared else DOMAINS)})


def copy_for(domain: str, copies: nn.ModuleDict) -> nn.Module:
    """The module that serves `domain`."""
    return copies["shared"] if "shared" in copies else copies[domain]


class CoupledGenerator(nn.Module):
    """z (B, nz) -> a pair of images, one in each domain, each (B, channels, 28, 28) in [-1, 1].

    One code becomes a scene in the shared layers (4, 7, 13, 25 px; 8, 4, 2, 1 times `ngf` maps) and is painted twice by
    a last layer of each domain. Without sharing, two generators that have nothing but z in common.
    """

    def __init__(
        self,
        channels: int = 1,
        nz: int = 100,
        ngf: int = 128,
        shared: bool = True,
        upsample: Upsampling = "transposed",
    ):
        super().__init__()
        self.trunks = domain_copies(lambda: self._trunk(nz, ngf, upsample), shared)
        self.tails = nn.ModuleDict(
            {key: nn.Sequential(nn.ConvTranspose2d(ngf, channels, 6, padding=1), nn.Sigmoid()) for key in DOMAINS}
        )
        init_xavier_uniform(self)

    @staticmethod
    def _trunk(nz: int, ngf: int, upsample: Upsampling) -> nn.Sequential:
        widths = [8 * ngf, 4 * ngf, 2 * ngf, ngf]
        layers: list[nn.Module] = [nn.ConvTranspose2d(nz, widths[0], 4), *_settled(widths[0])]
        for c_in, c_out in zip(widths[:-1], widths[1:], strict=True):
            layers += [doubling(c_in, c_out, 3, upsample, odd=True), *_settled(c_out)]
        return nn.Sequential(*layers)

    def paint(self, z: Tensor, domain: str) -> Tensor:
        """The image that code z (B, nz) stands for in one domain."""
        return 2 * self.tails[domain](copy_for(domain, self.trunks)(z[:, :, None, None])) - 1

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        if "shared" not in self.trunks:
            return self.paint(z, "A"), self.paint(z, "B")
        scene = self.trunks["shared"](z[:, :, None, None])  # drawn once, painted twice
        return 2 * self.tails["A"](scene) - 1, 2 * self.tails["B"](scene) - 1


class CoupledDiscriminator(nn.Module):
    """Image (B, channels, 28, 28) of a domain -> one logit an image (B,), and the features (B, 25 · ndf) behind it.

    The first layer belongs to the domain, the others to both. With `classes` there is a classifier on the same
    features: trained on labelled images of A it reads images of B, because it shares its layers with the game.
    """

    def __init__(self, channels: int = 1, ndf: int = 20, classes: int = 0, shared: bool = True):
        super().__init__()
        self.fronts = nn.ModuleDict({key: _front(channels, ndf) for key in DOMAINS})
        self.trunks = domain_copies(lambda: _trunk(ndf), shared)
        self.heads = domain_copies(lambda: nn.Linear(25 * ndf, 2), shared)
        self.classifier = nn.Linear(25 * ndf, classes) if classes else None
        init_xavier_uniform(self)

    def features(self, x: Tensor, domain: str) -> Tensor:
        return copy_for(domain, self.trunks)(self.fronts[domain]((x + 1) / 2))

    def forward(self, x: Tensor, domain: str) -> tuple[Tensor, Tensor]:
        features = self.features(x, domain)
        fake, real = copy_for(domain, self.heads)(features).unbind(1)
        return real - fake, features  # a softmax over two is a sigmoid of their difference


class DigitEncoder(nn.Module):
    """The discriminator's layers for one domain by themselves: (B, channels, 28, 28) -> features (B, 25 · ndf).

    What a classifier has to work with that was never in the game.
    """

    def __init__(self, channels: int = 1, ndf: int = 20):
        super().__init__()
        self.layers = init_xavier_uniform(nn.Sequential(_front(channels, ndf), _trunk(ndf)))
        self.features = 25 * ndf

    def forward(self, x: Tensor) -> Tensor:
        return self.layers((x + 1) / 2)


def _front(channels: int, ndf: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, ndf, 5), nn.MaxPool2d(2))


def _trunk(ndf: int) -> nn.Sequential:
    middle, top = 5 * ndf // 2, 25 * ndf
    layers = [nn.Conv2d(ndf, middle, 5), nn.MaxPool2d(2), nn.Conv2d(middle, top, 4), nn.PReLU(), nn.Flatten()]
    return nn.Sequential(*layers)


def _settled(channels: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels, affine=False), nn.PReLU()]


@torch.no_grad()
def init_xavier_uniform(module: nn.Module) -> nn.Module:
    """Initialise in place as the official code does: weights uniform after Glorot with gain √2, biases 0.1."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight, gain=math.sqrt(2))
            nn.init.constant_(layer.bias, 0.1)
    return module
