"""Which image files a folder holds, and which of them are kept for tests."""

from pathlib import Path

import numpy as np

from labkit.data.files.images import SUFFIXES, check_header
from labkit.errors import LabError


def image_files(folder: Path) -> list[Path]:
    """The image files in `folder` and below, sorted by name; hidden ones are left out. Looks at each file's header.

    Raises LabError where the folder is missing, unreadable, or without images, or where a file is no image.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise LabError(f"{folder}: there is no such folder.")
    try:
        found = [path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES]
    except OSError as error:
        raise LabError(f"{folder}: the folder cannot be read ({error.strerror}).") from None
    files = sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(folder).parts))
    if not files:
        raise LabError(f"{folder}: there are no images; labkit reads {', '.join(s[1:] for s in SUFFIXES)}.")
    for path in files:
        check_header(path)
    return files


def split_files(files: list[Path], held_out: float, seed: int) -> tuple[list[Path], list[Path]]:
    """Training and test files, disjoint; a single file serves as both."""
    if not 0 < held_out < 1:
        raise LabError(f"held_out must lie between 0 and 1, found {held_out}.")
    if len(files) == 1:
        return files, files
    count = min(len(files) - 1, max(1, round(len(files) * held_out)))
    chosen = set(np.random.default_rng([seed, 0x5917]).permutation(len(files))[:count].tolist())
    return [f for i, f in enumerate(files) if i not in chosen], [f for i, f in enumerate(files) if i in chosen]
