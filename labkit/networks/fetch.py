"""Fetch a recorded network into the cache, for installations without the repository's results.

One setting, `LABKIT_NETWORKS`: the address of the folder `results/networks` of the repository, raw files.
"""

import os
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock

from labkit import paths
from labkit.data.files.download import digest, download
from labkit.errors import LabError
from labkit.networks import store

SETTING = "LABKIT_NETWORKS"


def fetch(name: str) -> Path:
    """The folder of the network `name` in the cache, loaded where it is not there whole.

    Every file is held against a checksum before it has its name. Raises LabError where the setting is missing, a file
    cannot be had, or is not the one that was recorded.
    """
    folder = paths.cache_dir() / "networks" / name
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f"{folder.name}.lock")):  # lessons that run side by side load it once
        if not _is_whole(folder, name):
            _load(name, folder, _address(name))
    return folder


def _is_whole(folder: Path, name: str) -> bool:
    try:
        store.demand_whole(folder, name)
    except LabError:  # of an older version, or stopped half-way
        return False
    return True


def _address(name: str) -> str:
    address = os.environ.get(SETTING, "").rstrip("/")
    if not address.startswith(("http://", "https://")):
        found = f"is '{address}'" if address else "is not set"
        raise LabError(
            f"the network {name} is not on this machine and {SETTING} {found}; set it to the web address of the"
            " repository's results/networks (raw files), or work in a checkout of the repository."
        )
    return f"{address}/{quote(name)}"


def _load(name: str, folder: Path, address: str) -> None:
    known = store.index()[name]
    whole = {"sha256": known["sha256"], "size": known["size"]}
    _file(address, folder / store.CHECKSUMS, whole)
    for file, expected in store.read_checksums((folder / store.CHECKSUMS).read_bytes(), name).items():
        if Path(file).name != file:
            raise LabError(f"{address}: '{file}' is no name of a file in the network's folder; it was not loaded.")
        _file(address, folder / file, expected)


def _file(address: str, target: Path, expected: dict) -> None:
    if target.is_file() and digest(target) == expected["sha256"]:
        return
    url = f"{address}/{quote(target.name)}"
    part = download([url], target, expected["size"])
    if digest(part) != expected["sha256"]:
        part.unlink()
        raise LabError(f"{url} is not the file that was recorded (sha256 differs); is {SETTING} of this version?")
    part.replace(target)
