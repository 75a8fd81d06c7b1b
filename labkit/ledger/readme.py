"""The part of README.md that is measured: the table of lessons with their verdicts, and the picture of real results."""

import base64
import json
from pathlib import Path

import nbformat

from labkit.errors import LabError
from labkit.folders import Folders
from labkit.ledger.record import read_recorded
from labkit.ledger.verdicts import FAILS, HOLDS, UNDECIDED
from labkit.paths import ROOT, write_atomically

BEGIN = "<!-- lessons: written by `make sync`; do not edit by hand -->"
END = "<!-- end of lessons -->"
COSTS_BEGIN = "<!-- costs: written by `make sync` from what `make bench` measured; do not edit by hand -->"
COSTS_END = "<!-- end of costs -->"
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


def cost_table(folders: Folders = Folders()) -> str:  # noqa: B008 (frozen)
    """Markdown: what a training step of each system costs, as `make bench` recorded it, and on which machine."""
    path = folders.results / "bench.json"
    if not path.exists():
        return "Not measured yet: run `make bench`."
    from labkit.runs import bench  # torch: not needed where nothing was measured

    record = json.loads(path.read_text())
    rows = [bench.COLUMNS, ("---", *["--:"] * (len(bench.COLUMNS) - 1)), *bench.cells_of(record)]
    made_with = bench.machine(record)
    return f"*{made_with[0].upper()}{made_with[1:]}.*\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows)


def with_table(readme: str, table: str, begin: str = BEGIN, end: str = END) -> str:
    """The text of the README with `table` between its two markers."""
    if readme.count(begin) != 1 or readme.count(end) != 1:
        raise LabError(f"README.md: the markers '{begin}' and '{end}' must stand in it once; restore them with git.")
    head, _, rest = readme.partition(begin)
    return f"{head}{begin}\n\n{table}\n\n{end}{rest.partition(end)[2]}"


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
    text = with_table(readme.read_text(encoding="utf8"), lesson_table(folders))
    write_atomically(readme, with_table(text, cost_table(folders), COSTS_BEGIN, COSTS_END))
    write_atomically(root / PICTURE, picture(folders))
