"""Where things are, and how files are written so that a crash leaves no half of one."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from labkit.errors import LabError

ROOT = Path(__file__).resolve().parent.parent
LESSONS = ROOT / "lessons"
NOTEBOOKS = ROOT / "notebooks"
RESULTS = ROOT / "results"
DATA = ROOT / "data"
RUNS = ROOT / "runs"
REPORT = ROOT / "report"
BOOK = ROOT / "book"


def data_root() -> Path | None:
    """The folder of real data sets that `LABKIT_DATA` names, absolute; None where it is not set. Read only."""
    value = os.environ.get("LABKIT_DATA")
    return Path(value).expanduser().resolve() if value else None


def cache_dir() -> Path:
    """Where things that were computed once are kept: `LABKIT_CACHE`, or `runs/cache`."""
    return Path(os.environ.get("LABKIT_CACHE") or RUNS / "cache").expanduser().resolve()


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write `content` beside `path` under a temporary name, then rename: readers see the old file or the new one.

    Raises LabError, naming the file, where the disk is full or the folder cannot be written; the old file is kept.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, **temporary_name(path))
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            reason = error.strerror or error
            raise LabError(f"{path}: cannot be written ({reason}); look at the space and the rights there.") from None
        raise


def temporary_name(path: Path) -> dict[str, str]:
    """For `tempfile`: how to call what becomes `path` once it is whole: hidden, and with the number of its writer."""
    return {"prefix": f".{path.name}.{os.getpid()}.", "suffix": ".tmp"}


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files and folders in `folder` whose writers were killed (`kill -9`, a power cut)."""
    for path in Path(folder).glob(".*.tmp"):
        writer = re.search(r"\.(\d+)\.\w+\.tmp$", path.name)
        if writer and not _was_there(int(writer[1]), path):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _was_there(process: int, path: Path) -> bool:
    """Whether the process of that number runs and is older than the file: numbers are given out again."""
    import psutil

    try:
        return psutil.Process(process).create_time() <= path.stat().st_mtime + 1
    except (psutil.NoSuchProcess, FileNotFoundError):
        return False
