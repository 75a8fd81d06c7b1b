"""The discriminator of DTN. (Its g is DCGAN's generator, whose noise gives way to the features of f.)"""

from torch import Tensor, nn

from labkit.nets.blocks import init_normal
from labkit.nets.dcgan import doublings


class DTNDiscriminator(nn.Module):
    """Image (B, channels, size, size) -> logits (B, classes): three for G(s), G(t) and a real t, or one.

    3×3 convolutions of stride 2 down to 4×4, BatchNorm and LeakyReLU after each, and one 4×4 convolution (Taigman et
    al. 2017, section 5.1, in the shape of the known TensorFlow port: 1,502,979 parameters at 32 px, one channel, three
    classes).
    """

    def __init__(self, size: int = 32, channels: int = 1, ndf: int = 128, classes: int = 3):
        super().__init__()
        widths = [channels, *(ndf * 2**i for i in range(doublings(size)))]
        stages: list[nn.Module] = []
        for c_in, c_out in zip(widths[:-1], widths[1:], strict=True):
            stages += [nn.Conv2d(c_in, c_out, 3, stride=2, padding=1), nn.BatchNorm2d(c_out), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*stages, nn.Conv2d(widths[-1], classes, 4), nn.Flatten())
        init_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)
