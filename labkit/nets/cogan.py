"""The networks of CoGAN: two generators and two discriminators that share the layers that deal with meaning.

Liu and Tuzel 2016, arXiv 1606.07536, section 3; sizes from the official code for 28 × 28 digits. The parameter counts
are those of the official code: G 7,842,694; D 432,603 with the classifier of ten digits, 427,593 without.

Larger pictures, 32 or 64 px wide, get the stacks of DCGAN, coupled in the same way: all of a generator but its last
layer is shared, and all of a discriminator but its first.
"""

import math
from functools import partial

import torch
from torch import Tensor, nn

from labkit.nets.blocks import init_normal
from labkit.nets.dcgan import doublings
from labkit.nets.upsampling import Upsampling, doubling

DOMAINS = ("A", "B")
DIGITS = 28  # side of the images that the official networks are for


def domain_copies(make, shared: bool) -> nn.ModuleDict:
    """What both domains use, under the key "shared" where it is one module, else one under each domain's key."""
    return nn.ModuleDict({key: make() for key in (("shared",) if shared else DOMAINS)})


def copy_for(domain: str, copies: nn.ModuleDict) -> nn.Module:
    """The module that serves `domain`."""
    return copies["shared"] if "shared" in copies else copies[domain]


class CoupledGenerator(nn.Module):
    """z (B, nz) -> a pair of images, one in each domain, each (B, channels, size, size) in [-1, 1].

    One code becomes a scene in the shared layers (4, 7, 13, 25 px; 8, 4, 2, 1 times `ngf` maps) and is painted twice by
    a last layer of each domain. Without sharing, two generators that have nothing but z in common.

    size: 28, or a power of two from 16 on, which is reached by doublings of 4 px (`labkit.nets.dcgan`); the scene is
          then half as wide as the images. Raises LabError for another.
    """

    def __init__(
        self,
        channels: int = 1,
        nz: int = 100,
        ngf: int = 128,
        shared: bool = True,
        upsample: Upsampling = "transposed",
        size: int = DIGITS,
    ):
        super().__init__()
        scene, stroke, init = _scene, _stroke, init_xavier_uniform
        if size != DIGITS:
            scene, stroke, init = partial(_dcgan_scene, size), _dcgan_stroke, init_normal
        self.trunks = domain_copies(lambda: scene(nz, ngf, upsample), shared)
        self.tails = nn.ModuleDict(
            {key: nn.Sequential(stroke(ngf, channels, upsample), nn.Sigmoid()) for key in DOMAINS}
        )
        init(self)

    def paint(self, z: Tensor, domain: str) -> Tensor:
        """The image that code z (B, nz) stands for in one domain."""
        return 2 * self.tails[domain](copy_for(domain, self.trunks)(z[:, :, None, None])) - 1

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        if "shared" not in self.trunks:
            return self.paint(z, "A"), self.paint(z, "B")
        scene = self.trunks["shared"](z[:, :, None, None])  # drawn once, painted twice
        return 2 * self.tails["A"](scene) - 1, 2 * self.tails["B"](scene) - 1


class CoupledDiscriminator(nn.Module):
    """Image (B, channels, size, size) of a domain -> one logit an image (B,), and the features behind it: (B, 25 · ndf)
    of 28 px, (B, 2 · ndf · size) of a larger size.

    The first layer belongs to the domain, the others to both. With `classes` there is a classifier on the same
    features: trained on labelled images of A it reads images of B, because it shares its layers with the game.

    size:    as of the generator.
    batched: whether there is BatchNorm: real and generated images must then come in batches of their own.
    """

    def __init__(self, channels: int = 1, ndf: int = 20, classes: int = 0, shared: bool = True, size: int = DIGITS):
        super().__init__()
        self.batched = size != DIGITS
        features, front, trunk, init = 25 * ndf, _front, _trunk, init_xavier_uniform
        if self.batched:
            features, front, trunk, init = 2 * ndf * size, _dcgan_front, partial(_dcgan_trunk, size), init_normal
        self.fronts = nn.ModuleDict({key: front(channels, ndf) for key in DOMAINS})
        self.trunks = domain_copies(lambda: trunk(ndf), shared)
        self.heads = domain_copies(lambda: nn.Linear(features, 2), shared)
        self.classifier = nn.Linear(features, classes) if classes else None
        init(self)

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


def _scene(nz: int, ngf: int, upsample: Upsampling) -> nn.Sequential:
    """z (B, nz, 1, 1) -> a scene (B, ngf, 25, 25)."""
    widths = [8 * ngf, 4 * ngf, 2 * ngf, ngf]
    layers: list[nn.Module] = [nn.ConvTranspose2d(nz, widths[0], 4), *_settled(widths[0])]
    for c_in, c_out in zip(widths[:-1], widths[1:], strict=True):
        layers += [doubling(c_in, c_out, 3, upsample, odd=True), *_settled(c_out)]
    return nn.Sequential(*layers)


def _stroke(ngf: int, channels: int, _upsample: Upsampling) -> nn.Module:
    """The last layer of a domain, which paints a scene."""
    return nn.ConvTranspose2d(ngf, channels, 6, padding=1)


def _front(channels: int, ndf: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, ndf, 5), nn.MaxPool2d(2))


def _trunk(ndf: int) -> nn.Sequential:
    middle, top = 5 * ndf // 2, 25 * ndf
    layers = [nn.Conv2d(ndf, middle, 5), nn.MaxPool2d(2), nn.Conv2d(middle, top, 4), nn.PReLU(), nn.Flatten()]
    return nn.Sequential(*layers)


def _dcgan_scene(size: int, nz: int, ngf: int, upsample: Upsampling) -> nn.Sequential:
    """z (B, nz, 1, 1) -> a scene (B, ngf, size / 2, size / 2)."""
    widths = [ngf * 2**i for i in reversed(range(doublings(size)))]  # 32 px: 4, 2, 1 times ngf at 4, 8, 16 px
    layers: list[nn.Module] = [nn.ConvTranspose2d(nz, widths[0], 4, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()]
    for c_in, c_out in zip(widths[:-1], widths[1:], strict=True):
        layers += [doubling(c_in, c_out, 4, upsample, bias=False), nn.BatchNorm2d(c_out), nn.ReLU()]
    return nn.Sequential(*layers)


def _dcgan_stroke(ngf: int, channels: int, upsample: Upsampling) -> nn.Module:
    return doubling(ngf, channels, 4, upsample, bias=False)


def _dcgan_front(channels: int, ndf: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, ndf, 4, stride=2, padding=1), nn.LeakyReLU(0.2))


def _dcgan_trunk(size: int, ndf: int) -> nn.Sequential:
    """Maps (B, ndf, size / 2, size / 2) -> features (B, 2 · ndf · size), of 4 × 4 px."""
    widths = [ndf * 2**i for i in range(doublings(size))]
    layers: list[nn.Module] = []
    for c_in, c_out in zip(widths[:-1], widths[1:], strict=True):
        layers += [nn.Conv2d(c_in, c_out, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Flatten())


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
