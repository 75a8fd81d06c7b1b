"""Data sets for few-shot translation: many source classes to train on, target classes that training never sees.

`train["A"]` (content) and `train["B"]` (class) are the same labelled images of the source classes, in which training
walks in two independent orders. `test["A"]` holds further images of source classes, the contents; `test["B"]` images of
the target classes, from which metrics take the few examples. Source classes have the labels from 0; target classes
follow on all source classes there are, however many of these are used.

Two kinds: glyphs, whose classes are styles, so that what a content looks like in a target class is known; and folders
of photographs. Beside each stands a set with all its classes, for the judges of metrics to be trained on.
"""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from labkit.data.domain import DataSet, Domain, FolderDomain
from labkit.data.files.images import check_header
from labkit.data.files.listing import image_files, split_files
from labkit.data.files.places import locate
from labkit.data.recipes.glyphs import FONTS, LETTERS, SLANTS, TEXTURES, WEIGHTS, Style, draw
from labkit.errors import LabError

SOURCE_CLASSES = 200  # source classes of glyphs, of which a data set may use the first few; its targets come after them
UNSEEN_FONTS, UNSEEN_INKS = ("typewriter",), ("pink",)
INKS, PAPERS = ("white", "orange", "sky", "green"), ("black", "navy", "plum")


# -- glyphs: a class is font × weight × slant × texture × ink × paper --------------------------------------------------


def glyph_class_styles(
    n_target: int = 20,
    unseen_fonts: Sequence[str] = UNSEEN_FONTS,
    unseen_inks: Sequence[str] = UNSEEN_INKS,
    seed: int = 0,
) -> list[Style]:
    """The style of every class, by label: SOURCE_CLASSES source classes, then `n_target` target classes.

    The first half of the targets are in a font that no source class has (and in seen inks), the others in an ink that
    no source class has (and in seen fonts). All else is drawn at random, the same for the same arguments.
    """
    rng = np.random.default_rng([seed, 0xC1A55])
    seen = [font for font in FONTS if font not in unseen_fonts]

    def some(n: int, fonts: Sequence[str], inks: Sequence[str]) -> list[Style]:
        found = [Style(*knobs) for knobs in product(fonts, WEIGHTS, SLANTS, TEXTURES, inks, PAPERS)]
        if n > len(found):
            raise LabError(f"glyph_classes: {n} classes of one kind are more than the {len(found)} styles there are.")
        return [found[i] for i in rng.permutation(len(found))[:n]]

    new_font, new_ink = (n_target + 1) // 2, n_target // 2
    source = some(SOURCE_CLASSES, seen, INKS)
    return source + some(new_font, unseen_fonts, INKS) + some(new_ink, seen, unseen_inks)


def glyph_classes(
    n_source: int = 200,
    n_target: int = 20,
    n_train: int = 4000,
    n_test: int = 40,
    per_target: int = 80,
    chars: str = LETTERS,
    size: int = 32,
    jitter: float = 1.0,
    unseen_fonts: Sequence[str] = UNSEEN_FONTS,
    unseen_inks: Sequence[str] = UNSEEN_INKS,
    seed: int = 0,
) -> DataSet:
    """Glyphs in colour, the content a character in its pose, the class a style (`glyph_class_styles`).

    Training has `n_train` images, shared equally among the first `n_source` source classes: the number of classes can
    be changed at a fixed number of images. `n_test` contents in the first ten source classes; `per_target` images of
    each target class, of characters and poses of their own. For metrics, `truth["A", str(label)]` holds every content
    of test["A"] as the target class `label` has it, and `truth["A", "character"]` which of `chars` it shows, (n_test,).
    """
    if not 1 <= n_source <= SOURCE_CLASSES or n_train < n_source:
        raise LabError(
            f"glyph_classes: n_source must lie between 1 and {SOURCE_CLASSES} and be at most n_train, "
            f"found {n_source} and {n_train}."
        )
    looks = glyph_class_styles(n_target, unseen_fonts, unseen_inks, seed)
    rng = np.random.default_rng([seed, 0xFE3])
    knobs = {"size": size, "channels": 3, "jitter": jitter}

    def drawn(labels: Tensor, part: int) -> Domain:
        contents = torch.from_numpy(rng.permutation(np.arange(len(labels)) % len(chars)))
        return Domain(
            "glyph_styles", draw(chars, looks, contents, labels, seed=3 * seed + part, **knobs).images, labels
        )

    targets = SOURCE_CLASSES + torch.arange(n_target)
    examples = drawn(targets.repeat_interleave(per_target), 1)
    characters = torch.from_numpy(rng.permutation(np.arange(n_test) % len(chars)))

    def content_in(labels: Tensor) -> Tensor:  # the pose of a glyph is a matter of seed and place: the same every time
        return draw(chars, looks, characters, labels, seed=3 * seed + 2, **knobs).images

    own = torch.arange(n_test) % min(n_source, 10)
    truth = {("A", str(int(target))): content_in(target.expand(n_test)) for target in targets}
    source = drawn(torch.arange(n_source).repeat_interleave(n_train // n_source), 0)
    return DataSet(
        "glyph_classes",
        {"A": source, "B": source},
        {"A": Domain("glyph_styles", content_in(own), own), "B": examples},
        truth | {("A", "character"): characters},
    )


def glyph_class_images(
    kind: Literal["all", "target", "character"] = "all",
    n_train: int = 8800,
    n_test: int = 2200,
    n_target: int = 20,
    chars: str = LETTERS,
    size: int = 32,
    jitter: float = 1.0,
    unseen_fonts: Sequence[str] = UNSEEN_FONTS,
    unseen_inks: Sequence[str] = UNSEEN_INKS,
    seed: int = 0,
) -> DataSet:
    """Glyphs for training a judge of `glyph_classes`: labels are all its classes, its target classes from 0, or the
    characters, in all styles. Equally many of each; other glyphs than those of `glyph_classes`, whatever its seed."""
    looks = glyph_class_styles(n_target, unseen_fonts, unseen_inks, seed)
    rng = np.random.default_rng([seed, 0x16D6E])

    def domain(n: int, part: int) -> Domain:
        styles = torch.arange(n) % (n_target if kind == "target" else len(looks))
        styles = styles + (SOURCE_CLASSES if kind == "target" else 0)
        contents = torch.from_numpy(rng.permutation(np.arange(n) % len(chars)))
        images = draw(chars, looks, contents, styles, size, 3, jitter, seed=1_000_000 + 2 * seed + part).images
        label = contents if kind == "character" else styles - (SOURCE_CLASSES if kind == "target" else 0)
        return Domain(f"glyph_{kind}", images, label)

    return DataSet("glyph_class_images", {"real": domain(n_train, 0)}, {"real": domain(n_test, 1)})


# -- folders: a class is a folder of images ----------------------------------------------------------------------------


def few_shot_folders(
    root: str,
    size: int = 128,
    load_size: int | None = None,
    flip: bool = True,
    n_source: int = 0,
    unseen_classes: int = 10,
    lists: Sequence[str] = (),
    held_out: float = 0.1,
    seed: int = 0,
) -> DataSet:
    """A folder for each class in `root`; `unseen_classes` of them, chosen by `seed`, are the target classes.

    `lists` names two text files instead, one for the source and one for the target classes: the layout of FUNIT's
    animal faces. Each line is the path of an image below `root`, its first folder the class; the lists lie in `root`
    or beside it. `n_source`: use only the first so many source classes; 0 uses all. The part `held_out` of each source
    class is kept for the contents of the tests. Metrics take at most two thirds of a target class as examples: of
    twelve images K = 8.
    """
    sources, targets = _classes(root, unseen_classes, lists, seed)
    if not 0 <= n_source <= len(sources):
        raise LabError(f"{root}: n_source must be at most the {len(sources)} source classes, found {n_source}.")
    train, test = [], []
    for label, files in enumerate(sources[: n_source or len(sources)]):
        for part, chosen in zip((train, test), split_files(files, held_out, seed), strict=True):
            part.extend((file, label) for file in chosen)
    examples = [(file, len(sources) + i) for i, files in enumerate(targets) for file in files]
    name = locate(root).name
    source = _folder_domain(name, train, size, load_size, flip)
    return DataSet(
        name,
        {"A": source, "B": source},
        {"A": _folder_domain(name, test, size), "B": _folder_domain(name, examples, size)},
    )


def folder_class_images(
    root: str,
    kind: Literal["all", "target"] = "all",
    size: int = 32,
    load_size: int | None = 36,
    flip: bool = True,
    unseen_classes: int = 10,
    lists: Sequence[str] = (),
    held_out: float = 0.25,
    seed: int = 0,
) -> DataSet:
    """The classes of `few_shot_folders` for training a judge: all of them, or the target classes from 0. The part
    `held_out` of every class is what its ceiling is measured on."""
    sources, targets = _classes(root, unseen_classes, lists, seed)
    train, test = [], []
    for label, files in enumerate(sources + targets if kind == "all" else targets):
        for part, chosen in zip((train, test), split_files(files, held_out, seed), strict=True):
            part.extend((file, label) for file in chosen)
    name = f"{locate(root).name}_{kind}"
    return DataSet(
        name,
        {"real": _folder_domain(name, train, size, load_size, flip)},
        {"real": _folder_domain(name, test, size)},
    )


def _folder_domain(name: str, files: list[tuple[Path, int]], size: int, load_size: int | None = None, flip=False):
    paths, labels = zip(*files, strict=True)
    return FolderDomain(name, paths, size, load_size, flip, labels=torch.tensor(labels))


def _classes(
    root: str, unseen_classes: int, lists: Sequence[str], seed: int
) -> tuple[list[list[Path]], list[list[Path]]]:
    """The files of every source class and of every target class, classes and files in sorted order."""
    folder = locate(root)
    if lists:
        if len(lists) != 2:
            raise LabError(f"{root}: lists names two files, of the source and of the target classes; found {lists}.")
        sources, targets = (_listed(folder, name) for name in lists)
        if both := sorted(sources.keys() & targets.keys()):
            raise LabError(f"{root}: the class {both[0]} is in both lists; a target class must not be trained on.")
        return list(sources.values()), list(targets.values())
    classes = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not 0 < unseen_classes < len(classes):
        raise LabError(
            f"{folder}: {len(classes)} class folders, of which {unseen_classes} unseen, are too few to train on."
        )
    unseen = set(np.random.default_rng([seed, 0xC1]).permutation(len(classes))[:unseen_classes].tolist())
    files = [image_files(path) for path in classes]
    parts = ([f for i, f in enumerate(files) if (i in unseen) == wanted] for wanted in (False, True))
    return tuple(parts)


def _listed(folder: Path, name: str) -> dict[str, list[Path]]:
    """The files that a list names, by class. Raises LabError for a list that is missing, empty, or names no image."""
    path = next((place / name for place in (folder, folder.parent) if (place / name).is_file()), None)
    if path is None:
        raise LabError(f"{name}: there is no such list in {folder} or beside it.")
    found: dict[str, list[Path]] = {}
    for line in sorted(set(path.read_text().split("\n"))):
        if not line.strip():
            continue
        file = folder / line.strip()
        if ".." in file.parts or len(Path(line.strip()).parts) < 2:
            raise LabError(f"{path}: '{line.strip()}' is not the path class/image below {folder}.")
        if not file.is_file():
            raise LabError(f"{path}: names {line.strip()}, which is not in {folder}.")
        check_header(file)
        found.setdefault(Path(line.strip()).parts[0], []).append(file)
    if not found:
        raise LabError(f"{path}: the list is empty.")
    return found
