"""In which ink is a glyph printed? The known factor of style in coloured print, read from the image, untrained."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

SHARPNESS = 40.0  # of the probabilities: two inks that differ by 0.4 in one colour are told apart with odds e^6.4


def ink_colour(images: Tensor) -> Tensor:
    """The colour of the ink in images (N, 3, H, W) in [-1, 1] on black paper: (N, 3), its largest value 1.

    Pixels count by the square of how bright they are, so that paper and soft edges hardly do. How bright the ink is
    itself does not matter: a paler print of the same ink has the same colour.
    """
    pixels = ((images + 1) / 2).clamp(0, 1)
    weight = pixels.amax(1, keepdim=True).square()
    colour = (pixels * weight).sum((2, 3))
    return colour / colour.amax(1, keepdim=True).clamp_min(1e-6)


class InkJudge:
    """Tells which of several inks an image on black paper is printed in; `inks`: name -> red, green, blue in [0, 1].

    Give it white beside the inks of a domain: then prints without any colour are told as well.
    """

    def __init__(self, inks: Mapping[str, Sequence[float]]):
        self.inks = tuple(inks)
        self.name = "inks"
        palette = torch.tensor(list(inks.values()))
        self.palette = palette / palette.amax(1, keepdim=True)

    def logits(self, images: Tensor) -> Tensor:
        """Unnormalised log-probabilities of the inks, (N, number of inks): the nearer the colour, the higher."""
        return -SHARPNESS * (ink_colour(images)[:, None] - self.palette.to(images)).square().sum(2)

    def predict(self, images: Tensor) -> Tensor:
        """The nearest ink of each image, its place in `inks`, (N,) int64."""
        return self.logits(images).argmax(1)
