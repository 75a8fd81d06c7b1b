"""What SimCLR and MoCo have in common: an encoder behind a head, and an oracle that knows which negatives are false."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from labkit.errors import LabError
from labkit.systems.base import System

ViewName = Literal[  # what `labkit.data.augment` calls its views
    "photos", "photos_moco", "digits", "crops", "colours", "crops_and_colours", "none"
]  # fmt: skip


@dataclass(frozen=True)
class EncoderSettings:
    """What is encoded and by what; `build_encoder` makes it."""

    encoder: Literal["resnet50", "resnet50_small_images", "conv"] = "resnet50"
    augmentation: ViewName = "photos"
    channels: int = 3  # colour channels of the images
    size: int = 16  # conv: side of the images
    width: int = 32  # conv: channels of the first layer
    features: int = 128  # conv: numbers in a feature vector


class Contrastive(System):
    """Batches hold "real", images (B, channels, H, W), and with `oracle_negatives` "real_label" (B,)."""

    def projector(self) -> nn.Module:
        """Images to unit vectors: encoder and head, as the loss sees them."""
        return nn.Sequential(self.encoder, self.head)

    def oracle_labels(self, batch: dict[str, Tensor]) -> Tensor:
        """The labels of the batch, for leaving out false negatives. Raises LabError where training may not see them."""
        if "real_label" not in batch:
            name = type(self).__name__.lower()
            raise LabError(f"{name}: oracle_negatives needs labels; name 'real' among the run's labels.")
        return batch["real_label"]
