"""`make lab`: JupyterLab on this machine only, on a student's own copies of the lessons.

The copies lie in the ignored folder `work/`, so that what a student writes and what an update brings never collide. A
copy is made once. One that was not touched follows its original; beside one that was, the newer original appears as
`NN_name.new.ipynb`, and the student decides.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from labkit import paths
from labkit.errors import LabError
from labkit.paths import write_atomically

WORK = paths.ROOT / "work"
FIRST = "00_start_here.ipynb"
RECORD = (
    ".originals.json"  # in the folder of copies: name -> the original that a copy was made from, and that was offered
)


def open_lab(originals: bool = False, arguments: Sequence[str] = ()) -> int:
    """Start JupyterLab with the first lesson and wait for its end; returns its exit status.

    arguments: more options for JupyterLab.
    """
    folder = paths.NOTEBOOKS
    if not originals:
        folder = WORK
        for sentence in refresh_copies():
            print(sentence, flush=True)
    command = [sys.executable, "-m", "jupyterlab", "--ip=127.0.0.1", str((folder / FIRST).relative_to(paths.ROOT))]
    return subprocess.run([*command, *arguments], cwd=paths.ROOT).returncode


def refresh_copies(originals: Path = paths.NOTEBOOKS, work: Path = WORK) -> list[str]:
    """Make the copies that are missing, renew those that nobody touched; a sentence for each newer original beside a
    copy that somebody did. Raises LabError where the record of the copies cannot be read."""
    made_from = _read(work / RECORD)
    said = []
    for original in sorted(originals.glob("*.ipynb")):
        content, copy = original.read_bytes(), work / original.name
        newest, known = _digest(content), made_from.get(original.name, {})
        if not copy.exists() or known.get("copy") == _digest(copy.read_bytes()):
            if not copy.exists() or known["copy"] != newest:
                write_atomically(copy, content)
            made_from[original.name] = {"copy": newest, "seen": newest}
        elif newest not in (known.get("seen"), _digest(copy.read_bytes())):
            beside = copy.with_suffix(".new.ipynb")
            write_atomically(beside, content)
            made_from[original.name] = known | {"seen": newest}
            said.append(
                f"{original.name} has changed, and so has your copy, which is kept. The newer one is {beside.name}:"
                " open both, or delete yours and start again to take it."
            )
    write_atomically(work / RECORD, json.dumps(made_from, indent=1) + "\n")
    return said


def _read(record: Path) -> dict[str, dict[str, str]]:
    if not record.exists():
        return {}
    try:
        content = json.loads(record.read_text(encoding="utf8"))
        if all(isinstance(entry, dict) for entry in content.values()):
            return content
    except (OSError, ValueError, AttributeError):
        pass
    raise LabError(f"{record} cannot be read; delete it, and copies that differ from their originals count as yours.")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
