"""The catalogue of data sets (data/catalog.yml): list them, fetch one, check that one is whole.

A set is fetched into `data/`; an archive is verified, unpacked and deleted. `data/checksums.json` records the checksum
of every file at its first fetch, and of what an archive held: from then on it is held against them.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from labkit import paths
from labkit.data.files.archive import BadArchiveError, demand_space, unpack
from labkit.data.files.download import digest, download
from labkit.data.files.images import SUFFIXES
from labkit.errors import LabError
from labkit.settings import from_mapping
from labkit.yamlfile import read_yaml

CATALOG = paths.DATA / "catalog.yml"


@dataclass(frozen=True)
class RemoteFile:
    """One file to download; see the head of data/catalog.yml."""

    url: list[str]
    save_as: str
    size: int | None = None
    sha256: str | None = None
    md5: str | None = None
    unpack: bool = False


@dataclass(frozen=True)
class Entry:
    """One data set of the catalogue."""

    what: str
    licence: str
    homepage: str
    layout: str
    folder: str
    confirmed: str
    counts: dict[str, int] = field(default_factory=dict)
    files: list[RemoteFile] = field(default_factory=list)
    manual: str | None = None


def read_catalog(path: Path = CATALOG) -> dict[str, Entry]:
    """The entries by name. Raises LabError, naming the file and the key, for what is not as it should be."""
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise LabError(f"{path}: expected data sets and their descriptions; restore it with `git checkout`.")
    entries = {}
    for name, fields in content.items():
        if isinstance(fields, dict) and isinstance(fields.get("files"), list):
            files = [from_mapping(RemoteFile, file, f"{path}: {name} / files") for file in fields["files"]]
            fields = fields | {"files": files}
        entries[name] = from_mapping(Entry, fields, f"{path}: {name}")
        if bool(entries[name].files) == bool(entries[name].manual):
            raise LabError(f"{path}: {name}: give either files to download or how to get them by hand (manual).")
    return entries


# The three commands -------------------------------------------------------------------------------------------------


def show(to: Path | None = None, path: Path = CATALOG) -> None:
    """Print the catalogue as a table: name, what it is, download size, licence, and what of it is here."""
    from rich.console import Console
    from rich.table import Column, Table

    entries = read_catalog(path)
    name_column = Column("name", no_wrap=True, min_width=max(map(len, entries)))
    table = Table(name_column, "what", "download", "licence", Column("here", min_width=8))
    for name, entry in entries.items():
        sizes = [file.size for file in entry.files]
        size = "by hand" if entry.manual else "?" if None in sizes else f"{sum(sizes) / 1e6:,.0f} MB"
        table.add_row(name, entry.what, size, entry.licence, _state(entry, Path(to or paths.DATA)))
    Console().print(table)


def fetch(name: str, to: Path | None = None, say: Callable[[str], None] = print, path: Path = CATALOG) -> Path:
    """Download the set `name` into the folder `to` (default: data/), verify and unpack it; returns its folder.

    What is here already is not loaded again; a transfer that broke off goes on. Raises LabError where the set cannot be
    had, is not what the catalogue or an earlier fetch says, or the disk is too full.
    """
    entry, to = _entry(name, path), Path(to or paths.DATA).resolve()
    folder = to / entry.folder
    if _lies_in_labkit_data(to):
        raise LabError(f"{to}: lies in LABKIT_DATA, which labkit only reads; name another folder.")
    if entry.manual:
        if not _problems(entry, folder, to):
            say(f"{name}: is here, in {folder}")
            return folder
        raise LabError(f"{name} cannot be fetched for you. {entry.manual}.")
    to.mkdir(parents=True, exist_ok=True)
    with _only_one_fetch(to):
        paths.remove_leftovers(to)
        for file in entry.files:
            if file.unpack:
                _fetch_archive(name, entry, file, to, say)
            else:
                _fetch_file(name, file, to)
    problems = _problems(entry, folder, to)
    if problems:
        raise LabError(f"{folder}: is not the whole set ({problems[0]}); move it away and fetch {name} again.")
    say(f"{name}: is here, in {folder}")
    return folder


def check(name: str, to: Path | None = None, path: Path = CATALOG) -> str:
    """Verify presence, number of images and checksums of the set `name`; a sentence that says what was found.

    Raises LabError where the set is not here or not whole.
    """
    entry, to = _entry(name, path), Path(to or paths.DATA).resolve()
    folder = to / entry.folder
    if not folder.exists():
        there = _in_labkit_data(entry)
        if there:
            return f"{name}: lies in LABKIT_DATA ({there}), which is used as it is."
        raise LabError(f"{name}: is not in {to}; `python -m labkit data fetch {name}` gets it.")
    recorded = _recorded(to).get(name, {})
    problems = _problems(entry, folder, to)
    for file in entry.files:
        if not file.unpack and (to / file.save_as).exists():
            problems += _wrong_checksum(to / file.save_as, file, recorded)
    if "contents" in recorded and not problems and contents_digest(folder) != recorded["contents"]:
        problems.append("its files are not those that were fetched")
    if problems:
        raise LabError(f"{folder}: {'; '.join(problems)}; move it away and fetch {name} again.")
    return f"{name}: whole, in {folder}" + ("" if recorded else " (not fetched by labkit: no checksum to compare with)")


def check_all(names: Sequence[str] = (), to: Path | None = None, path: Path = CATALOG) -> int:
    """Check the named sets, or all that are here, and print a line for each; 2 where one is not whole, else 0."""
    to = Path(to or paths.DATA)
    here = [name for name, entry in read_catalog(path).items() if _state(entry, to) != "no"]
    status = 0
    for name in names or here:
        try:
            print(check(name, to, path))
        except LabError as error:
            print(f"{name}: {error}")
            status = 2
    if not (names or here):
        print("no data set of the catalogue is here; `python -m labkit data fetch NAME` gets one.")
    return status


# Fetching -----------------------------------------------------------------------------------------------------------


def _fetch_file(name: str, file: RemoteFile, to: Path) -> None:
    """A file that is used as it is."""
    target = to / file.save_as
    recorded = _recorded(to).get(name, {})
    if target.exists():
        if wrong := _wrong_checksum(target, file, recorded):
            raise LabError(f"{target}: {wrong[0]}; move it away and fetch {name} again.")
    else:
        part = download(file.url, target, file.size)
        sha256 = _verified(part, file, recorded)
        part.replace(target)
        _record(to, name, {file.save_as: sha256})


def _fetch_archive(name: str, entry: Entry, file: RemoteFile, to: Path, say: Callable[[str], None]) -> None:
    """An archive: what it holds becomes the set's folder, and the archive is deleted."""
    folder, archive = to / entry.folder, to / "downloads" / file.save_as
    if folder.exists() and not archive.exists():
        return
    if archive.exists():  # verified by an earlier call that was stopped before its end
        sha256 = _verified(archive, file, _recorded(to).get(name, {}))
    else:
        demand_space(to, 2 * (file.size or 0), f"{name}, packed and unpacked,")
        part = download(file.url, archive, file.size)
        sha256 = _verified(part, file, _recorded(to).get(name, {}))
        part.replace(archive)
    if not folder.exists():
        say(f"{name}: unpacking")
        try:
            unpack(archive, folder)
        except BadArchiveError:
            _set_aside(archive)  # or the next call would find it and fail in the same way
            raise
    _record(to, name, {file.save_as: sha256, "contents": contents_digest(folder)})
    archive.unlink()
    if not any(archive.parent.iterdir()):
        archive.parent.rmdir()


def _verified(part: Path, file: RemoteFile, recorded: dict[str, str]) -> str:
    """The file's sha256. Raises LabError, and sets the file aside, where it is not the one it should be."""
    wrong = _wrong_checksum(part, file, recorded)
    if wrong:
        raise LabError(
            f"{file.save_as}: {wrong[0]}, so it was set aside as {_set_aside(part)}; fetch again, and if it comes back"
            " the same, its publisher has changed it: mend the catalogue or delete its line in checksums.json."
        )
    return digest(part)


def _set_aside(path: Path) -> Path:
    return path.replace(path.with_name(f"{path.name.removesuffix('.part')}.wrong"))


def _wrong_checksum(path: Path, file: RemoteFile, recorded: dict[str, str]) -> list[str]:
    """What contradicts the checksums of the catalogue, or of the first fetch."""
    expected = [
        ("sha256", file.sha256, "the catalogue's"),
        ("md5", file.md5, "the catalogue's"),
        ("sha256", recorded.get(file.save_as), "that of its first fetch"),
    ]
    for algorithm, known, whose in expected:
        if known and (found := digest(path, algorithm)) != known:
            return [f"its {algorithm} {found[:12]}… is not {whose}, {known[:12]}…"]
    return []


def contents_digest(folder: Path) -> str:
    """One checksum of all files in a folder: of their names and their contents."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            total.update(f"{path.relative_to(folder).as_posix()}\0{digest(path)}\n".encode())
    return total.hexdigest()


@contextmanager
def _only_one_fetch(to: Path) -> Iterator[None]:
    """A lock on the folder: two fetches at once would write into the same part."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(to / ".fetch.lock", timeout=0):
            yield
    except Timeout:
        raise LabError(f"{to}: another fetch into this folder is running; wait until it is done.") from None


# What is here -------------------------------------------------------------------------------------------------------


def _entry(name: str, path: Path) -> Entry:
    entries = read_catalog(path)
    if name not in entries:
        close = get_close_matches(name, entries, n=1)
        hint = f"did you mean '{close[0]}'?" if close else "`python -m labkit data list` names them."
        raise LabError(f"the catalogue has no data set '{name}'; {hint}")
    return entries[name]


def _problems(entry: Entry, folder: Path, to: Path) -> list[str]:
    """What is missing, by names, sizes and numbers alone."""
    problems = [] if folder.is_dir() else ["it is not here"]
    for name, expected in entry.counts.items():
        place = folder / name
        found = sum(p.suffix.lower() in SUFFIXES for p in place.iterdir()) if place.is_dir() else 0
        if found != expected:
            problems.append(f"{name} holds {found:,} of {expected:,} images")
    for file in entry.files:
        place = to / file.save_as
        if not file.unpack and not place.exists():
            problems.append(f"{file.save_as} is missing")
        elif not file.unpack and file.size is not None and place.stat().st_size != file.size:
            problems.append(f"{file.save_as} has {place.stat().st_size:,} of {file.size:,} bytes")
    return problems


def _state(entry: Entry, to: Path) -> str:
    if (to / entry.folder).exists():
        return "incomplete" if _problems(entry, to / entry.folder, to) else "yes"
    if any((to / "downloads" / f"{file.save_as}.part").exists() for file in entry.files):
        return "partly loaded"
    return "in LABKIT_DATA" if _in_labkit_data(entry) else "no"


def _in_labkit_data(entry: Entry) -> Path | None:
    root = paths.data_root()
    places = [root / entry.folder, root / f"{entry.folder}.zip"] if root else []
    return next((place for place in places if place.exists()), None)


def _lies_in_labkit_data(folder: Path) -> bool:
    root = paths.data_root()
    return root is not None and folder.is_relative_to(root)


def _recorded(to: Path) -> dict[str, dict[str, str]]:
    path = to / "checksums.json"
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text())
        return {name: dict(entry) for name, entry in content.items()}
    except (ValueError, OSError, AttributeError, TypeError):
        raise LabError(f"{path}: is damaged; delete it to have the checksums recorded anew.") from None


def _record(to: Path, name: str, checksums: dict[str, str]) -> None:
    recorded = _recorded(to)
    recorded[name] = recorded.get(name, {}) | checksums
    paths.write_atomically(to / "checksums.json", json.dumps(recorded, indent=1, sort_keys=True) + "\n")
