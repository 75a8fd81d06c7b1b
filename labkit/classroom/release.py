"""Notebooks to hand out: without solutions and answers, and with points."""

import re
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from labkit.classroom import MINUTES, points
from labkit.errors import LabError
from labkit.folders import Folders
from labkit.notebooks import read_notebook, write_notebook

FOLDED = re.compile(r"<details><summary>(?P<title>[^<]*)</summary>.*?</details>\n*", re.S)
TOLD = ("Solution", "An answer", "What we saw")  # what a fold is called that gives an exercise or a question away


def release(lessons: Sequence[str], out: Path, folders: Folders = Folders()) -> list[Path]:  # noqa: B008 (frozen)
    """Write the notebooks of these lessons into `out`, to be handed out. Files that are there are never overwritten."""
    there = [name for name in lessons if (out / f"{name}.ipynb").exists()]
    if there:
        raise LabError(f"{out}: {', '.join(there)} is there already; say another folder with --out.")
    written = []
    for name in lessons:
        path = out / f"{name}.ipynb"
        write_notebook(without_solutions(read_notebook(folders.notebooks / path.name)), path)
        written.append(path)
    return written


def without_solutions(notebook: NotebookNode) -> NotebookNode:
    """A copy in which no fold tells a solution or an answer, and each exercise says what it is worth."""
    copy = nbformat.from_dict(notebook)
    for cell in copy.cells:
        if cell.cell_type == "markdown":
            cell.source = FOLDED.sub(lambda fold: "" if fold["title"].startswith(TOLD) else fold[0], cell.source)
            cell.source = MINUTES.sub(lambda told: f"{told[0]}, {_spoken(points(int(told[1])))}", cell.source)
    return copy


def _spoken(worth: int) -> str:
    return f"{worth} point{'s' if worth > 1 else ''}"
