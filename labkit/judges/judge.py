"""What a judge is, and how its file is opened."""

import hashlib
import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.errors import LabError

FROZEN = Path(__file__).resolve().parent / "frozen"
SIZE = 32  # side of the images that a judge looks at
FEATURES = 32  # Fréchet distances need many more images than dimensions, and the embedded sets are small
CLASSES = 10


class Judge(nn.Module):
    """A small convolutional classifier, of digits 80 thousand weights, without normalisation or dropout.

    It sees grey: images with three channels are reduced to their luma (ITU-R 601), so a judge is blind to hue, and what
    differs in hue alone needs another metric. Only with `channels` 3 it sees colour. Images of another size are scaled
    to 32 x 32. Both steps, and the network, let gradients through to the images; the weights take none.

    classes, channels, width: how many it tells apart, the colour channels it sees, channels of its first layer.

    record: how it came about: data, settings, split, n_train, n_test, seed, sha256, and the ceiling, which is the
    accuracy on the test split of its own data set.
    """

    def __init__(self, record: dict | None = None, classes: int = CLASSES, channels: int = 1, width: int = 16):
        super().__init__()
        self.record = record or {}
        self.channels = channels
        self.body = nn.Sequential(
            nn.Conv2d(channels, width, 3, 1, 1), nn.SiLU(),
            nn.Conv2d(width, 2 * width, 3, 2, 1), nn.SiLU(),  # 16 x 16
            nn.Conv2d(2 * width, 3 * width, 3, 2, 1), nn.SiLU(),  # 8 x 8
            nn.Conv2d(3 * width, 4 * width, 3, 2, 1), nn.SiLU(),  # 4 x 4
            nn.Flatten(),
            nn.Linear(4 * width * 4 * 4, FEATURES),
        )  # fmt: skip
        self.head = nn.Linear(FEATURES, classes)
        self.register_buffer("feature_mean", torch.zeros(FEATURES))
        self.register_buffer("feature_std", torch.ones(FEATURES))

    @property
    def name(self) -> str:
        return self.record.get("name", "untrained")

    def features(self, images: Tensor) -> Tensor:
        """Penultimate features (B, 32), not rectified, of images (B, 1 or 3, H, W) in [-1, 1].

        They are in units of their standard deviation over the judge's own training images, where their mean is 0: a
        Fréchet distance of 1 is a shift by one such unit in one of the 32 directions.
        """
        return (self.body(self._seen(images)) - self.feature_mean) / self.feature_std

    def logits(self, images: Tensor) -> Tensor:
        """Unnormalised log-probabilities of the classes, (B, 10) for digits."""
        return self.head(F.silu(self.body(self._seen(images))))

    def predict(self, images: Tensor) -> Tensor:
        """The most probable class of each image, (B,) int64. No gradients; works through large sets in parts."""
        return self.score(images).argmax(1)

    def score(self, images: Tensor) -> Tensor:
        """`logits` of a whole set of images without gradients, (N, classes); works through it in parts."""
        return self._in_parts(self.logits, images)

    def embed(self, images: Tensor) -> Tensor:
        """`features` of a whole set of images without gradients, (N, 32); works through it in parts."""
        return self._in_parts(self.features, images)

    def forward(self, images: Tensor) -> Tensor:
        return self.logits(images)

    @torch.no_grad()
    def standardise(self, images: Tensor) -> None:
        """Take the mean and the standard deviation of the features over `images` as their zero and unit."""
        raw = self._in_parts(lambda part: self.body(self._seen(part)), images)
        self.feature_mean.copy_(raw.mean(0))
        self.feature_std.copy_(raw.std(0))

    def frozen(self) -> "Judge":
        """Itself, with weights that take no gradient."""
        return self.requires_grad_(False).eval()

    def _seen(self, images: Tensor) -> Tensor:
        """Images as the network sees them: grey or in colour, 32 x 32."""
        if images.ndim != 4 or images.shape[1] not in (1, 3):
            raise ValueError(f"a judge looks at images (B, 1 or 3, H, W), found {tuple(images.shape)}")
        if self.channels == 1 and images.shape[1] == 3:
            images = (images * images.new_tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
        if images.shape[-2:] != (SIZE, SIZE):
            images = images.to(torch.promote_types(images.dtype, torch.float32))  # CPUs do not resize bf16
            images = F.interpolate(images, (SIZE, SIZE), mode="bilinear", align_corners=False, antialias=True)
        return images.expand(-1, self.channels, -1, -1)

    @staticmethod
    @torch.no_grad()
    def _in_parts(function, images: Tensor) -> Tensor:
        return torch.cat([function(part) for part in images.split(500)])


def open_judge(record_path: Path) -> Judge:
    """The judge whose record is the JSON file `record_path` and whose weights lie beside it."""
    record, content = read_files(record_path)
    plan = record["plan"]
    judge = Judge(record, record.get("classes", CLASSES), plan.get("channels", 1), plan.get("width", 16))
    return filled(judge, content, record_path)


def read_files(record_path: Path) -> tuple[dict, bytes]:
    """A judge's record and the content of the file of weights beside it; LabError where they do not belong together."""
    weights = record_path.with_suffix(".safetensors")
    try:
        record, content = json.loads(record_path.read_text()), weights.read_bytes()
    except (OSError, ValueError) as error:
        raise LabError(
            f"{record_path}: the judge cannot be read ({error}); train it with python -m labkit.judges."
        ) from None
    if hashlib.sha256(content).hexdigest() != record["sha256"]:
        raise LabError(
            f"{weights}: these are not the weights that the record names (sha256 differs); restore both files."
        )
    return record, content


def filled(judge: nn.Module, content: bytes, record_path: Path) -> nn.Module:
    """The judge with the weights in `content`, frozen. Raises LabError where they do not fit it."""
    try:
        judge.load_state_dict(read_tensors(content))
    except (SafetensorError, RuntimeError) as error:
        weights = record_path.with_suffix(".safetensors")
        raise LabError(f"{weights}: the weights do not fit the judge ({str(error).splitlines()[0]}).") from None
    return judge.requires_grad_(False).eval()
