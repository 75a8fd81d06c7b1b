"""Real photographs that come inside the installed scikit-learn and scikit-image: nothing is downloaded.

They are few, so a set of crops is many views of few scenes. Training and test crops come from different photographs,
never from different corners of the same one.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from labkit.data.domain import DataSet, Domain
from labkit.data.files.images import fit, read_image
from labkit.errors import LabError

PHOTOS = {  # name -> package, file; colour photographs only, licences in the packages' own README files
    "temple": ("sklearn.datasets.images", "china.jpg"),
    "flower": ("sklearn.datasets.images", "flower.jpg"),
    "astronaut": ("skimage.data", "astronaut.png"),
    "cat": ("skimage.data", "chelsea.png"),
    "coffee": ("skimage.data", "coffee.png"),
    "rocket": ("skimage.data", "rocket.jpg"),
    "motorcycle": ("skimage.data", "motorcycle_left.png"),
    "galaxies": ("skimage.data", "hubble_deep_field.jpg"),
    "retina": ("skimage.data", "retina.jpg"),
    "tissue": ("skimage.data", "ihc.png"),
}
SCENES = ("temple", "flower", "astronaut", "cat", "coffee", "rocket", "motorcycle")  # everyday scenes
SURFACES = {"grass": "grass.png", "gravel": "gravel.png", "brick": "brick.png"}  # grey photographs of scikit-image


@cache
def photo(name: str) -> Image.Image:
    """The colour photograph `name` of PHOTOS (or the grey surface of SURFACES) as an RGB image. Do not change it."""
    if name in SURFACES:
        package, file = "skimage.data", SURFACES[name]
    elif name in PHOTOS:
        package, file = PHOTOS[name]
    else:
        raise LabError(f"photo '{name}' is not known; there are {', '.join([*PHOTOS, *SURFACES])}.")
    with as_file(files(package) / file) as path:
        return read_image(path)


def crops(names: Sequence[str], n: int, size: int = 64, zoom: float = 3.0, seed: int = 0) -> tuple[Tensor, Tensor]:
    """`n` random crops of the named photographs: images (n, 3, size, size) in [-1, 1] and each one's photograph (n,).

    Every photograph is taken equally often. It is scaled so that its shorter side is between `size` and `zoom * size`
    (in three steps), cut at a random place, and mirrored every other time.
    """
    rng = np.random.default_rng([seed, 0xC209])
    ladders = [
        [np.asarray(fit(photo(name), round(size * step))) for step in (1, (1 + zoom) / 2, zoom)] for name in names
    ]
    sources = rng.permutation(np.arange(n) % len(names))
    pixels = np.empty((n, size, size, 3), dtype=np.uint8)
    for i, source in enumerate(sources):
        picture = ladders[source][rng.integers(3)]
        top, left = (rng.integers(extent - size + 1) for extent in picture.shape[:2])
        crop = picture[top : top + size, left : left + size]
        pixels[i] = crop[:, ::-1] if rng.integers(2) else crop
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(torch.float32) / 127.5 - 1
    return images.contiguous(), torch.from_numpy(sources)


def scenes(names: Sequence[str] = ("temple", "rocket", "flower", "coffee", "cat"), size: int = 128) -> Tensor:
    """The middle square of each named photograph, as high as the photograph: (N, 3, size, size) in [-1, 1]."""
    pictures = [np.asarray(ImageOps.fit(photo(name), (size, size), Image.Resampling.LANCZOS)) for name in names]
    images = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).to(torch.float32) / 127.5 - 1
    return images.contiguous()


def grey(images: Tensor) -> Tensor:
    """RGB images (N, 3, H, W) with every channel replaced by the luma (ITU-R 601); the colour is lost."""
    weights = torch.tensor([0.299, 0.587, 0.114], dtype=images.dtype, device=images.device)[:, None, None]
    return (images * weights).sum(1, keepdim=True).expand_as(images).contiguous()


def night(images: Tensor) -> Tensor:
    """Photographs (N, 3, H, W) in [-1, 1] as if taken at night: darker, flatter, bluer. Each pixel keeps its place.

    An invented night, one curve for each colour; it lights no lamps.
    """
    tint, glow = (torch.tensor(colour)[:, None, None].to(images) for colour in ((0.30, 0.38, 0.60), (0.0, 0.01, 0.04)))
    light = ((images + 1) / 2).clamp(0, 1)
    return 2 * (light**1.6 * tint + glow) - 1


def photo_crops(
    size: int = 64,
    n_train: int = 500,
    n_test: int = 100,
    held_out: Sequence[str] = ("cat", "coffee"),
    names: Sequence[str] = SCENES,
    seed: int = 0,
) -> DataSet:
    """Crops of photographs as the single domain "real", labelled by photograph (its place in `names`).

    The photographs in `held_out` appear in the test set alone.
    """
    _check_disjoint("photo_crops", names, held_out)
    seen = [name for name in names if name not in held_out]
    number = torch.tensor([list(names).index(name) for name in seen])
    number_out = torch.tensor([list(names).index(name) for name in held_out])
    train, source = crops(seen, n_train, size, seed=2 * seed)
    test, source_out = crops(held_out, n_test, size, seed=2 * seed + 1)
    return DataSet(
        "photo_crops",
        {"real": Domain("photos", train, number[source])},
        {"real": Domain("photos", test, number_out[source_out])},
    )


def colour_to_grey(
    size: int = 64,
    n_train: int = 500,
    n_test: int = 100,
    photos_A: Sequence[str] = ("temple", "astronaut", "motorcycle"),
    photos_B: Sequence[str] = ("flower", "rocket"),
    held_out: Sequence[str] = ("cat", "coffee"),
    seed: int = 0,
) -> DataSet:
    """A: crops of colour photographs. B: grey crops of other photographs. A to B loses information, the colour.

    Test crops come from the photographs in `held_out` and are known in both domains (`truth`).
    """
    _check_disjoint("colour_to_grey", [*photos_A, *photos_B, *held_out], held_out, photos_A, photos_B)
    A, _ = crops(photos_A, n_train, size, seed=3 * seed)
    B, _ = crops(photos_B, n_train, size, seed=3 * seed + 1)
    test, _ = crops(held_out, n_test, size, seed=3 * seed + 2)
    return DataSet(
        "colour_to_grey",
        {"A": Domain("colour", A), "B": Domain("grey", grey(B))},
        {"A": Domain("colour", test), "B": Domain("grey", grey(test))},
        {("A", "B"): grey(test), ("B", "A"): test},
    )


def two_collections(
    size: int = 64,
    n_train: int = 500,
    n_test: int = 100,
    photos_A: Sequence[str] = ("temple", "astronaut", "motorcycle"),
    photos_B: Sequence[str] = ("flower", "rocket", "retina"),
    held_out_A: Sequence[str] = ("cat",),
    held_out_B: Sequence[str] = ("coffee",),
    seed: int = 0,
) -> DataSet:
    """A: crops of some colour photographs. B: crops of others. Two collections, and nothing says what should change.

    Test crops come from the photographs held out for each domain. There is no truth.
    """
    names = [*photos_A, *photos_B, *held_out_A, *held_out_B]
    _check_disjoint("two_collections", names, photos_A, photos_B, held_out_A, held_out_B)
    parts = ((photos_A, n_train), (photos_B, n_train), (held_out_A, n_test), (held_out_B, n_test))
    A, B, test_A, test_B = (crops(part, n, size, seed=4 * seed + i)[0] for i, (part, n) in enumerate(parts))
    return DataSet(
        "two_collections",
        {"A": Domain("collection_A", A), "B": Domain("collection_B", B)},
        {"A": Domain("collection_A", test_A), "B": Domain("collection_B", test_B)},
    )


def _check_disjoint(recipe: str, names: Sequence[str], *parts: Sequence[str]) -> None:
    chosen = [name for part in parts for name in part]
    if not all(parts) or len(set(chosen)) < len(chosen) or not set(chosen) <= set(names) or len(chosen) == 0:
        raise LabError(f"{recipe}: each part needs at least one photograph, and none may be in two parts: {chosen}.")
    if len(parts) == 1 and set(names) == set(chosen):
        raise LabError(f"{recipe}: every photograph is held out, so none is left for training.")
