"""Image discriminators."""

from torch import Tensor, nn

from labkit.nets.blocks import init_normal, instance_norm


class PatchGAN(nn.Module):
    """A discriminator that judges every overlapping patch (Isola et al. 2017; CycleGAN, appendix 7.2).

    Maps (B, in_channels, H, W) to a map of logits (B, 1, h, w), no sigmoid. With 3 strided layers a logit sees 70×70
    pixels and 256 px give a 30×30 map; ndf 64 has 2,764,737 parameters. With `layers` 2 it sees 34×34, with 1 16×16.
    """

    def __init__(self, in_channels: int = 3, ndf: int = 64, layers: int = 3):
        super().__init__()
        widths = [ndf * min(2**i, 8) for i in range(layers + 1)]
        stages = [nn.Conv2d(in_channels, ndf, 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True)]
        for i in range(1, layers + 1):
            stride = 2 if i < layers else 1
            stages += [
                nn.Conv2d(widths[i - 1], widths[i], 4, stride=stride, padding=1),
                instance_norm(widths[i]),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        stages.append(nn.Conv2d(widths[-1], 1, 4, stride=1, padding=1))
        self.layers = nn.Sequential(*stages)
        init_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)
