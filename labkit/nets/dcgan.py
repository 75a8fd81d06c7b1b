"""The networks of DCGAN: all convolutions, strides instead of pooling, BatchNorm, no hidden fully connected layer.

Radford, Metz, Chintala, "Unsupervised representation learning with deep convolutional generative adversarial
networks", ICLR 2016, arXiv 1511.06434, section 3 and figure 1. With ngf = ndf = 64 at 64 px and 3 channels the
parameter counts are those of the widely used port: 3,576,704 and 2,765,568.
"""

from torch import Tensor, nn

from labkit.errors import LabError
from labkit.nets.blocks import init_normal
from labkit.nets.upsampling import Upsampling, doubling


def doublings(size: int) -> int:
    """How many doublings lead from 4 px to `size` px. Raises LabError where none does."""
    if size < 8 or size & (size - 1):
        raise LabError(
            f"DCGAN doubles 4 px again and again, so its images are 8, 16, 32, 64, … px wide; {size} px is not."
        )
    return size.bit_length() - 3


class DCGANGenerator(nn.Module):
    """z (B, nz) -> image (B, channels, size, size) in [-1, 1].

    4x4 with ngf * 2^(k-1) channels, then k - 1 doublings that halve the channels (BatchNorm, ReLU), then the last
    doubling to the image (tanh, no BatchNorm); size = 4 * 2^k.
    """

    def __init__(
        self,
        size: int = 64,
        channels: int = 3,
        nz: int = 100,
        ngf: int = 128,
        upsample: Upsampling = "transposed",
    ):
        super().__init__()
        widths = [ngf * 2**i for i in reversed(range(doublings(size)))]  # 64 px, ngf 128: 1024, 512, 256, 128
        stages = [nn.ConvTranspose2d(nz, widths[0], 4, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU(inplace=True)]
        for c_in, c_out in zip(widths[:-1], widths[1:], strict=True):
            stages += [
                doubling(c_in, c_out, 4, upsample, bias=False),
                nn.BatchNorm2d(c_out),
                nn.ReLU(inplace=True),
            ]
        stages += [doubling(ngf, channels, 4, upsample, bias=False), nn.Tanh()]
        self.layers = nn.Sequential(*stages)
        init_normal(self)

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z[:, :, None, None])  # (B, nz, 1, 1): the first layer is the paper's projection to 4x4


class DCGANDiscriminator(nn.Module):
    """Image (B, channels, size, size) -> one logit an image (B, 1), no sigmoid: the generator's mirror image.

    `norm`: BatchNorm in all hidden layers but the first; not for a gradient penalty, which judges each image alone.
    """

    def __init__(self, size: int = 64, channels: int = 3, ndf: int = 64, norm: bool = True):
        super().__init__()
        widths = [ndf * 2**i for i in range(doublings(size))]
        stages: list[nn.Module] = [nn.Conv2d(channels, ndf, 4, stride=2, padding=1, bias=False)]
        stages.append(nn.LeakyReLU(0.2, inplace=True))
        for c_in, c_out in zip(widths[:-1], widths[1:], strict=True):
            stages.append(nn.Conv2d(c_in, c_out, 4, stride=2, padding=1, bias=False))
            stages += [nn.BatchNorm2d(c_out)] if norm else []
            stages.append(nn.LeakyReLU(0.2, inplace=True))
        stages.append(nn.Conv2d(widths[-1], 1, 4, bias=False))
        self.layers = nn.Sequential(*stages)
        init_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).flatten(1)
