"""Data sets made of image files: the layout of CycleGAN, any two folders, and a folder for each class.

`root`, `A` and `B` are folders, zip archives, or names of either in LABKIT_DATA (see `labkit.data.files.places`).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from labkit.data.domain import DataSet, Domain, FolderDomain
from labkit.data.files.listing import image_files, split_files
from labkit.data.files.places import locate
from labkit.data.recipes.photos import crops
from labkit.errors import LabError


def cyclegan_folders(
    root: str,
    size: int = 128,
    load_size: int | None = None,
    test_size: int | None = None,
    flip: bool = True,
    channels: int = 3,
    held_out: float = 0.1,
    zoom: float = 1.0,
    seed: int = 0,
) -> DataSet:
    """The layout of CycleGAN: `trainA`, `trainB` and, where they exist, `testA`, `testB` in the folder `root`.

    Without a test folder, the part `held_out` of that domain's training files (chosen by `seed`) is kept for tests.
    Training images are cropped at random from `load_size` (and scaled at random before that, down to `zoom`) and
    mirrored; test images are scaled to `test_size` (default: `size`), for translators that take any size.
    """
    folder = locate(root)
    lacking = [name for name in ("trainA", "trainB") if not (folder / name).is_dir()]
    if lacking:
        raise LabError(
            f"{folder}: the layout of CycleGAN needs the folders trainA and trainB; {lacking[0]} is missing."
        )
    train, test = {}, {}
    for key in ("A", "B"):
        files = image_files(folder / f"train{key}")
        if (folder / f"test{key}").is_dir():
            parts = files, image_files(folder / f"test{key}")
        else:
            parts = split_files(files, held_out, seed)
        train[key], test[key] = _parts(f"{folder.name}_{key}", parts, size, load_size, test_size, flip, channels, zoom)
    return DataSet(folder.name, train, test)


def two_folders(
    A: str,
    B: str,
    size: int = 128,
    load_size: int | None = None,
    test_size: int | None = None,
    flip: bool = True,
    channels: int = 3,
    held_out: float = 0.1,
    zoom: float = 1.0,
    seed: int = 0,
) -> DataSet:
    """Any two folders of images. The part `held_out` of each (at least one file) is kept for tests. Sizes as in
    `cyclegan_folders`.

    A folder with a single image, as for SinCUT, is trained on and tested on the same image (with `zoom` 0.33 for the
    random scale of its official code).
    """
    train, test = {}, {}
    for key, name in (("A", A), ("B", B)):
        folder = locate(name)
        parts = split_files(image_files(folder), held_out, seed)
        train[key], test[key] = _parts(folder.name, parts, size, load_size, test_size, flip, channels, zoom)
    return DataSet(f"{train['A'].name}_to_{train['B'].name}", train, test)


def photos_to_paintings(
    root: str,
    size: int = 64,
    load_size: int = 128,
    test_size: int = 128,
    n_test: int = 24,
    shown: Sequence[str] = ("temple", "flower", "rocket", "cat", "coffee"),
    flip: bool = True,
    zoom: float = 1.0,
    seed: int = 0,
) -> DataSet:
    """A: photographs, B: paintings, from a set of CycleGAN's such as monet2photo, where they are `trainB` and `trainA`.

    The photographs of these sets have no stated terms. So the test photographs that figures show are others: `n_test`
    crops of those that come inside scikit-learn and scikit-image, named in `shown`. The set's own test photographs are
    `truth["A", "unshown"]`, for measures alone. Training cuts `size` out of `load_size`; translators without a fixed
    size are tested on `test_size`, whole enough for a scene.
    """
    files = {key: image_files(locate(root) / f"train{own}") for key, own in {"A": "B", "B": "A"}.items()}
    name = locate(root).name
    train = {
        key: FolderDomain(f"{name}_{kind}", files[key], size, load_size, flip, zoom=zoom)
        for key, kind in {"A": "photos", "B": "paintings"}.items()
    }
    test = {
        "A": Domain("embedded_photos", crops(shown, n_test, test_size, zoom=1.6, seed=seed)[0]),
        "B": FolderDomain(f"{name}_paintings", image_files(locate(root) / "testA"), test_size),
    }
    unshown = FolderDomain(f"{name}_photos", image_files(locate(root) / "testB"), test_size).images
    return DataSet(f"photos_to_{name}_paintings", train, test, {("A", "unshown"): unshown})


def single_pair(
    root: str, size: int = 64, load_size: int = 1024, zoom: float = 1 / 3, flip: bool = True, channels: int = 3
) -> DataSet:
    """One picture of each domain, as SinCUT learns from: the only ones in `trainA` and `trainB` of the folder `root`.

    Training sees crops of `size`, cut at random out of the picture at a random scale (shorter side between
    `zoom` · `load_size` and `load_size`). Tested is the picture as a whole: its middle square, `load_size` wide.
    """
    folder = locate(root)
    files = {key: image_files(folder / f"train{key}") for key in ("A", "B")}
    for key, found in files.items():
        if len(found) > 1:
            raise LabError(f"{folder / f'train{key}'}: there are {len(found)} images; a single pair has one a domain.")
    train, test = {}, {}
    for key, found in files.items():
        train[key] = FolderDomain(f"{folder.name}_{key}", found, size, load_size, flip, channels, zoom=zoom)
        test[key] = FolderDomain(f"{folder.name}_{key}", found, load_size, channels=channels)
    return DataSet(folder.name, train, test)


def class_folders(
    root: str,
    size: int = 128,
    load_size: int | None = None,
    flip: bool = True,
    channels: int = 3,
    unseen_classes: int = 0,
    held_out: float = 0.1,
    seed: int = 0,
) -> DataSet:
    """A folder for each class in `root`, as the domain "real"; a label is the place of its folder in sorted order.

    With `unseen_classes` the test set holds that many whole classes (chosen by `seed`), which training never sees, for
    few-shot translation; without, it holds the part `held_out` of every class.
    """
    folder = locate(root)
    classes = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if len(classes) < 2 or not 0 <= unseen_classes < len(classes):
        raise LabError(
            f"{folder}: {len(classes)} class folders, of which {unseen_classes} unseen, are too few to train on."
        )
    unseen = set(np.random.default_rng([seed, 0xC1]).permutation(len(classes))[:unseen_classes].tolist())
    parts: tuple[list, list] = [], []
    for label, path in enumerate(classes):
        files = image_files(path)
        split = split_files(files, held_out, seed) if not unseen else ([], files) if label in unseen else (files, [])
        for part, chosen in zip(parts, split, strict=True):
            part.extend((file, label) for file in chosen)
    files, labels = ([[item[i] for item in part] for part in parts] for i in range(2))
    train = FolderDomain(folder.name, files[0], size, load_size, flip, channels, torch.tensor(labels[0]))
    test = FolderDomain(folder.name, files[1], size, channels=channels, labels=torch.tensor(labels[1]))
    return DataSet(folder.name, {"real": train}, {"real": test})


def emoji(
    root: str = "emoji",
    domains: Sequence[str] = ("A", "B"),
    styles: Sequence[str] = (),
    size: int = 64,
    channels: int = 3,
    seed: int = 0,
) -> DataSet:
    """Emoji in two or three drawing styles (folders trainA … testC); equal file names show the same emoji.

    For training each emoji is given to one of the `domains` only, chosen by `seed`, so that no pair is ever seen. The
    test emoji come in every style, and `truth` pairs them. `styles` names the style of each domain, where it is not the
    one of its name: ("A", "C") sets the first style against the third, as domains A and B.
    """
    folder, style_of = locate(root), dict(zip(domains, styles or domains, strict=True))
    names = sorted(path.name for path in image_files(folder / f"train{style_of[domains[0]]}"))
    turn = np.random.default_rng([seed, 0xE0]).permutation(len(names)) % len(domains)
    train, test = {}, {}
    for i, key in enumerate(domains):
        own = [folder / f"train{style_of[key]}" / name for name, whose in zip(names, turn, strict=True) if whose == i]
        train[key] = FolderDomain(f"emoji_{style_of[key]}", own, size, channels=channels)
        test[key] = FolderDomain(
            f"emoji_{style_of[key]}", image_files(folder / f"test{style_of[key]}"), size, channels=channels
        )
    test_names = {key: [path.name for path in domain.paths] for key, domain in test.items()}
    if any(found != test_names[domains[0]] for found in test_names.values()):
        raise LabError(f"{folder}: the test folders must hold the same file names, or they are no pairs.")
    pictures = {key: domain.images for key, domain in test.items()}
    return DataSet("emoji", train, test, {(a, b): pictures[b] for a in domains for b in domains if a != b})


def _parts(
    name: str,
    files: tuple[list[Path], list[Path]],
    size: int,
    load_size: int | None,
    test_size: int | None,
    flip: bool,
    channels: int,
    zoom: float,
) -> tuple[FolderDomain, FolderDomain]:
    """A domain for training, whose files are cut by draws, and one for tests."""
    train = FolderDomain(name, files[0], size, load_size, flip, channels, zoom=zoom)
    return train, FolderDomain(name, files[1], size if test_size is None else test_size, channels=channels)
