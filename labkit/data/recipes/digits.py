"""Real handwritten digits that come with scikit-learn: the "optical recognition of handwritten digits" test set.

1,797 grey images of 8 x 8 (Alpaydin and Kaynak, UCI 1998, CC BY 4.0), here scaled up. Small, blurred, and real.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.data.domain import DataSet, Domain
from labkit.errors import LabError


def optdigits(
    size: int = 32, channels: int = 1, test_fraction: float = 0.25, seed: int = 0, margin: int = 0
) -> DataSet:
    """Handwritten digits, white on black, labelled 0-9, as the single domain "real".

    `seed` decides which images are held out for tests (stratified by digit), nothing else. The frozen judge `optdigits`
    was trained on the training part of seed 0: with another seed it has seen some of the test images.

    margin: empty pixels on each of the four sides, so that a digit can be moved without losing ink; without them it
            fills the frame.
    """
    if not 0 <= margin <= (size - 8) // 2:
        raise LabError(f"optdigits: a margin of {margin} px leaves a digit less than its own 8 of {size}.")
    images, labels = _all_digits(size - 2 * margin, channels)
    images = F.pad(images, [margin] * 4, value=-1.0)
    train, test = stratified_split(labels, test_fraction, seed)
    whole = Domain("optdigits", images, labels)
    return DataSet("optdigits", {"real": whole.subset(train)}, {"real": whole.subset(test)})


def recoloured_digits(
    change: str = "invert", size: int = 32, channels: int = 1, test_fraction: float = 0.25, seed: int = 0
) -> DataSet:
    """A: handwritten digits. B: other handwritten digits after a known change, so that the truth is known.

    `change`: "invert" (black on white), "mirror" (left-right), "rotate" (a quarter turn to the left), or "tint" (the
    stroke takes one of the five TINTS, by the image's place in its domain; three channels). The training images of A
    and of B are disjoint halves. For "tint" there is no single truth, and none is given.
    """
    if change not in ("invert", "mirror", "rotate", "tint"):
        raise LabError(f"recoloured_digits: change '{change}' is not one of invert, mirror, rotate, tint.")
    source = optdigits(size, 3 if change == "tint" else channels, test_fraction, seed)
    train, test = source.train["real"], source.test["real"]
    half_A, half_B = stratified_split(train.labels, 0.5, seed)
    B, test_B = train.subset(half_B), test
    return DataSet(
        f"digits_{change}",
        train={"A": train.subset(half_A), "B": Domain(f"{change}ed", _changed(B.images, change), B.labels)},
        test={"A": test, "B": Domain(f"{change}ed", _changed(test_B.images, change), test_B.labels)},
        truth={} if change == "tint" else {("A", "B"): _changed(test.images, change), ("B", "A"): test.images},
    )


TINTS = torch.tensor([[0.90, 0.62, 0.0], [0.34, 0.71, 0.91], [0.0, 0.75, 0.5], [0.94, 0.89, 0.26], [0.90, 0.6, 0.75]])


def _changed(images: Tensor, change: str) -> Tensor:
    if change == "invert":
        return -images
    if change == "mirror":
        return images.flip(3)
    if change == "rotate":
        return images.rot90(1, (2, 3))
    tints = TINTS[torch.arange(len(images)) % len(TINTS)][:, :, None, None]
    return (images + 1) * tints - 1


def stratified_split(labels: Tensor, second_fraction: float, seed: int) -> tuple[Tensor, Tensor]:
    """Two disjoint sets of indices, sorted; the second holds `second_fraction` of every label's images (rounded)."""
    if not 0 < second_fraction < 1:
        raise LabError(f"a split needs a fraction between 0 and 1, found {second_fraction}.")
    rng = np.random.default_rng([seed, 0x5917])
    first: list[int] = []
    second: list[int] = []
    for label in labels.unique():
        members = rng.permutation(torch.nonzero(labels == label).flatten().numpy())
        cut = round(len(members) * second_fraction)
        second.extend(members[:cut])
        first.extend(members[cut:])
    return torch.tensor(sorted(first)), torch.tensor(sorted(second))


def scaled(grey: Tensor, size: int, channels: int) -> Tensor:
    """Grey images (N, h, w) in [0, 1] as (N, channels, size, size) in [-1, 1], scaled bilinearly (antialiased)."""
    if channels not in (1, 3) or size < 8:
        raise LabError(f"digits come with 1 or 3 channels and at least 8 pixels, found {channels} and {size}.")
    images = F.interpolate(
        grey[:, None], (size, size), mode="bilinear", align_corners=False, antialias=size < grey.shape[-1]
    )
    return (images * 2 - 1).clamp(-1, 1).repeat(1, channels, 1, 1)


def _all_digits(size: int, channels: int) -> tuple[Tensor, Tensor]:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    grey = torch.from_numpy(bunch.images.astype(np.float32) / 16.0)
    return scaled(grey, size, channels), torch.from_numpy(bunch.target.astype(np.int64))
