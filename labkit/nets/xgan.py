"""The networks of XGAN: two encoders and two decoders whose inner layers, those next to the embedding, are shared.

Royer et al. 2018, arXiv 1711.05139, section 4, in the shape of the known TensorFlow port: at 64 px and width 32 an
encoder has 5,933,504 parameters (34,496 of its own), a decoder 11,146,112 (658,816 of its own), the classifier of
domains 3,146,752, a discriminator 42,432. Convolutions have no bias, InstanceNorm has scale and shift;
PyTorch's initialisation (that of DCGAN, N(0, 0.02²), leaves a narrow classifier of domains without a signal).
"""

from torch import Tensor, nn

from labkit.errors import LabError
from labkit.nets.norms import InstanceNorm
from labkit.nets.upsampling import Upsampling, doubling


def _down(c_in: int, c_out: int) -> list[nn.Module]:
    conv = nn.Conv2d(c_in, c_out, 4, stride=2, padding=1, bias=False)
    return [conv, InstanceNorm(c_out, affine=True), nn.LeakyReLU(0.2)]


def _up(c_in: int, c_out: int, upsample: Upsampling) -> list[nn.Module]:
    return [doubling(c_in, c_out, 4, upsample, bias=False), InstanceNorm(c_out, affine=True), nn.ReLU()]


def _halvings(size: int) -> int:
    """How many halvings lead from `size` px to the 16 px at which the shared layers begin."""
    if size < 32 or size & (size - 1):
        raise LabError(f"XGAN's images are 32, 64, 128, … px wide, a power of two; {size} px is not.")
    return size.bit_length() - 5


def private_encoder(size: int = 64, channels: int = 3, width: int = 32) -> nn.Sequential:
    """The outer layers of one domain's encoder: (B, channels, size, size) -> (B, 2·width, 16, 16)."""
    count = _halvings(size)
    widths = [channels, *(max(2 * width // 2**i, 1) for i in reversed(range(count)))]  # 64 px: 32, 64
    layers = [layer for pair in zip(widths[:-1], widths[1:], strict=True) for layer in _down(*pair)]
    return nn.Sequential(*layers)


def shared_encoder(width: int = 32, latent: int = 1024) -> nn.Sequential:
    """The inner layers of both encoders: (B, 2·width, 16, 16) -> embeddings (B, latent)."""
    return nn.Sequential(
        *_down(2 * width, 4 * width),
        *_down(4 * width, 8 * width),
        nn.Conv2d(8 * width, latent, 4, bias=False),
        nn.LeakyReLU(0.2),
        nn.Conv2d(latent, latent, 1, bias=False),
        nn.Flatten(),
    )


def shared_decoder(width: int = 32, latent: int = 1024, upsample: Upsampling = "transposed") -> nn.Sequential:
    """The inner layers of both decoders: embeddings (B, latent) -> (B, 8·width, 8, 8)."""
    first = nn.ConvTranspose2d(latent, 16 * width, 4, bias=False)
    layers = [nn.Unflatten(1, (latent, 1, 1)), first, InstanceNorm(16 * width, affine=True), nn.ReLU()]
    return nn.Sequential(*layers, *_up(16 * width, 8 * width, upsample))


def private_decoder(
    size: int = 64, channels: int = 3, width: int = 32, upsample: Upsampling = "transposed"
) -> nn.Sequential:
    """The outer layers of one domain's decoder: (B, 8·width, 8, 8) -> (B, channels, size, size) in [-1, 1]."""
    widths = [8 * width, *(max(4 * width // 2**i, 1) for i in range(_halvings(size)))]  # 64 px: 128, 64
    layers = [layer for pair in zip(widths[:-1], widths[1:], strict=True) for layer in _up(*pair, upsample)]
    return nn.Sequential(*layers, doubling(widths[-1], channels, 4, upsample, bias=False), nn.Tanh())


class XGANDiscriminator(nn.Module):
    """Image (B, channels, size, size) -> one logit an image (B, 1): stride 2 down to 4×4, and one 4×4 convolution."""

    def __init__(self, size: int = 64, channels: int = 3, ndf: int = 16):
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(channels, ndf, 4, stride=2, padding=1, bias=False), nn.LeakyReLU(0.2)]
        width = ndf
        for _ in range(_halvings(size) + 1):
            layers += _down(width, 2 * ndf)
            width = 2 * ndf
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, 1, 4, bias=False), nn.Flatten())

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class DomainClassifier(nn.Module):
    """Which domain does an embedding come from? (B, latent) -> one logit (B, 1): three hidden layers, no bias."""

    def __init__(self, latent: int = 1024):
        super().__init__()
        hidden = [layer for _ in range(3) for layer in (nn.Linear(latent, latent, bias=False), nn.LeakyReLU(0.2))]
        self.layers = nn.Sequential(*hidden, nn.Linear(latent, 1, bias=False))

    def forward(self, code: Tensor) -> Tensor:
        return self.layers(code)
