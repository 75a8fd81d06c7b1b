"""What a lesson's result depends on, as one fingerprint: where it is the same, the lesson need not run again."""

import hashlib
import importlib.metadata
import json
import os
from pathlib import Path

import labkit
from labkit.folders import Folders
from labkit.notebooks import read_notebook
from labkit.profiles import PROFILES, knob_values, names

# Of labkit, what no measured value passes through.
BESIDE_THE_POINT = ("__main__.py", "notebooks.py", "nbval_plugin.py", "reproduce", "ledger/report", "ledger/readme.py")


def stamp(lesson: str, profile: str, sources: str, folders: Folders) -> str:
    """The fingerprint of a lesson: profile, code cells, knobs, recorded studies, labkit (`sources`), torch, data."""
    cells = read_notebook(folders.notebooks / f"{lesson}.ipynb").cells
    knobs_file = folders.lessons / "profiles.yml"
    known = knobs_file.exists() and lesson in names(knobs_file)
    content = {
        "profile": profile,
        "code": [cell.source for cell in cells if cell.cell_type == "code"],
        "knobs": {name: knob_values(lesson, name, knobs_file) for name in PROFILES} if known else None,
        "studies": [_file_hash(path) for path in sorted(folders.results.glob(f"*/{lesson}.json"))],
        "labkit": sources,
        "torch": importlib.metadata.version("torch"),
        "data": os.environ.get("LABKIT_DATA") if profile in ("study", "full", "paper") else None,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def source_hash() -> str:
    """The fingerprint of all of labkit that a measured value can pass through."""
    root = Path(labkit.__file__).parent
    files = [path.relative_to(root).as_posix() for path in sorted(root.rglob("*.py"))]
    counted = {file: _file_hash(root / file) for file in files if not file.startswith(BESIDE_THE_POINT)}
    return hashlib.sha256(json.dumps(counted, sort_keys=True).encode()).hexdigest()


def _file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
