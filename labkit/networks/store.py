"""Where recorded networks lie, which there are, and whether their files are whole.

`results/networks/<lesson>/<arm>/` holds one network:

    spec.json            what was asked for
    weights.safetensors  the networks that translating and measuring need, in half precision
    history.json         the terms of the training, thinned
    metrics.json         what the study measured, of all seeds
    record.json          profile, networks, training seconds, terms of the data, machine and versions
    strip.png, .jpg      test images after several steps
    probe.safetensors    a fixed input and what the network made of it when it was recorded
    README.md            the card, written from the files above
    checksums.json       sha256 and size of each of them

`index.json`, beside this module and so in every installation, holds the checksum of each network's checksums.json.
"""

import hashlib
import json
from difflib import get_close_matches
from pathlib import Path

from filelock import FileLock

from labkit import paths
from labkit.errors import LabError

INDEX = Path(__file__).with_name("index.json")
CHECKSUMS = "checksums.json"
MAX_BYTES = 10_000_000  # of one network's weights
MAX_TOTAL = 150_000_000  # of all folders together: they are kept under version control


def folder_of(name: str) -> Path:
    """Where the network `name`, "lesson/arm", lies in a checkout."""
    return paths.RESULTS / "networks" / name


def index() -> dict[str, dict]:
    """Name -> sha256 and size of its checksums.json, bytes of all its files, system, data and steps."""
    return json.loads(INDEX.read_text()) if INDEX.exists() else {}


def write_index() -> None:
    """Write the index anew from the networks of this checkout."""
    paths.cache_dir().mkdir(parents=True, exist_ok=True)
    with FileLock(paths.cache_dir() / "networks.lock"):  # arms that are trained side by side
        found = {}
        for path in sorted(folder_of("").glob(f"*/[!.]*/{CHECKSUMS}")):  # no folder that is being written
            content, spec = path.read_bytes(), json.loads((path.parent / "spec.json").read_text())
            found[path.parent.relative_to(folder_of("")).as_posix()] = {
                "sha256": hashlib.sha256(content).hexdigest(),
                "size": len(content),
                "bytes": total_bytes(path.parent),
                **{key: spec[key] for key in ("system", "data", "steps")},
            }
        paths.write_atomically(INDEX, json.dumps(found, indent=1) + "\n")


def find(text: str) -> str:
    """The full name of a network that someone named, as in 03/cycle. Raises LabError where there is none, or two."""
    lesson, _, arm = text.partition("/")
    names = list(index())
    found = [name for name in names if name == text or (name.startswith(f"{lesson}_") and name.endswith(f"/{arm}"))]
    if len(found) == 1:
        return found[0]
    close = get_close_matches(text, names, n=1, cutoff=0.4)
    hint = f"did you mean '{close[0]}'?" if close else "`python -m labkit networks list` names them."
    raise LabError(f"there is no recorded network '{text}'; {hint}")


def write_checksums(folder: Path) -> None:
    files = {p.name: {"sha256": _sha256(p), "size": p.stat().st_size} for p in sorted(folder.iterdir())}
    paths.write_atomically(folder / CHECKSUMS, json.dumps(files, indent=1) + "\n")


def read_checksums(content: bytes, name: str) -> dict[str, dict]:
    """What checksums.json holds. Raises LabError where it is not the one that the index names."""
    if hashlib.sha256(content).hexdigest() != index()[name]["sha256"]:
        raise LabError(f"{name}: {CHECKSUMS} is not the one that was recorded; {_way_out(name)}")
    return json.loads(content)


def demand_whole(folder: Path, name: str) -> None:
    """Raise LabError, naming the file, where the folder is not what was recorded as `name`."""
    if not (folder / CHECKSUMS).is_file():
        raise LabError(f"{folder / CHECKSUMS} is missing; {_way_out(name)}")
    for file, expected in read_checksums((folder / CHECKSUMS).read_bytes(), name).items():
        path = folder / file
        if not path.is_file():
            raise LabError(f"{path} is missing; {_way_out(name)}")
        if _sha256(path) != expected["sha256"]:
            raise LabError(f"{path} is not the file that was recorded (sha256 differs); {_way_out(name)}")


def total_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _way_out(name: str) -> str:
    lesson, arm = name.split("/")
    number = lesson.partition("_")[0]
    return f"restore it with `git checkout`, or train it again with `python -m labkit study {number} --arms {arm}`."


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
