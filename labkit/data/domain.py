"""What every data set is made of: domains of images, and a data set that holds some for training, some for tests.

Images are float32 in [-1, 1] with shape (N, C, H, W), labels are int64: a class each, (N,), or several that are yes
or no, (N, K).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from labkit.data.files.images import fit, read_image
from labkit.errors import LabError

KEPT_BYTES = 300 * 2**20  # scaled pictures that one FolderDomain keeps in memory


@dataclass(frozen=True, eq=False)
class Domain:
    """Images of one domain that fit in memory, with the labels that metrics (and sometimes training) may use.

    `images`: (N, C, H, W) float32 in [-1, 1]; for the toy distributions (N, 2) points. `labels`: (N,) or (N, K) int64,
    or None.
    """

    name: str
    images: Tensor
    labels: Tensor | None = None

    def __post_init__(self):
        if self.images.dtype != torch.float32 or len(self.images) == 0:
            raise ValueError(f"domain {self.name}: images must be float32 and at least one, found {self.images.shape}")
        if self.labels is not None and (self.labels.dtype != torch.int64 or len(self.labels) != len(self.images)):
            raise ValueError(f"domain {self.name}: labels must be int64, one for each of {len(self.images)} images")

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices: Sequence[int], draws: Sequence[int] | None = None) -> Tensor:
        """The images at `indices`, (B, C, H, W). `draws` (seeds of an augmentation) are not used here."""
        return self.images[torch.as_tensor(indices, dtype=torch.int64)]

    def subset(self, indices: Sequence[int]) -> "Domain":
        """The domain that holds only the images (and labels) at `indices`, in that order."""
        indices = torch.as_tensor(indices, dtype=torch.int64)
        return Domain(self.name, self.images[indices], None if self.labels is None else self.labels[indices])


@dataclass(frozen=True, eq=False)
class FolderDomain:
    """Image files of one domain, decoded when they are asked for; the same interface as `Domain`.

    A file is scaled so that its shorter side is `load_size` (default: `size`), then cut to `size` x `size`. With draws,
    the cut is at a random place and, with `flip`, every other image is mirrored, both decided by the image's own draw;
    without draws the cut is central and nothing is mirrored. For square files this is CycleGAN's `resize_and_crop`;
    other files keep their proportions, where CycleGAN squeezes them. Scaled pictures are kept in memory, up to
    `KEPT_BYTES`, so that later epochs need not decode them again.

    zoom: below 1 each draw scales the picture by a factor between `zoom` and 1 before it cuts, as SinCUT does (1/3).
    """

    name: str
    paths: Sequence[Path]
    size: int
    load_size: int | None = None
    flip: bool = False
    channels: int = 3
    labels: Tensor | None = None
    zoom: float = 1.0
    _kept: dict[Path, np.ndarray] = field(default_factory=dict, repr=False)

    def __post_init__(self):
        if not self.paths:
            raise LabError(f"domain {self.name}: there are no images.")
        if self.size < 1 or (self.load_size is not None and self.load_size < self.size):
            raise LabError(f"domain {self.name}: load_size {self.load_size} must not be below size {self.size}.")
        if self.channels not in (1, 3):
            raise LabError(f"domain {self.name}: channels must be 1 or 3, found {self.channels}.")
        if not self.size <= self.zoom * (self.load_size or self.size) <= (self.load_size or self.size):
            raise LabError(
                f"domain {self.name}: zoom {self.zoom} must be at most 1 and leave {self.size} px of a picture."
            )

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def images(self) -> Tensor:
        """All images without augmentation, (N, C, size, size), decoded now: for test sets, which are small."""
        return self.take(range(len(self)))

    def take(self, indices: Sequence[int], draws: Sequence[int] | None = None) -> Tensor:
        """The images at `indices`, (B, C, size, size), each augmented by its own seed in `draws` (None: not at all).

        Raises LabError, naming the file, where one cannot be read.
        """
        draws = [None] * len(indices) if draws is None else draws
        return torch.stack([self._load(self.paths[int(i)], draw) for i, draw in zip(indices, draws, strict=True)])

    def subset(self, indices: Sequence[int]) -> "FolderDomain":
        """The domain that holds only the files (and labels) at `indices`, in that order."""
        indices = [int(i) for i in indices]
        labels = None if self.labels is None else self.labels[torch.tensor(indices, dtype=torch.int64)]
        paths = [self.paths[i] for i in indices]
        return FolderDomain(self.name, paths, self.size, self.load_size, self.flip, self.channels, labels, self.zoom)

    def _load(self, path: Path, draw: int | None) -> Tensor:
        pixels = self._scaled(path)
        rng = np.random.default_rng(int(draw)) if draw is not None else None
        if rng is not None and self.zoom < 1:
            factor = rng.uniform(self.zoom, 1)
            pixels = np.asarray(fit(Image.fromarray(pixels), max(self.size, round(factor * min(pixels.shape[:2])))))
        room_y, room_x = pixels.shape[0] - self.size, pixels.shape[1] - self.size
        left, top, mirrored = room_x // 2, room_y // 2, False
        if rng is not None:
            left, top = int(rng.integers(room_x + 1)), int(rng.integers(room_y + 1))
            mirrored = self.flip and bool(rng.integers(2))
        crop = pixels[top : top + self.size, left : left + self.size].astype(np.float32) / 127.5 - 1.0
        tensor = torch.from_numpy(crop).reshape(self.size, self.size, self.channels).permute(2, 0, 1)
        return tensor.flip(2) if mirrored else tensor.contiguous()

    def _scaled(self, path: Path) -> np.ndarray:
        """The picture with its shorter side at `load_size`, (H, W, 3) or (H, W), uint8."""
        if path in self._kept:
            return self._kept[path]
        side = self.load_size or self.size
        image = fit(read_image(path, shorter_side=2 * side), side)
        pixels = np.asarray(image.convert("L") if self.channels == 1 else image)
        if (len(self._kept) + 1) * pixels.nbytes <= KEPT_BYTES:
            self._kept[path] = pixels
        return pixels


@dataclass(frozen=True, eq=False)
class DataSet:
    """Domains for training and for tests. Two-domain sets use the keys "A" and "B", one-domain sets "real".

    `truth["A", "B"][i]`, where known, is what `test["A"]`'s image i truly looks like in B, (N, C, H, W). It exists for
    the test images only, and only metrics may look at it: nothing in `train` is paired.
    """

    name: str
    train: dict[str, Domain | FolderDomain]
    test: dict[str, Domain | FolderDomain]
    truth: dict[tuple[str, str], Tensor] = field(default_factory=dict)
