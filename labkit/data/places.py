"""Where data sets that do not ship with the workbook lie, and how an archive is opened without writing beside it."""

import os
import shutil
import stat
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from labkit import paths
from labkit.errors import LabError

MAX_UNPACKED_BYTES = 50 * 2**30


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

    Where everything lies in a single folder, that folder is returned. Raises LabError, naming the archive, where it is
    damaged, where a member would land outside its folder or is a link, or where the disk lacks the room.
    """
    archive = Path(archive).resolve()
    state = archive.stat()
    target = paths.cache_dir() / "unpacked" / f"{archive.stem}-{state.st_size}-{state.st_mtime_ns}"
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{archive.stem}-"))
        try:
            _unpack(archive, temporary)
            try:
                os.replace(temporary, target)
            except OSError:
                if not target.is_dir():  # else another process was faster, and its folder is as good as ours
                    raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    inside = list(target.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else target


def _unpack(archive: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as zipped:
            members = zipped.infolist()
            _check_members(archive, members, folder)
            zipped.extractall(folder)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise LabError(f"{archive}: the archive is damaged ({error}); fetch it again.") from None
    except OSError as error:
        raise LabError(f"{archive}: it cannot be unpacked into {folder.parent} ({error.strerror or error}).") from None


def _check_members(archive: Path, members: list[zipfile.ZipInfo], folder: Path) -> None:
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts:
            raise LabError(f"{archive}: the member '{member.filename}' would climb out of its folder; do not trust it.")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise LabError(f"{archive}: the member '{member.filename}' is a link, which labkit does not unpack.")
    needed, free = sum(member.file_size for member in members), shutil.disk_usage(folder).free
    if needed > min(free, MAX_UNPACKED_BYTES):
        raise LabError(
            f"{archive}: unpacked it takes {needed / 2**20:,.0f} MiB, and {folder.parent} has room for "
            f"{min(free, MAX_UNPACKED_BYTES) / 2**20:,.0f}; make room or set LABKIT_CACHE to another disk."
        )
