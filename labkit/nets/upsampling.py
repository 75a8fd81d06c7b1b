"""How a decoder doubles the size of its maps, and where checkerboards come from.

A transposed convolution of stride 2 writes its kernel around every second pixel. Where the kernel's side is odd, pixels
next to each other receive unequally many numbers, and the picture may show a chequered pattern. Where it is even they
receive equally many, but by weights that nothing keeps alike. Resizing first and convolving then treats all pixels
alike (Odena, Dumoulin, Olah, "Deconvolution and checkerboard artifacts", Distill 2016).

The decoders of MUNIT, UNIT (2018) and FUNIT resize already, as the smooth generators of CUT and SinCUT do.
"""

from typing import Literal

from torch import nn

Upsampling = Literal["transposed", "resize"]


def doubling(
    c_in: int, c_out: int, kernel: int, how: Upsampling = "transposed", bias: bool = True, odd: bool = False
) -> nn.Module:
    """A layer from (B, c_in, H, W) to (B, c_out, 2H, 2W), or with `odd` to (B, c_out, 2H - 1, 2W - 1).

    how: "transposed", a transposed convolution of stride 2; "resize", every pixel repeated in both directions and a
         convolution. Its kernel has the side of the transposed one, or one more or less to reach the size.
    """
    padding = (kernel - 1) // 2
    if how == "transposed":
        output_padding = int(kernel % 2 and not odd)
        return nn.ConvTranspose2d(c_in, c_out, kernel, 2, padding, output_padding, bias=bias)
    side = kernel + 1 if odd else kernel - 1 + kernel % 2
    return nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(c_in, c_out, side, padding=padding, bias=bias))
