"""The part of README.md that is measured: the table of lessons with their verdicts, and the picture of real results."""

import base64
from pathlib import Path

import nbformat

from labkit.errors import LabError
from labkit.folders import Folders
from labkit.ledger.record import read_recorded
from labkit.ledger.verdicts import FAILS, HOLDS, UNDECIDED
from labkit.paths import ROOT, write_atomically

BEGIN = "<!-- lessons: written by `make sync`; do not edit by hand -->"
END = "<!-- end of lessons -->"
PICTURE = "docs/translation.png"
PICTURE_LESSON, PICTURE_TAG = "00_start_here", "readme-picture"


def lesson_table(folders: Folders = Folders()) -> str:  # noqa: B008 (frozen)
    """Markdown: one row a lesson, with the verdicts that are recorded at profile `lesson`."""
    recorded = read_recorded(folders.verdicts("lesson"))
    rows = ["| lesson | holds | undecided | does not hold | seconds |", "|---|--:|--:|--:|--:|"]
    for text in sorted(folders.lessons.glob("[0-9][0-9]_*.md")):
        title = next(line[2:] for line in text.read_text(encoding="utf8").splitlines() if line.startswith("# "))
        entry = recorded.get(text.stem)
        verdicts = [claim["verdict"] for claim in entry["claims"].values()] if entry else []
        counts = [str(verdicts.count(outcome)) if entry else "–" for outcome in (HOLDS, UNDECIDED, FAILS)]
        seconds = str(entry["seconds"]) if entry else "–"
        rows.append(f"| [{title}](notebooks/{text.stem}.ipynb) | {' | '.join(counts)} | {seconds} |")
    return "\n".join(rows)


def with_table(readme: str, table: str) -> str:
    """The text of the README with `table` between its two markers."""
    if readme.count(BEGIN) != 1 or readme.count(END) != 1:
        raise LabError(f"README.md: the markers '{BEGIN}' and '{END}' must stand in it once; restore them with git.")
    head, _, rest = readme.partition(BEGIN)
    return f"{head}{BEGIN}\n\n{table}\n\n{END}{rest.partition(END)[2]}"


def picture(folders: Folders = Folders()) -> bytes:  # noqa: B008 (frozen)
    """The PNG that the tagged cell of the executed lesson shows."""
    path = folders.notebooks / f"{PICTURE_LESSON}.ipynb"
    for cell in nbformat.read(path, as_version=4).cells:
        if PICTURE_TAG in cell.metadata.get("tags", []):
            for output in cell.outputs:
                if "image/png" in output.get("data", {}):
                    return base64.b64decode(output["data"]["image/png"])
    raise LabError(f"{path}: no executed cell with the tag '{PICTURE_TAG}' shows a picture; run `make sync`.")


def update(root: Path = ROOT) -> None:
    """Bring README.md and its picture in step with the notebooks and the recorded verdicts."""
    folders = Folders.under(root)
    readme = root / "README.md"
    write_atomically(readme, with_table(readme.read_text(encoding="utf8"), lesson_table(folders)))
    write_atomically(root / PICTURE, picture(folders))
