"""Marks: the exercises of handed-in notebooks, each notebook run in a process of its own that may be stopped."""

import csv
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from labkit.classroom import Task, tasks
from labkit.errors import LabError
from labkit.folders import Folders
from labkit.notebooks import kernel_environment, lesson_names, read_notebook
from labkit.paths import write_atomically

SECONDS = 60  # for the exercises of one notebook; imports among them
SOLVED, WRONG, OPEN, STOPPED = "solved", "wrong", "not solved", "not run"


@dataclass(frozen=True)
class Mark:
    """One exercise of one student. note: the property that fails, or what kept the check from running."""

    student: str
    lesson: str
    exercise: str
    state: str
    points: int
    of: int
    note: str


def collect(handed_in: Path, out: Path, seconds: float = SECONDS, folders: Folders = Folders()) -> list[Mark]:  # noqa: B008
    """Mark all notebooks `handed_in`/STUDENT/…/NN_name.ipynb and write them as a table, `out` (CSV)."""
    if not handed_in.is_dir():
        raise LabError(f"{handed_in}: no folder; it should hold one folder for each student.")
    marks = [
        mark
        for student in sorted(handed_in.iterdir())
        if student.is_dir()
        for mark in _student(student, seconds, folders)
    ]
    if not marks:
        raise LabError(f"{handed_in}: holds no notebook STUDENT/NN_name.ipynb of a lesson.")
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow([field.name for field in fields(Mark)])
    writer.writerows(astuple(mark) for mark in marks)
    write_atomically(out, table.getvalue())
    return marks


def _student(folder: Path, seconds: float, folders: Folders) -> Iterator[Mark]:
    for lesson in lesson_names(folders.lessons):
        for path in sorted(folder.rglob(f"{lesson}.ipynb"))[:1]:  # the one nearest to the top
            wanted = tasks(read_notebook(folders.notebooks / path.name))
            found, problem = _run(path, wanted, seconds)
            for task in wanted:
                state, note = found.get(
                    task.check,
                    (STOPPED, problem or "Python cannot read its cell, or the cell no longer calls the check"),
                )
                points = task.points if state == SOLVED else 0
                yield Mark(folder.name, lesson, task.check, state, points, task.points, note)


def _run(path: Path, wanted: list[Task], seconds: float) -> tuple[dict[str, tuple[str, str]], str]:
    """check -> (state, note) of the notebook's exercises, as far as they ran, and why they did not run on.

    The student's code has a process and an empty folder of its own, and no more time than `seconds`. It is code all the
    same: who marks for a certificate marks in a container, and reads.
    """
    try:
        read_notebook(path)
    except LabError as error:
        return {}, str(error)
    command = [sys.executable, "-m", "labkit.classroom.child", str(path.resolve()), *(task.check for task in wanted)]
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryFile("w+") as said:
        problem = ""
        try:
            ended = subprocess.run(
                command, cwd=empty, stdout=said, stderr=subprocess.DEVNULL, timeout=seconds, env=kernel_environment()
            )
            if ended.returncode:
                problem = f"its process ended with status {ended.returncode}"
        except subprocess.TimeoutExpired:
            problem = f"stopped after {seconds:g} seconds"
        said.seek(0)
        lines = [json.loads(line) for line in said if line.startswith('["')]
    return {check: (state, note) for check, state, note in lines if state in (SOLVED, WRONG, OPEN)}, problem
