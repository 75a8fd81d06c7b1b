"""Bring a folder of images to one size, once, so that training need not scale every file in every epoch."""

import io
import os
import sys
from pathlib import Path

from PIL import Image

from labkit import paths
from labkit.data.files.images import SUFFIXES, fit, read_image
from labkit.errors import LabError

KEPT = (".jpg", ".jpeg", ".png")  # every other kind is written as PNG, under its full name with .png behind it
JPEG_QUALITY = 95


def prepare(src: Path, dst: Path, side: int) -> int:
    """Write every image below `src`, scaled so that its shorter side is `side` pixels, to the same place below `dst`.

    JPEG stays JPEG, all else becomes PNG; all become RGB. An image that is there already is skipped, so that a stopped
    call goes on; one that cannot be read is named at the end. Returns the exit status: 2 where there is such a one.
    Raises LabError where there is nothing to prepare, or `dst` cannot be used.
    """
    src, dst = Path(src).resolve(), Path(dst).resolve()
    _demand_sound(src, dst, side)
    files = _image_files(src)
    for folder in {_target(file, src, dst).parent for file in files}:
        paths.remove_leftovers(folder)
    written = enlarged = 0
    unreadable = []
    for file in _bar(files, f"{src.name} → {side} px"):
        target = _target(file, src, dst)
        try:
            if _is_done(file, target, side):
                continue
            image = read_image(file, side)
        except _ForeignError:
            raise LabError(f"{target}: is there, but is no image of {side} px; name another folder.") from None
        except LabError as error:
            unreadable.append(str(error))
            continue
        enlarged += min(image.size) < side
        paths.write_atomically(target, _encoded(fit(image, side), target))
        written += 1
    print(f"{written:,} images written to {dst}, {len(files) - written - len(unreadable):,} were there already.")
    if enlarged:
        print(f"{enlarged:,} of them were smaller than {side} px and have been enlarged, which makes them blurred.")
    if unreadable:
        print(f"{len(unreadable):,} files could not be read:", *unreadable, sep="\n  ", file=sys.stderr)
    return 2 if unreadable else 0


class _ForeignError(Exception):
    """What lies at the target's place was made with another side, or by somebody else."""


def _demand_sound(src: Path, dst: Path, side: int) -> None:
    root = paths.data_root()
    if side < 8:
        raise LabError(f"--side {side}: give at least 8 pixels.")
    if not src.is_dir():
        raise LabError(f"{src}: there is no such folder.")
    if dst.is_relative_to(src):
        raise LabError(f"{dst}: lies in the folder that is to be prepared; name one beside it.")
    if root is not None and dst.is_relative_to(root):
        raise LabError(f"{dst}: lies in LABKIT_DATA, which labkit only reads; name another folder.")


def _image_files(src: Path) -> list[Path]:
    """The files below `src` that have the name of an image, hidden ones left out, in order."""

    def unreadable(error: OSError) -> None:
        raise LabError(f"{error.filename}: the folder cannot be read ({error.strerror}).") from None

    found = []
    for folder, folders, names in os.walk(src, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(folder) / name for name in names if not name.startswith(".")]
    files = sorted(path for path in found if path.suffix.lower() in SUFFIXES)
    if not files:
        raise LabError(f"{src}: there are no images; labkit reads {', '.join(suffix[1:] for suffix in SUFFIXES)}.")
    return files


def _target(file: Path, src: Path, dst: Path) -> Path:
    place = dst / file.relative_to(src)
    return place if file.suffix.lower() in KEPT else place.with_name(place.name + ".png")


def _is_done(file: Path, target: Path, side: int) -> bool:
    """Whether the target is there and newer than its source. Raises _ForeignError where it is something else."""
    if not target.exists() or target.stat().st_mtime < file.stat().st_mtime:
        return False
    try:
        with Image.open(target) as image:
            if min(image.size) == side:
                return True
    except OSError:
        pass
    raise _ForeignError


def _encoded(image: Image.Image, target: Path) -> bytes:
    buffer = io.BytesIO()
    if target.suffix.lower() == ".png":
        image.save(buffer, "PNG")
    else:
        image.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return buffer.getvalue()


def _bar(files: list[Path], label: str):
    from tqdm.auto import tqdm

    return tqdm(files, desc=label, unit="image", disable=bool(os.environ.get("LABKIT_PROGRESS")))
