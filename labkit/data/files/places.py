"""Where data sets that do not ship with the workbook lie, and how an archive is opened without writing beside it."""

from pathlib import Path

from filelock import FileLock

from labkit import paths
from labkit.data.files.archive import unpack
from labkit.errors import LabError


def locate(name: str | Path) -> Path:
    """The file or folder `name`: as a path of its own, else in LABKIT_DATA, else in the project's `data/` folder.

    The ending `.zip` may be left out; a zip archive is unpacked once into the cache, and the folder in there returned.
    Raises LabError where there is no such thing.
    """
    name = str(name)
    roots = [root for root in (paths.data_root(), paths.DATA) if root is not None]
    for place in [Path(name).expanduser(), *(root / name for root in roots)]:
        if place.is_dir():
            return place.resolve()
        for candidate in (place, place.with_name(place.name + ".zip")):
            if candidate.is_file():
                return unpacked(candidate) if candidate.suffix == ".zip" else candidate.resolve()
    where = " or ".join(str(root) for root in roots)
    hint = "" if paths.data_root() else "; is LABKIT_DATA set to the folder that holds it?"
    raise LabError(f"{name}: there is no such file or folder, neither here nor in {where}{hint}")


def unpacked(archive: Path) -> Path:
    """The folder with what the zip `archive` holds; unpacked into the cache at the first call, whole or not at all.

    Raises LabError, naming the archive, where it is damaged or unsafe, or where the disk lacks the room.
    """
    archive = Path(archive).resolve()
    state = archive.stat()
    target = paths.cache_dir() / "unpacked" / f"{state.st_size}-{state.st_mtime_ns}" / archive.stem
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_name(f"{target.name}.lock")):  # notebooks that run side by side unpack it once
        if not target.is_dir():
            unpack(archive, target)
    return target
