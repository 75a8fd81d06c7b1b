"""For teachers: notebooks without their solutions, and marks for those that come back."""

import re
from dataclasses import dataclass

from nbformat import NotebookNode

MINUTES_A_POINT = 5
CHECK = re.compile(r"^(lesson\d\d)\.(\w+)\(\w+\)$", re.M)
MINUTES = re.compile(r"^\*\*[A-Z]\. .*?\((?:[^)]*?, )?(\d+) minutes", re.M)


@dataclass(frozen=True)
class Task:
    """An exercise that a check marks: `lesson03.cycle_loss`, and what it is worth."""

    module: str
    check: str
    points: int


def points(minutes: int) -> int:
    """What an exercise of so many minutes is worth: at least one point."""
    return max(1, round(minutes / MINUTES_A_POINT))


def tasks(notebook: NotebookNode) -> list[Task]:
    """The exercises of a lesson in their order: a point for every five minutes that the text gives them."""
    found, minutes = [], MINUTES_A_POINT
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (told := MINUTES.findall(cell.source)):
            minutes = int(told[-1])
        elif cell.cell_type == "code" and (check := CHECK.search(cell.source)):
            found.append(Task(check[1], check[2], points(minutes)))
    return found
