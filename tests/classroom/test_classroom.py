"""Handing out and marking, with the lessons' own notebooks and students made for the purpose."""

import csv

import nbformat
import pytest

from labkit.__main__ import main
from labkit.classroom import tasks
from labkit.classroom.collect import OPEN, SOLVED, STOPPED, WRONG, collect
from labkit.classroom.release import release
from labkit.errors import LabError
from labkit.notebooks import lesson_names, read_notebook
from labkit.paths import NOTEBOOKS

LESSON = "01_gan_minmax"
RIGHT = "def my_generator_loss(fake_logits):\n    return F.softplus(-fake_logits).mean()"
WRONG_SIGN = RIGHT.replace("-fake_logits", "fake_logits")


def hand_in(folder, student, *replacements, name=f"{LESSON}.ipynb"):
    """The lesson's notebook, in which code was replaced, as this student's."""
    notebook = read_notebook(NOTEBOOKS / f"{LESSON}.ipynb")
    for cell in notebook.cells:
        for function, code in replacements:
            if cell.cell_type == "code" and f"def {function}(" in cell.source:
                check = cell.source.rpartition("\n\n\n")[2]
                cell.source = f"import torch.nn.functional as F\n{code}\n\n\n{check}"
    path = folder / student / name
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


@pytest.mark.parametrize("lesson", lesson_names())
def test_every_exercise_of_a_lesson_is_known_and_has_points(lesson):
    found = tasks(read_notebook(NOTEBOOKS / f"{lesson}.ipynb"))
    assert found and all(task.module == f"lesson{lesson[:2]}" and task.points >= 1 for task in found)


def test_what_is_handed_out_tells_no_solution_and_says_points(tmp_path):
    for path in release(lesson_names(), tmp_path):
        text = "\n".join(cell.source for cell in nbformat.read(path, 4).cells)
        assert "<summary>Solution" not in text and "<summary>An answer" not in text
        assert "Hint" in text or path.stem.startswith("00")
    assert "(easy, 5 minutes, 1 point)" in "\n".join(
        c.source for c in nbformat.read(tmp_path / f"{LESSON}.ipynb", 4).cells
    )
    with pytest.raises(LabError, match="is there already"):
        release([LESSON], tmp_path)


def test_marks_of_a_class(tmp_path, capsys):
    """Right, wrong, untouched, a cell that ends the process, a file that is none, a loop without end."""
    folder = tmp_path / "in"
    hand_in(folder, "ada", ("my_generator_loss", RIGHT))
    hand_in(
        folder,
        "bob",
        ("my_generator_loss", WRONG_SIGN),
        ("my_hinge_losses", "def my_hinge_losses(:"),
        name=f"deep/{LESSON}.ipynb",
    )
    hand_in(folder, "cleo", ("my_generator_loss", "def my_generator_loss(x):\n    import os\n    os._exit(3)"))
    (folder / "dan").mkdir()
    (folder / "dan" / f"{LESSON}.ipynb").write_text("no notebook")
    assert main(["class", "collect", str(folder), "--out", str(tmp_path / "marks.csv")]) == 0
    rows = {(row["student"], row["exercise"]): row for row in csv.DictReader((tmp_path / "marks.csv").open())}
    assert rows["ada", "generator_loss"]["state"] == SOLVED and rows["ada", "generator_loss"]["points"] == "1"
    assert rows["ada", "critic_step"]["state"] == OPEN and rows["ada", "critic_step"]["of"] == "4"
    assert rows["bob", "generator_loss"]["state"] == WRONG and "slope" in rows["bob", "generator_loss"]["note"]
    assert rows["bob", "hinge_losses"]["state"] == STOPPED
    assert rows["cleo", "generator_loss"]["state"] == STOPPED and "status 3" in rows["cleo", "generator_loss"]["note"]
    assert (
        rows["dan", "generator_loss"]["state"] == STOPPED and "not a readable" in rows["dan", "generator_loss"]["note"]
    )
    assert "ada: 1 of" in capsys.readouterr().out


def test_a_notebook_that_does_not_end_is_stopped(tmp_path):
    hand_in(tmp_path / "in", "eve", ("my_generator_loss", "def my_generator_loss(x):\n    while True: pass"))
    marks = collect(tmp_path / "in", tmp_path / "marks.csv", seconds=12)
    assert {mark.state for mark in marks} == {STOPPED} and "12 seconds" in marks[0].note


def test_an_empty_folder_is_told(tmp_path):
    with pytest.raises(LabError, match="no notebook"):
        collect(tmp_path, tmp_path / "marks.csv")
