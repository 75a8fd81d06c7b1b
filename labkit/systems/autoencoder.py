"""The autoencoder: squeeze an image into a few numbers and paint it again from them, pixel by pixel.

Paper:    Hinton and Salakhutdinov, "Reducing the dimensionality of data with neural networks", Science 313, 2006. The
          generative counterpart of SimCLR and MoCo: the same encoder, views, optimiser and steps, another question.
Official: www.cs.toronto.edu/~hinton/MatlabForSciencePaper.html.

Differences
1. Convolutions instead of four fully connected layers, trained from random weights at once; the paper stacks and
   unrolls restricted Boltzmann machines.
2. Squared error on pixels in [-1, 1] instead of cross-entropy on pixels in [0, 1].
3. It trains on random views of the images, as the contrastive methods do, and repaints the view it was shown. What
   differs between the methods is then the question alone, not the pictures.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from labkit.data.augment import AUGMENTATIONS, random_view
from labkit.losses.reconstruction import l2
from labkit.nets.encoders import ConvDecoder, ConvEncoder
from labkit.systems.base import Player, System
from labkit.systems.schedules import cosine


@dataclass(frozen=True)
class AutoencoderSettings:
    channels: int = 1  # colour channels of the images
    size: int = 32  # side of the images; the paper's digits have 28
    width: int = 64  # channels of the first layer
    features: int = 30  # numbers in the code: the paper's 30
    augmentation: Literal["photos", "digits", "none"] = "none"
    lr: float = 1e-3  # Adam


class Autoencoder(System):
    """Batches hold "real", images (B, channels, size, size)."""

    Settings = AutoencoderSettings
    coupling = "BatchNorm"

    def __init__(self, settings: AutoencoderSettings = AutoencoderSettings()):
        super().__init__()
        self.settings = s = settings
        self.encoder = ConvEncoder(s.channels, s.size, s.width, s.features)
        self.decoder = ConvDecoder(s.channels, s.size, s.width, s.features)

    def players(self) -> tuple[Player, ...]:
        adam = partial(torch.optim.Adam, lr=self.settings.lr)
        return (Player("f", ("encoder", "decoder"), adam, schedule=cosine()),)

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        view = random_view(batch["real"], AUGMENTATIONS[self.settings.augmentation])
        return {"view": view, "rec": self.decoder(self.encoder(view))}

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"rec": l2(out["rec"], out["view"])}
