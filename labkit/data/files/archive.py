"""Unpack a zip or tar archive that somebody else made: nothing leaves its folder, nothing explodes or is half done.

An archive is unpacked into a temporary folder beside the target, which is renamed when all of it has arrived. Only
plain files and folders are taken; links, devices, absolute names and names with `..` are refused.
"""

import bz2
import gzip
import lzma
import re
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from labkit.errors import LabError
from labkit.paths import remove_leftovers, temporary_name

MAX_FILES = 200_000
MAX_RATIO = 100  # bytes unpacked per byte of the archive; photographs hardly shrink, so more is a bomb
MIN_ALLOWANCE = 50_000_000  # small archives may hold this much, whatever the ratio
JUNK = ("__MACOSX", ".DS_Store")
DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError),
    *(EOFError, ValueError, RuntimeError, OSError),
)

Member = tuple[str, int, IO[bytes] | None]  # name, declared bytes, content (None: a folder)


class BadArchiveError(LabError):
    """The archive itself is at fault: another copy of it is needed."""


def unpack(archive: Path, target: Path, max_bytes: int | None = None) -> None:
    """Unpack `archive` to the new folder `target`. A single folder that holds all the rest is taken off.

    max_bytes: what may come out at most; by default 100 times the archive's size.
    Raises BadArchiveError, naming the archive, where it is damaged, unsafe or too large, and another LabError where the
    disk is too full; then nothing of it stays behind, and the archive is kept.
    """
    archive, target = Path(archive), Path(target)
    if target.exists():
        raise LabError(f"{target} exists already; move it away before {archive.name} is unpacked there.")
    allowance = max_bytes or max(MIN_ALLOWANCE, MAX_RATIO * archive.stat().st_size)
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(target.parent)
    temporary = Path(tempfile.mkdtemp(dir=target.parent, **temporary_name(target)))
    try:
        _write_all(archive, temporary, allowance)
        tops = list(temporary.iterdir())
        (tops[0] if len(tops) == 1 and tops[0].is_dir() else temporary).rename(target)
    except DAMAGED as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise LabError(
                f"{archive}: cannot be unpacked to {target} ({error.strerror}); look at the space and the rights there."
            ) from None
        reason = str(error).rstrip(".") or type(error).__name__
        raise BadArchiveError(f"{archive}: the archive is damaged or unreadable ({reason}); fetch it again.") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def demand_space(folder: Path, needed: int, purpose: str) -> None:
    """Raise LabError unless the disk of `folder` (which may not exist yet) has `needed` bytes free for `purpose`."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise LabError(
            f"{folder}: {purpose} needs {needed / 1e6:,.0f} MB and the disk has {free / 1e6:,.0f} MB free;"
            " free some space or name another folder."
        )


def _write_all(archive: Path, folder: Path, allowance: int) -> None:
    written = files = 0
    for name, size, content in _members(archive, allowance, folder):
        path = _safe(name, archive)
        if any(part in JUNK for part in path.parts):
            continue
        place = folder / path
        files += 1
        written += size
        if written > allowance or files > MAX_FILES:
            raise BadArchiveError(
                f"{archive}: unpacks to more than {allowance / 1e6:,.0f} MB or {MAX_FILES:,} files, which no image set"
                " of its size does, so it was not unpacked; get it from its publisher."
            )
        if content is None:
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = place.open("xb")
        except FileExistsError:
            raise BadArchiveError(f"{archive}: holds '{name}' twice; get it from its publisher.") from None
        with file:
            shutil.copyfileobj(content, file, 1 << 20)
            if file.tell() != size:
                raise BadArchiveError(f"{archive}: '{name}' is cut short; delete the archive and fetch again.")


def _members(archive: Path, allowance: int, folder: Path) -> Iterator[Member]:
    """The members in the archive's order. A zip declares their size, which is compared with the disk's beforehand."""
    with archive.open("rb") as file:
        start = file.read(262)
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            total = sum(info.file_size for info in zipped.infolist())
            demand_space(folder, min(total, allowance), f"unpacking {archive.name}")
            yield from _zip_members(zipped, archive)
        return
    openers = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
    opener = next((opener for magic, opener in openers.items() if start.startswith(magic)), open)
    if opener is open and start[257:262] != b"ustar":
        raise BadArchiveError(f"{archive}: is neither a zip nor a tar archive; delete it and fetch again.")
    with opener(archive, "rb") as stream, tarfile.open(fileobj=_Limited(stream, allowance, archive), mode="r|") as tar:
        yield from _tar_members(tar, archive)


def _zip_members(zipped: zipfile.ZipFile, archive: Path) -> Iterator[Member]:
    for info in zipped.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _not_plain(info.filename, archive)
        if info.is_dir():
            yield info.filename, 0, None
        else:
            with zipped.open(info) as content:
                yield info.filename, info.file_size, content


def _tar_members(tar: tarfile.TarFile, archive: Path) -> Iterator[Member]:
    for info in tar:
        if info.isdir():
            yield info.name, 0, None
        elif info.isreg() and not info.issparse():
            yield info.name, info.size, tar.extractfile(info)
        else:
            raise _not_plain(info.name, archive)


class _Limited:
    """A stream that gives out `allowance` bytes (and tar's own headers): a compressed tar cannot declare its size."""

    def __init__(self, stream: IO[bytes], allowance: int, archive: Path):
        self.stream, self.left, self.archive = stream, allowance + MAX_FILES * 1024, archive

    def read(self, size: int) -> bytes:
        chunk = self.stream.read(size)
        self.left -= len(chunk)
        if self.left < 0:
            raise BadArchiveError(
                f"{self.archive}: unpacks without end, so it was not unpacked; get it from its publisher."
            )
        return chunk


def _safe(name: str, archive: Path) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or re.search(r"[\\\x00]|^[A-Za-z]:", name):
        raise BadArchiveError(f"{archive}: holds {name!r}, which could lie outside its folder, so it was not unpacked.")
    return path


def _not_plain(name: str, archive: Path) -> BadArchiveError:
    return BadArchiveError(
        f"{archive}: holds a link or device ('{name}'), so it was not unpacked; get it from its publisher."
    )
