"""Features that nobody trained: a random convolutional network that looks at edges."""

import torch
from torch import Tensor, nn


class RandomEdges(nn.Module):
    """Images (B, channels, H, W) to feature maps (B, widths[-1], H / 2^(n-1), W / 2^(n-1)) behind the n-th ReLU.

    3×3 convolutions with weights from He et al. 2015, by `seed`, and no bias; all but the first have stride 2. Each
    filter of the first layer has mean 0 over its pixels, as edge filters have, so that an even surface gives nothing.
    The weights take no gradient and lie in buffers.
    """

    def __init__(self, channels: int = 3, widths: tuple[int, ...] = (32, 64, 128, 128), seed: int = 0):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.depth = len(widths)
        for i, (c_in, c_out) in enumerate(zip((channels, *widths[:-1]), widths, strict=True)):
            weight = torch.empty(c_out, c_in, 3, 3)
            nn.init.kaiming_normal_(weight, generator=generator)
            self.register_buffer(f"weight_{i}", weight - weight.mean((2, 3), keepdim=True) if i == 0 else weight)

    def forward(self, x: Tensor) -> Tensor:
        for i in range(self.depth):
            weight = getattr(self, f"weight_{i}")
            x = nn.functional.conv2d(x, weight, stride=1 if i == 0 else 2, padding=1).relu()
        return x
