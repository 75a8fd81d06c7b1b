"""Image-to-image generators."""

from torch import Tensor, nn

from labkit.nets.blocks import ResBlock, init_normal, instance_norm


class ResnetGenerator(nn.Module):
    """The generator of CycleGAN (Zhu et al. 2017, appendix 7.2): two strided convolutions down, residual blocks, two
    transposed convolutions up, tanh.

    Maps (B, in_channels, H, W) in [-1, 1] to (B, out_channels, H, W) in [-1, 1]; H and W are multiples of 4 and at
    least 16. With ngf 64 it has 11,378,179 parameters at 9 blocks (256 px) and 7,837,699 at 6 blocks (128 px).
    """

    def __init__(self, in_channels: int = 3, out_channels: int = 3, ngf: int = 64, blocks: int = 9):
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(3),
            nn.Conv2d(in_channels, ngf, 7),
            instance_norm(ngf),
            nn.ReLU(inplace=True),
            *self._down(ngf, 2 * ngf),
            *self._down(2 * ngf, 4 * ngf),
            *(ResBlock(4 * ngf) for _ in range(blocks)),
            *self._up(4 * ngf, 2 * ngf),
            *self._up(2 * ngf, ngf),
            nn.ReflectionPad2d(3),
            nn.Conv2d(ngf, out_channels, 7),
            nn.Tanh(),
        )
        init_normal(self)

    @staticmethod
    def _down(c_in: int, c_out: int) -> list[nn.Module]:
        return [nn.Conv2d(c_in, c_out, 3, stride=2, padding=1), instance_norm(c_out), nn.ReLU(inplace=True)]

    @staticmethod
    def _up(c_in: int, c_out: int) -> list[nn.Module]:
        up = nn.ConvTranspose2d(c_in, c_out, 3, stride=2, padding=1, output_padding=1)
        return [up, instance_norm(c_out), nn.ReLU(inplace=True)]

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)
