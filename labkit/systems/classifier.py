"""A supervised classifier: the ceiling that features learned without labels are compared with.

The encoder of the other methods, trained on the same random views by cross-entropy with every label. There is no
paper to follow; SimCLR (Chen et al. 2020, arXiv 2002.05709) compares with such a network throughout.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.data.augment import AUGMENTATIONS, random_view
from labkit.errors import LabError
from labkit.nets.encoders import build_encoder
from labkit.systems.base import Player, System
from labkit.systems.schedules import cosine


@dataclass(frozen=True)
class ClassifierSettings:
    encoder: Literal["resnet50", "resnet50_small_images", "conv", "cogan"] = "resnet50"
    augmentation: Literal["photos", "digits", "none"] = "photos"
    classes: int = 1000
    channels: int = 3  # colour channels of the images
    size: int = 16  # conv: side of the images
    width: int = 32  # conv, cogan: channels of the first layer
    features: int = 128  # conv: numbers in a feature vector
    domain: Literal["real", "A"] = "real"  # whose images and labels it is trained on; A: to be tried on B later
    lr: float = 1e-3  # Adam


class Classifier(System):
    """Batches hold images (B, channels, H, W) under `domain`, and their labels, (B,) int64 below `classes`."""

    Settings = ClassifierSettings

    def __init__(self, settings: ClassifierSettings = ClassifierSettings()):
        super().__init__()
        self.settings = s = settings
        self.coupling = None if s.encoder == "cogan" else "BatchNorm"
        self.encoder = build_encoder(s.encoder, s.channels, s.size, s.width, s.features)
        self.output = nn.Linear(self.encoder.features, s.classes)

    def players(self) -> tuple[Player, ...]:
        adam = partial(torch.optim.Adam, lr=self.settings.lr)
        return (Player("f", ("encoder", "output"), adam, schedule=cosine()),)

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        domain = self.settings.domain
        if f"{domain}_label" not in batch:
            raise LabError(f"classifier: training needs labels; name '{domain}' among the run's labels.")
        view = random_view(batch[domain], AUGMENTATIONS[self.settings.augmentation])
        return {"logits": self.logits(view), "label": batch[f"{domain}_label"]}

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"cls": F.cross_entropy(out["logits"], out["label"])}

    def logits(self, images: Tensor) -> Tensor:
        """Class logits of images (B, channels, H, W): (B, classes)."""
        return self.output(F.relu(self.encoder(images)))

    def classify(self, x: Tensor, domain: str) -> Tensor:
        """The same, whatever the domain: the baseline that knows of no second one."""
        return self.logits(x)
