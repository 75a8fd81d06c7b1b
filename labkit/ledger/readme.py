"""The part of README.md that is measured: the table of lessons with their verdicts and pictures, and that of costs.

Of data/README.md: whose drawings the portraits are made of.
"""

import base64
import json
from pathlib import Path

from labkit.errors import LabError
from labkit.folders import Folders
from labkit.ledger.record import read_recorded
from labkit.ledger.report.headline import headline_figures
from labkit.ledger.verdicts import FAILS, HOLDS, UNDECIDED
from labkit.notebooks import lesson_names, read_notebook, title_of
from labkit.paths import ROOT, write_atomically

BEGIN = "<!-- lessons: written by `make sync`; do not edit by hand -->"
END = "<!-- end of lessons -->"
COSTS_BEGIN = "<!-- costs: written by `make sync` from what `make bench` measured; do not edit by hand -->"
COSTS_END = "<!-- end of costs -->"
STYLES_BEGIN = "<!-- styles: written by `make sync` from the styles' own files; do not edit by hand -->"
STYLES_END = "<!-- end of styles -->"
PICTURE_WIDTH = 200  # pixels


def lesson_table(folders: Folders = Folders()) -> str:  # noqa: B008 (frozen)
    """Markdown: one row a lesson, with its picture and the verdicts that are recorded at profile `lesson`."""
    recorded, shown = read_recorded(folders.verdicts("lesson")), pictures(folders)
    rows = ["| | lesson | holds | undecided | does not hold | seconds |", "|---|---|--:|--:|--:|--:|"]
    for lesson in lesson_names(folders.lessons):
        text = (folders.lessons / f"{lesson}.md").read_text(encoding="utf8")
        image = f'<img src="{picture_path(lesson)}" width="{PICTURE_WIDTH}" alt="">' if lesson in shown else ""
        entry = recorded.get(lesson)
        verdicts = [claim["verdict"] for claim in entry["claims"].values()] if entry else []
        counts = [str(verdicts.count(outcome)) if entry else "–" for outcome in (HOLDS, UNDECIDED, FAILS)]
        seconds = str(entry["seconds"]) if entry else "–"
        rows.append(f"| {image} | [{title_of(text)}](notebooks/{lesson}.ipynb) | {' | '.join(counts)} | {seconds} |")
    return "\n".join(rows)


def picture_path(lesson: str) -> str:
    """Where the picture of a lesson lies, from the folder of the README."""
    return f"docs/{lesson}.png"


def pictures(folders: Folders = Folders()) -> dict[str, bytes]:  # noqa: B008 (frozen)
    """Lesson -> the PNG that its cell tagged `headline` ends with; lessons without one have no picture."""
    found = {}
    for lesson in lesson_names(folders.lessons):
        path = folders.notebooks / f"{lesson}.ipynb"
        figures = headline_figures(read_notebook(path)) if path.exists() else []
        if figures:
            found[lesson] = base64.b64decode(figures[-1])
    return found


def cost_table(folders: Folders = Folders()) -> str:  # noqa: B008 (frozen)
    """Markdown: what a training step of each system costs, as `make bench` recorded it, and on which machine."""
    path = folders.results / "bench.json"
    if not path.exists():
        return "Not measured yet: run `make bench`."
    from labkit.runs import bench  # torch: not needed where nothing was measured

    record = json.loads(path.read_text())
    tables = [(bench.machine(record), bench.COLUMNS, bench.cells_of(record))]
    if "engine" in record:
        tables.append((bench.ENGINE_TITLE, bench.ENGINE_COLUMNS, bench.engine_cells_of(record)))
    return "\n\n".join(_markdown(*table) for table in tables)


def _markdown(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [columns, ("---", *["--:"] * (len(columns) - 1)), *rows]
    return f"*{title[0].upper()}{title[1:]}.*\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def style_list() -> str:
    """Markdown: whose drawings the portraits are made of, with source and licence, a line for each style."""
    from labkit.data.portraits import STYLES, credit  # torch

    return "\n".join(f"- `{style}`. {credit(style)}" for style in STYLES)


def with_table(readme: str, table: str, begin: str = BEGIN, end: str = END) -> str:
    """The text of the README with `table` between its two markers."""
    if readme.count(begin) != 1 or readme.count(end) != 1:
        raise LabError(f"README.md: the markers '{begin}' and '{end}' must stand in it once; restore them with git.")
    head, _, rest = readme.partition(begin)
    return f"{head}{begin}\n\n{table}\n\n{end}{rest.partition(end)[2]}"


def update(root: Path = ROOT) -> None:
    """Bring README.md and its pictures in step with the notebooks and the recorded verdicts."""
    folders = Folders.under(root)
    readme = root / "README.md"
    text = with_table(readme.read_text(encoding="utf8"), lesson_table(folders))
    write_atomically(readme, with_table(text, cost_table(folders), COSTS_BEGIN, COSTS_END))
    data = root / "data" / "README.md"
    write_atomically(data, with_table(data.read_text(encoding="utf8"), style_list(), STYLES_BEGIN, STYLES_END))
    for lesson, content in pictures(folders).items():
        write_atomically(root / picture_path(lesson), content)
