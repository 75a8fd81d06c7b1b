"""Encoders and decoders of any number of domains around one code, and who reads the domain off it.

ComboGAN: Anoosheh, Agustsson, Timofte, Van Gool 2018, arXiv 1712.06909. Its halves of CycleGAN's generator, at ngf 64
and 9 blocks: an encoder has 5,099,136 parameters, a decoder 6,565,763, as in the official code.
"""

from torch import Tensor, nn

from labkit.errors import LabError
from labkit.nets.blocks import ResBlock, init_normal
from labkit.nets.norms import InstanceNorm
from labkit.nets.upsampling import Upsampling, doubling


class ManyAutoencoders(nn.Module):
    """One encoder and one decoder for each of `domains` domains; every decoder reads the code of every encoder.

    Images (B, channels, H, W) in [-1, 1], H and W multiples of 2^halvings, and codes (B, width, H / 2^halvings,
    W / 2^halvings), width = ngf · 2^halvings. Down: a 7×7 convolution, strided ones, residual blocks. Up: residual
    blocks, transposed convolutions of 4×4 (or resizing ones, by `upsample`), a 7×7 convolution to colours, tanh.

    blocks: residual blocks on the way from image to image, the smaller half of them in the encoder.
    shared: how many of the blocks, those next to the code, are one for all domains; the larger half in the encoders.
    """

    def __init__(
        self,
        domains: int = 2,
        channels: int = 3,
        ngf: int = 64,
        blocks: int = 9,
        shared: int = 0,
        halvings: int = 2,
        upsample: Upsampling = "transposed",
    ):
        super().__init__()
        if not 0 <= shared <= blocks:
            raise LabError(f"of {blocks} residual blocks {shared} cannot be shared.")
        own, self.width = blocks - shared, ngf * 2**halvings
        self.encoders = nn.ModuleList(self._encoder(channels, ngf, halvings, own // 2) for _ in range(domains))
        self.shared_in = nn.Sequential(*(ResBlock(self.width) for _ in range(shared - shared // 2)))
        self.shared_out = nn.Sequential(*(ResBlock(self.width) for _ in range(shared // 2)))
        self.decoders = nn.ModuleList(
            self._decoder(channels, ngf, halvings, own - own // 2, upsample) for _ in range(domains)
        )
        init_normal(self)

    @staticmethod
    def _encoder(channels: int, ngf: int, halvings: int, blocks: int) -> nn.Sequential:
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(channels, ngf, 7), InstanceNorm(ngf), nn.ReLU(inplace=True)]
        for c in (ngf * 2**i for i in range(halvings)):
            layers += [nn.Conv2d(c, 2 * c, 3, stride=2, padding=1), InstanceNorm(2 * c), nn.ReLU(inplace=True)]
        return nn.Sequential(*layers, *(ResBlock(ngf * 2**halvings) for _ in range(blocks)))

    @staticmethod
    def _decoder(channels: int, ngf: int, halvings: int, blocks: int, upsample: Upsampling) -> nn.Sequential:
        layers: list[nn.Module] = [ResBlock(ngf * 2**halvings) for _ in range(blocks)]
        for c in (ngf * 2**i for i in reversed(range(halvings))):
            layers += [doubling(2 * c, c, 4, upsample), InstanceNorm(c), nn.ReLU(inplace=True)]
        return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(ngf, channels, 7), nn.Tanh())

    def encode(self, x: Tensor, domain: int) -> Tensor:
        """The code of images of one domain, counted from 0."""
        return self.shared_in(self.encoders[domain](x))

    def decode(self, code: Tensor, domain: int) -> Tensor:
        """The images of one domain that a code stands for."""
        return self.decoders[domain](self.shared_out(code))

    def forward(self, x: Tensor, src: int, dst: int) -> Tensor:
        return self.decode(self.encode(x, src), dst)


class CodeDiscriminator(nn.Module):
    """Which of two domains does a code come from? (B, width, h, w) -> one logit for each place, (B, 1, h, w).

    An MLP with leaky ReLU that looks at each place alone, as Lample et al. 2017 (arXiv 1711.00043, section 4.4) look at
    each state of a sentence: `layers` hidden layers of `hidden` numbers. Starting weights are PyTorch's: N(0, 0.02²)
    would leave a narrow one without a signal.
    """

    def __init__(self, width: int, hidden: int = 1024, layers: int = 3):
        super().__init__()
        widths, stages = [width, *[hidden] * layers], []
        for c_in, c_out in zip(widths[:-1], widths[1:], strict=True):
            stages += [nn.Conv2d(c_in, c_out, 1), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*stages, nn.Conv2d(widths[-1], 1, 1))

    def forward(self, code: Tensor) -> Tensor:
        return self.layers(code)
