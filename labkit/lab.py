"""`make lab`: JupyterLab on a student's own copies of the lessons, on this machine only.

The copies lie in `work/`, which git ignores, so that what a student writes and what an update brings never meet. A copy
is made once. As long as its cells are those of its original it follows that; where the student changed them it is left
alone, and a newer original is put beside it as `NN_name.new.ipynb`. `work/.originals/` holds each original as it was
when it was last copied or put beside: what differs from it is the student's.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from labkit import paths
from labkit.paths import write_atomically

WORK = paths.ROOT / "work"
FIRST = "00_start_here.ipynb"


def open_lab(originals: bool = False, arguments: Sequence[str] = ()) -> int:
    """Start JupyterLab on the copies, or on the originals, and wait for its end; returns its exit status.

    arguments: more arguments for JupyterLab.
    """
    for sentence in [] if originals else refresh_copies():
        print(sentence, flush=True)
    first = (paths.NOTEBOOKS if originals else WORK) / FIRST
    command = [sys.executable, "-m", "jupyterlab", "--ip=127.0.0.1", str(first.relative_to(paths.ROOT)), *arguments]
    with subprocess.Popen(command, cwd=paths.ROOT) as server:
        while True:
            try:
                return server.wait()
            except KeyboardInterrupt:  # it went to JupyterLab too, which asks whether it is meant
                continue


def refresh_copies(originals: Path = paths.NOTEBOOKS, work: Path = WORK) -> list[str]:
    """Bring the copies up to date; one sentence for each lesson whose newer original waits beside a changed copy."""
    sentences = [_refresh(original, work) for original in sorted(originals.glob("*.ipynb"))]
    return [sentence for sentence in sentences if sentence]


def _refresh(original: Path, work: Path) -> str | None:
    copy, last = work / original.name, work / ".originals" / original.name
    new = copy.with_suffix(".new.ipynb")
    content = original.read_bytes()
    if not copy.exists() or (_is(copy, last) and last.read_bytes() != content):
        write_atomically(copy, content)
    elif not _is(copy, original) and not (last.exists() and last.read_bytes() == content):
        if new.exists() and not _is(new, last):
            return (
                f"{copy.name}: there is a newer version, but you changed both your copy and {new.name};"
                " give one of them another name and start again to see it."
            )
        write_atomically(new, content)
    write_atomically(last, content)
    if new.exists() and _is(copy, original) and _is(new, original):
        new.unlink()  # it was taken
    if not new.exists():
        return None
    return (
        f"{copy.name}: a newer version lies beside your copy, as work/{new.name}. To take it, give your copy another"
        f" name and start again; to go on with yours, delete {new.name}."
    )


def _is(notebook: Path, other: Path) -> bool:
    """Whether both are notebooks whose cells say the same; what a run left below them does not count."""
    if not (notebook.exists() and other.exists()):
        return False
    cells = _cells(notebook)
    return cells is not None and cells == _cells(other)


def _cells(notebook: Path) -> list[tuple[str, str]] | None:
    try:
        cells = json.loads(notebook.read_bytes())["cells"]
        return [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    except (ValueError, KeyError, TypeError):  # no notebook: whatever it is, it is the student's
        return None
