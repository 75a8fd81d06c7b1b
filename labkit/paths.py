"""Where things are, and how files are written so that a crash leaves no half of one."""

import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LESSONS = ROOT / "lessons"
NOTEBOOKS = ROOT / "notebooks"
RESULTS = ROOT / "results"
DATA = ROOT / "data"
RUNS = ROOT / "runs"
REPORT = ROOT / "report"


def data_root() -> Path | None:
    """The folder of real data sets that `LABKIT_DATA` names, absolute; None where it is not set. Read only."""
    value = os.environ.get("LABKIT_DATA")
    return Path(value).expanduser().resolve() if value else None


def cache_dir() -> Path:
    """Where things that were computed once are kept: `LABKIT_CACHE`, or `runs/cache`."""
    return Path(os.environ.get("LABKIT_CACHE") or RUNS / "cache").expanduser().resolve()


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write `content` beside `path` under a temporary name, then rename: readers see the old file or the new one."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
