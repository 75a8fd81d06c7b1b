"""MNIST, USPS and SVHN (whole or a small part) from the folder that LABKIT_DATA names, MNIST and USPS with torchvision.

MNIST leaves a margin around its digits and USPS none. With `frame="ink"` both are cropped alike: the digit's own box,
its longer side 20 of 28 parts of the picture's, in the middle.

Nothing is written there: what has to be unpacked is unpacked into the cache.
"""

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from labkit import paths
from labkit.data.domain import DataSet, Domain
from labkit.data.files.places import locate
from labkit.data.recipes.digits import scaled
from labkit.data.recipes.knobs import with_knobs_of
from labkit.errors import LabError

INK = 0.2  # of full brightness: what is lighter belongs to a digit


def mnist(
    size: int = 32,
    channels: int = 1,
    n_train: int | None = None,
    n_test: int | None = None,
    seed: int = 0,
    frame: Literal["own", "ink"] = "own",
) -> DataSet:
    """MNIST (LeCun et al. 1998), 60,000 + 10,000 digits of 28 x 28, scaled bilinearly, as the domain "real".

    `n_train` and `n_test` take a random part of that size, chosen by `seed`; None takes all. `frame`: as it comes, or
    "ink": cropped to the digit, as above.
    """
    parts = ((True, n_train), (False, n_test))
    train, test = (_mnist_part(part, size, channels, n, seed, frame) for part, n in parts)
    return DataSet("mnist", {"real": train}, {"real": test})


def usps(
    size: int = 32,
    channels: int = 1,
    n_train: int | None = None,
    n_test: int | None = None,
    seed: int = 0,
    frame: Literal["own", "ink"] = "own",
    split: str = "native",
) -> DataSet:
    """USPS (Hull 1994), 7,291 + 2,007 digits of 16 x 16, scaled bilinearly, as the domain "real"; knobs as `mnist`.

    `split`: "native", its own two parts, whose test digits are harder, or "pooled", all 9,298 shuffled by `seed` and
    parted 80 : 20 (7,438 + 1,860), which CoGAN's protocol did.
    """
    parts = ((True, n_train), (False, n_test))
    train, test = (_usps_part(part, size, channels, n, seed, frame, split) for part, n in parts)
    return DataSet("usps", {"real": train}, {"real": test})


def svhn_subset(
    size: int = 32, channels: int = 3, n_train: int | None = None, n_test: int | None = None, seed: int = 0
) -> DataSet:
    """A small part (554 + 486) of SVHN (Netzer et al. 2011), house numbers in colour, as the domain "real".

    Far too few to compare with published numbers. Knobs as `mnist`; one channel is the luma.
    """
    train, test = (_svhn_part(part, size, channels, n, seed) for part, n in (("train", n_train), ("test", n_test)))
    return DataSet("svhn_subset", {"real": train}, {"real": test})


def svhn(
    size: int = 32, channels: int = 3, n_train: int | None = None, n_test: int | None = None, seed: int = 0
) -> DataSet:
    """SVHN (Netzer et al. 2011), 73,257 + 26,032 house numbers in colour, as the domain "real"; knobs as `svhn_subset`.

    It does not come with the workbook: `python -m labkit data fetch svhn`.
    """
    parts = (("train", n_train), ("test", n_test))
    train, test = (_svhn_part(part, size, channels, n, seed, "SVHN") for part, n in parts)
    return DataSet("svhn", {"real": train}, {"real": test})


@with_knobs_of(mnist)
def mnist_to_usps(split: str = "native", **knobs) -> DataSet:
    """A: MNIST, B: USPS. Two unrelated collections of the same ten digits; knobs as `mnist`, applied to both, and the
    `split` of `usps`."""
    return _pair("mnist_to_usps", mnist(**knobs), usps(split=split, **knobs))


@with_knobs_of(mnist)
def usps_to_mnist(split: str = "native", **knobs) -> DataSet:
    """A: USPS, B: MNIST; as `mnist_to_usps`."""
    return _pair("usps_to_mnist", usps(split=split, **knobs), mnist(**knobs))


@with_knobs_of(svhn)
def svhn_to_mnist(channels: int = 3, **knobs) -> DataSet:
    """A: the small part of SVHN, B: MNIST, both with three channels; knobs as `svhn`, applied to both."""
    return _pair("svhn_to_mnist", svhn_subset(channels=channels, **knobs), mnist(channels=channels, **knobs))


@with_knobs_of(svhn)
def whole_svhn_to_mnist(channels: int = 3, **knobs) -> DataSet:
    """A: SVHN, B: MNIST, both with three channels; knobs as `svhn`, applied to both."""
    return _pair("whole_svhn_to_mnist", svhn(channels=channels, **knobs), mnist(channels=channels, **knobs))


def _pair(name: str, A: DataSet, B: DataSet) -> DataSet:
    train, test = ({"A": getattr(A, part)["real"], "B": getattr(B, part)["real"]} for part in ("train", "test"))
    return DataSet(name, train, test)


def _some(length: int, n: int | None, seed: int) -> Tensor:
    """`n` of `length` places in a random order, or all of them in their own."""
    if n is None or n >= length:
        return torch.arange(length)
    return torch.from_numpy(np.random.default_rng([seed, 0x50]).permutation(length)[:n])


# -- reading -----------------------------------------------------------------------------------------------------------


def framed(grey: Tensor) -> Tensor:
    """Digits (N, h, w) in [0, 1], light on black, cropped to their ink: each box, made square, fills the middle 20 of
    28 parts of a picture of the same size."""
    n, height, width = grey.shape
    ink = grey > INK
    rows, columns = (torch.arange(side, dtype=torch.float32) for side in (height, width))

    def box(there: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        """The middle and the length of what is there (N, side), in [-1, 1]; of all, where nothing is."""
        there = there | ~there.any(1, keepdim=True)
        first = torch.where(there, places, torch.inf).amin(1)
        last = torch.where(there, places, -torch.inf).amax(1)
        return (first + last + 1) / len(places) - 1, (last - first + 1) * 2 / len(places)

    (y, tall), (x, wide) = box(ink.any(2), rows), box(ink.any(1), columns)
    scale = torch.maximum(tall, wide) / 2 * 28 / 20
    zero = torch.zeros(n)
    theta = torch.stack([torch.stack([scale, zero, x], 1), torch.stack([zero, scale, y], 1)], 1)
    grid = F.affine_grid(theta, [n, 1, height, width], align_corners=False)
    return F.grid_sample(grey[:, None], grid, mode="bilinear", align_corners=False)[:, 0]


def _shown(grey: Tensor, size: int, channels: int, frame: str) -> Tensor:
    if frame not in ("own", "ink"):
        raise LabError(f"digits: frame is own or ink, found '{frame}'.")
    images = scaled(grey, size, channels)
    if frame == "own":
        return images
    return (framed((images[:, 0] + 1) / 2) * 2 - 1)[:, None].repeat(1, channels, 1, 1)  # scaled first: USPS is small


def _mnist_part(train: bool, size: int, channels: int, n: int | None, seed: int, frame: str) -> Domain:
    raw = locate("MNIST/raw")
    from labkit.torchvision_shim import torchvision  # heavy, and needed only where there is something to read

    if (raw / "train-images-idx3-ubyte").is_file():  # already unpacked by torchvision
        root = raw.parent.parent
    else:
        root = paths.cache_dir()
        for name, md5 in torchvision.datasets.MNIST.resources:
            _unpack_gz(raw / name, root / "MNIST" / "raw" / name.removesuffix(".gz"), md5)
    try:
        loaded = torchvision.datasets.MNIST(root, train=train, download=False)
    except (RuntimeError, OSError, ValueError, AssertionError) as error:
        raise LabError(f"{root / 'MNIST'}: MNIST cannot be read ({error}); delete the folder and try again.") from None
    chosen = _some(len(loaded.data), n, seed)
    images = _shown(loaded.data[chosen].float() / 255, size, channels, frame)
    return Domain("mnist", images, loaded.targets[chosen].long())


def _unpack_gz(source, target, md5: str) -> None:
    if target.is_file():
        return
    try:
        content = source.read_bytes()
    except OSError as error:
        raise LabError(f"{source}: the file cannot be read ({error.strerror}).") from None
    if hashlib.md5(content).hexdigest() != md5:
        raise LabError(f"{source}: the checksum is wrong, the file is damaged; fetch it again.")
    paths.write_atomically(target, gzip.decompress(content))


def _usps_part(train: bool, size: int, channels: int, n: int | None, seed: int, frame: str, split: str) -> Domain:
    root = locate("USPS")
    if split == "native":
        grey, labels = _usps_raw(root, train)
    elif split == "pooled":
        both = zip(_usps_raw(root, True), _usps_raw(root, False), strict=True)
        grey, labels = (_pooled(first, second, train, seed) for first, second in both)
    else:
        raise LabError(f"usps: split '{split}' is not one of native, pooled.")
    chosen = _some(len(grey), n, seed)
    return Domain("usps", _shown(grey[chosen].float() / 255, size, channels, frame), labels[chosen])


def _pooled(first: Tensor, second: Tensor, train: bool, seed: int) -> Tensor:
    """Both parts shuffled by `seed`: the first 80 % of them, or the rest."""
    whole = torch.cat([first, second])
    order = torch.from_numpy(np.random.default_rng([seed, 0x9298]).permutation(len(whole)))
    cut = round(0.8 * len(whole))
    return whole[order[:cut] if train else order[cut:]]


@cache  # text that takes seconds to read; every run of a study asks for it again
def _usps_raw(root: Path, train: bool) -> tuple[Tensor, Tensor]:
    """The images (N, 16, 16) uint8 and labels (N,) of one of its own parts."""
    from labkit.torchvision_shim import torchvision

    try:
        loaded = torchvision.datasets.USPS(root, train=train, download=False)
    except (OSError, ValueError, EOFError) as error:
        raise LabError(f"{root}: USPS cannot be read ({error}); it needs usps.bz2 and usps.t.bz2.") from None
    return torch.from_numpy(loaded.data), torch.tensor(loaded.targets)


def _svhn_part(part: str, size: int, channels: int, n: int | None, seed: int, folder: str = "SVHN_subset") -> Domain:
    from scipy.io import loadmat

    path = locate(f"{folder}/{part}_32x32.mat")
    try:
        content = loadmat(path)
        pixels, labels = content["X"], content["y"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LabError(f"{path}: this is not a file of SVHN ({error}).") from None
    chosen = _some(len(labels), n, seed)
    images = torch.from_numpy(pixels).permute(3, 2, 0, 1)[chosen].float() / 255
    if channels == 1:
        images = (images * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
    if size != images.shape[-1]:
        images = F.interpolate(images, (size, size), mode="bilinear", align_corners=False, antialias=True)
    return Domain(folder.lower(), images * 2 - 1, torch.from_numpy(labels.flatten().astype(np.int64))[chosen] % 10)
