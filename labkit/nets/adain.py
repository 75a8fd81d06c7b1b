"""Adaptive instance normalisation (AdaIN), and the layer normalisation that leaves its work in place.

Huang and Belongie, ICCV 2017, arXiv 1703.06868, Eq. 8: each channel of each image is brought to mean 0 and standard
deviation 1, then to the mean and deviation that a style asks for. MUNIT (arXiv 1804.04732, section 5.1) and FUNIT
compute the two numbers a channel from a style code with a small MLP.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.nets.norms import instance_norm


def adain(x: Tensor, shift: Tensor, scale: Tensor, eps: float = 1e-5) -> Tensor:
    """scale · (x - mean) / std + shift, with mean and std over the pixels of each channel of each image.

    `x`: (B, C, H, W). `shift`, `scale`: (B, C), the new mean and the new standard deviation (there is no 1 + scale).
    A uniform channel becomes its shift, and no gradient goes back through it.
    """
    scale = scale.masked_fill(uniform(x), 0)
    return instance_norm(x, eps=eps) * scale[:, :, None, None] + shift[:, :, None, None]


def uniform(x: Tensor) -> Tensor:
    """Which channels have the same value at every pixel: (B, C, H, W) to booleans (B, C).

    Normalised, such a channel is 0 whatever its value, yet the derivative that is computed for it is 1/√eps = 316. In
    networks that are padded by reflection alone a picture of one colour is uniform in every layer, and these factors
    multiply: MUNIT has twenty of them in a row, and its gradients overflow. A uniform channel has nothing to learn
    from, so its gradient is left out.
    """
    return x.amax((2, 3)) == x.amin((2, 3))


class AdaINResBlock(nn.Module):
    """x + f(x), f = two reflect-padded 3×3 convolutions, each followed by AdaIN, ReLU between them.

    `forward(x, style)`: x (B, C, H, W); style (B, 4·C): for the first AdaIN C shifts and C scales, the same for the
    second, in the order of the official MUNIT code.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect")
        self.second = nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect")

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        shift_1, scale_1, shift_2, scale_2 = style.chunk(4, dim=1)
        y = F.relu(adain(self.first(x), shift_1, scale_1))
        return x + adain(self.second(y), shift_2, scale_2)


class LayerNorm(nn.Module):
    """One mean and one standard deviation for the whole of an image's features, then a scale and a shift a channel.

    (B, C, H, W) to the same shape. Unlike InstanceNorm it keeps how channels differ in mean and deviation, which is
    where AdaIN wrote the style: that is why MUNIT's decoder upsamples with it. As in the official code the deviation is
    the unbiased one, eps is added to it, and the scales start uniform in [0, 1].
    """

    def __init__(self, channels: int, eps: float = 1e-5):
        super().__init__()
        self.eps = eps
        self.scale = nn.Parameter(torch.rand(channels))
        self.shift = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        deviation = x.std((1, 2, 3), keepdim=True) + self.eps
        normal = (x - x.mean((1, 2, 3), keepdim=True)) / deviation
        return normal * self.scale[:, None, None] + self.shift[:, None, None]
