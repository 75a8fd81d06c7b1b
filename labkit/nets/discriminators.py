"""Image discriminators."""

from torch import Tensor, nn

from labkit.nets.blocks import BlurPool, init_normal
from labkit.nets.norms import InstanceNorm


class PatchGAN(nn.Module):
    """A discriminator that judges every overlapping patch (Isola et al. 2017; CycleGAN, appendix 7.2).

    Maps (B, in_channels, H, W) to a map of logits (B, 1, h, w), no sigmoid. With 3 strided layers a logit sees 70×70
    pixels and 256 px give a 30×30 map; ndf 64 has 2,764,737 parameters. With `layers` 2 it sees 34×34, with 1 16×16.

    antialias: CUT's form of the same layers. Where a convolution has stride 2 it has stride 1, and a blur pool follows
               its activation. The same parameters and map sizes; with 3 layers a logit sees 84×84 pixels.
    padding:   of every convolution; ComboGAN's 2 gives larger maps, 35×35 at 256 px.
    """

    def __init__(self, in_channels: int = 3, ndf: int = 64, layers: int = 3, antialias: bool = False, padding: int = 1):
        super().__init__()
        widths = [ndf * min(2**i, 8) for i in range(layers + 1)]
        stride, pool = (1, [BlurPool()]) if antialias else (2, [])
        first = nn.Conv2d(in_channels, ndf, 4, stride=stride, padding=padding)
        stages = [first, nn.LeakyReLU(0.2, inplace=True), *pool]
        for i in range(1, layers + 1):
            last = i == layers
            stages += [
                nn.Conv2d(widths[i - 1], widths[i], 4, stride=1 if last else stride, padding=padding),
                InstanceNorm(widths[i]),
                nn.LeakyReLU(0.2, inplace=True),
                *([] if last else pool),
            ]
        stages.append(nn.Conv2d(widths[-1], 1, 4, stride=1, padding=padding))
        self.layers = nn.Sequential(*stages)
        init_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class MultiScalePatchGAN(nn.Module):
    """MUNIT's discriminator: a small patch judge at each of several scales, with weights of its own (Wang et al. 2018).

    Maps (B, in_channels, H, W) to one map of logits a scale, no sigmoid: at 256 px with 4 layers 16², 8² and 4². Each
    judge is `layers` strided 4×4 convolutions without norm and a 1×1 convolution; before each further scale the image
    is averaged down to half its side. With the paper's numbers (the defaults) 8,271,171 parameters. The smallest scale
    needs 2^layers pixels a side.
    """

    def __init__(self, in_channels: int = 3, ndf: int = 64, layers: int = 4, scales: int = 3):
        super().__init__()
        widths = [in_channels, *(ndf * 2**i for i in range(layers))]

        def judge() -> nn.Sequential:
            stages: list[nn.Module] = []
            for c_in, c_out in zip(widths[:-1], widths[1:], strict=True):
                stages += [nn.Conv2d(c_in, c_out, 4, 2, 1, padding_mode="reflect"), nn.LeakyReLU(0.2, inplace=True)]
            return nn.Sequential(*stages, nn.Conv2d(widths[-1], 1, 1))

        self.judges = nn.ModuleList(judge() for _ in range(scales))
        self.halve = nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)
        init_normal(self)

    def forward(self, x: Tensor) -> list[Tensor]:
        logits = [self.judges[0](x)]
        for judge in self.judges[1:]:
            x = self.halve(x)
            logits.append(judge(x))
        return logits
