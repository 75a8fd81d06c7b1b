"""Lesson text to notebook: what is kept, what is run again, and what the check finds."""

import json
import shutil

import nbformat
import pytest

from labkit import notebooks
from labkit.errors import LabError

HEADER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
    format_version: 0.13
kernelspec:
  display_name: Python 3 (ipykernel)
  language: python
  name: python3
---
"""
LESSON = (
    HEADER
    + """
# A lesson

```{code-cell} ipython3
:tags: [parameters]

profile = "lesson"
```

Some words.

+++

More words.

```{code-cell} ipython3
print("hello", end=" ")
print("you")
```

```{code-cell} ipython3
6 * 7
```
"""
)


@pytest.fixture
def house(tmp_path):
    (tmp_path / "lessons").mkdir()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "lessons" / "01_one.md").write_text(LESSON)
    return {"lessons_dir": tmp_path / "lessons", "notebooks_dir": tmp_path / "notebooks"}


def notebook(house):
    return nbformat.read(house["notebooks_dir"] / "01_one.ipynb", as_version=4)


def edit(house, old, new):
    path = house["lessons_dir"] / "01_one.md"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


@pytest.fixture
def executed(house, monkeypatch):
    """A lesson and its executed notebook; from here on a kernel must not be started unless a test allows it."""
    assert notebooks.sync(**house) == 0
    monkeypatch.setattr(notebooks, "run_cells", lambda *_: pytest.fail("ran a notebook that needed no run"))
    return house


def test_sync_writes_an_executed_notebook(house):
    assert notebooks.problems("01_one", **house) == ["the notebook is missing; run `make sync`"]
    assert notebooks.sync(**house) == 0
    assert notebooks.problems("01_one", **house) == []
    stored = notebook(house)
    assert [cell.cell_type for cell in stored.cells] == ["markdown", "code", "markdown", "markdown", "code", "code"]
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3]
    assert code[0].metadata == {"tags": ["parameters"]} and code[1].metadata == {}
    assert code[1].outputs[0].text == "hello you\n" and len(code[1].outputs) == 1
    assert code[2].outputs[0].data == {"text/plain": "42"}
    # A second run gives the same file, byte for byte.
    first = (house["notebooks_dir"] / "01_one.ipynb").read_bytes()
    assert notebooks.sync(force=True, **house) == 0
    assert (house["notebooks_dir"] / "01_one.ipynb").read_bytes() == first


def test_changed_words_need_no_kernel(executed):
    edit(executed, "Some words.", "Other words.")
    assert notebooks.problems("01_one", **executed) == [
        "cell 3 differs between lesson and notebook; run `make sync`",
    ]
    assert notebooks.sync(**executed) == 0
    assert notebooks.problems("01_one", **executed) == []
    assert notebook(executed).cells[-1].outputs[0].data == {"text/plain": "42"}


def test_changed_tags_need_no_kernel(executed):
    edit(executed, "ipython3\n6 * 7", "ipython3\n:tags: [headline]\n\n6 * 7")
    assert notebooks.problems("01_one", **executed) == [
        "cell 6 differs between lesson and notebook; run `make sync`",
    ]
    assert notebooks.sync(**executed) == 0
    last = notebook(executed).cells[-1]
    assert last.metadata == {"tags": ["headline"]} and last.outputs[0].data == {"text/plain": "42"}


def test_changed_code_drops_the_outputs_from_there_on(executed):
    edit(executed, 'print("you")', 'print("all")')
    assert notebooks.sync(execute=False, **executed) == 0
    code = [cell for cell in notebook(executed).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, None, None] and not code[2].outputs
    assert "not executed" in notebooks.problems("01_one", **executed)[0]


def test_changed_knobs_run_the_lesson_again(executed, monkeypatch):
    path = executed["lessons_dir"] / "profiles.yml"
    path.write_text("01_one: {lesson: {steps: 3}, smoke: {steps: 1}}\n")
    assert "other knobs" in notebooks.problems("01_one", **executed)[0]
    ran = []
    monkeypatch.setattr(notebooks, "run_cells", lambda lesson, *_: ran.append(1) or lesson)
    assert notebooks.sync(**executed) == 0 and ran == [1]
    path.write_text("01_one: {lesson: {steps: 3}, smoke: {steps: 2}}\n")  # smoke is not what the outputs show
    assert notebooks.sync(**executed) == 0 and ran == [1]


def test_a_failing_lesson_leaves_the_stored_notebook_alone(house, capsys):
    assert notebooks.sync(**house) == 0
    before = (house["notebooks_dir"] / "01_one.ipynb").read_bytes()
    edit(house, "6 * 7", "6 / 0")
    assert notebooks.sync(**house) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert (house["notebooks_dir"] / "01_one.ipynb").read_bytes() == before


def tamper(house, change):
    path = house["notebooks_dir"] / "01_one.ipynb"
    content = json.loads(path.read_text())
    change(content["cells"])
    path.write_text(json.dumps(content))


def figure(size: int) -> dict:
    data = {"image/png": "A" * (size * 4 // 3), "text/plain": "<Figure>"}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def stream(text: str) -> dict:
    return {"output_type": "stream", "name": "stdout", "text": text}


ERROR = {"output_type": "error", "ename": "ValueError", "evalue": "", "traceback": []}


ADDED = {"cell_type": "markdown", "id": "new", "metadata": {}, "source": "Mine."}
EDITS = {
    "cell 5": lambda cells: cells[4].update(source='print("mine")'),
    "cell 3": lambda cells: cells[2].update(source="My words."),
    "cell 7": lambda cells: cells.append(ADDED),
    "cell 4 of the text is gone": lambda cells: cells.pop(3),
    "the order of the cells": lambda cells: cells.insert(2, cells.pop(3)),
}


@pytest.mark.parametrize("says", EDITS)
def test_what_somebody_changed_in_a_notebook_is_not_dropped(executed, says):
    tamper(executed, EDITS[says])
    before = (executed["notebooks_dir"] / "01_one.ipynb").read_bytes()
    edit(executed, "# A lesson", "# Another title")  # the text may have gone on meanwhile
    for options in ({}, {"force": True}, {"execute": False}):
        with pytest.raises(LabError, match=rf"01_one\.ipynb: {says}\. Carry.*--from-notebook.*--discard-edits"):
            notebooks.sync(**executed, **options)
    assert (executed["notebooks_dir"] / "01_one.ipynb").read_bytes() == before


@pytest.mark.parametrize("says", [says for says in EDITS if "gone" not in says and "order" not in says])
def test_nor_in_a_notebook_that_was_written_before_there_was_a_mark(executed, says):
    path = executed["notebooks_dir"] / "01_one.ipynb"
    content = json.loads(path.read_text())
    del content["metadata"]["labkit"]["cells"]
    path.write_text(json.dumps(content))
    edit(executed, "Some words.\n\n+++", "Some words.\n\nAnd more.\n\n+++")
    assert notebooks.edits(notebooks.read_lesson(executed["lessons_dir"] / "01_one.md"), notebook(executed)) == []
    tamper(executed, EDITS[says])
    with pytest.raises(LabError, match=rf"01_one\.ipynb: {says}\."):
        notebooks.sync(**executed)


@pytest.mark.parametrize("says", EDITS)
def test_it_is_carried_into_the_text_on_request_and_nothing_else_there_changes(executed, says):
    tamper(executed, EDITS[says])
    text = executed["lessons_dir"] / "01_one.md"
    before = text.read_text().splitlines()
    notebooks.carry_into_text(["01"], **executed)
    after = text.read_text().splitlines()
    stored = notebook(executed)
    assert [(c.cell_type, c.source) for c in notebooks.read_lesson(text).cells] == [
        (c.cell_type, c.source) for c in stored.cells
    ]
    assert len(set(before) ^ set(after)) <= 3
    code = [cell.execution_count for cell in stored.cells if cell.cell_type == "code"]
    assert code == ([1, None, None] if says == "cell 5" else [1, 2, 3])  # what may be stale is run again
    notebooks.carry_into_text(["01"], **executed)
    assert text.read_text().splitlines() == after
    assert notebooks.sync(execute=False, **executed) == 0


def test_where_the_text_was_changed_too_nothing_is_written(executed):
    tamper(executed, EDITS["cell 3"])
    text = executed["lessons_dir"] / "01_one.md"
    for old, new in (("More words.", "Other words."), ("+++\n\nOther words.\n", "")):
        edit(executed, old, new)
        files = [text, executed["notebooks_dir"] / "01_one.ipynb"]
        before = [path.read_bytes() for path in files]
        with pytest.raises(LabError, match=r"01_one\.md was changed since sync, and so was 01_one\.ipynb \(cell 3"):
            notebooks.carry_into_text(["01"], **executed)
        assert [path.read_bytes() for path in files] == before


@pytest.mark.parametrize("name", notebooks.lesson_names())
def test_of_a_real_lesson_only_the_changed_cell_changes(tmp_path, name):
    house = {"lessons_dir": tmp_path / "lessons", "notebooks_dir": tmp_path / "notebooks"}
    house["lessons_dir"].mkdir()
    shutil.copy(notebooks.paths.LESSONS / f"{name}.md", house["lessons_dir"])
    lesson = notebooks.read_lesson(house["lessons_dir"] / f"{name}.md")
    lesson.cells[-1].source += " MINE"
    notebooks.write_notebook(lesson, house["notebooks_dir"] / f"{name}.ipynb")
    before = (house["lessons_dir"] / f"{name}.md").read_text()
    notebooks.carry_into_text([name], **house)
    after = (house["lessons_dir"] / f"{name}.md").read_text()
    assert after != before and after.replace(" MINE", "") == before


def test_it_is_dropped_on_request(executed):
    tamper(executed, EDITS["cell 3"])
    assert notebooks.sync(discard_edits=True, **executed) == 0
    assert notebook(executed).cells[2].source == "Some words."


def test_a_change_that_the_text_has_too_is_no_edit(executed):
    """As JupyterLab saves a pair: both halves at once."""
    tamper(executed, EDITS["cell 3"])
    edit(executed, "Some words.", "My words.")
    assert notebooks.sync(**executed) == 0
    assert notebook(executed).cells[2].source == "My words."


def test_a_change_of_the_text_is_no_edit_of_the_notebook(executed):
    edit(executed, "Some words.\n\n+++\n\nMore words.", "Other words.")
    assert notebooks.sync(**executed) == 0
    assert [cell.source for cell in notebook(executed).cells[2:3]] == ["Other words."]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda cells: cells.pop(2), "cell 3 differs"),
        (lambda cells: cells.append(cells[0] | {"id": "other"}), "the lesson has 6 cells, the notebook 7"),
        (lambda cells: cells[1]["metadata"].clear(), "cell 2 differs"),
        (lambda cells: cells[4].update(source="print(1)"), "cell 5 differs"),
        (lambda cells: cells[4].update(execution_count=None), "not executed"),
        (lambda cells: cells[4].update(execution_count=7), "not in order"),
        (lambda cells: cells[4]["outputs"].append(ERROR), "error output (ValueError)"),
        (lambda cells: cells[4]["outputs"].append(figure(120_000)), "figure of 120 kB"),
        (lambda cells: cells[4]["outputs"].append(stream("x" * 1_600_000)), "weighs 1.60 MB"),
        (lambda cells: cells[4]["outputs"].append(stream("at /home/somebody/lab/x.py")), "path of this machine"),
        (lambda cells: cells[4]["outputs"].append(stream(f"at {notebooks.paths.ROOT}")), "path of this machine"),
        (
            lambda cells: cells[4]["outputs"].append(stream("/opt/x/site-packages/a.py:1: Warning")),
            "path of this machine",
        ),
    ],
)
def test_the_check_finds(executed, change, says, capsys):
    tamper(executed, change)
    found = notebooks.problems("01_one", **executed)
    assert len(found) == 1 and says in found[0]
    assert notebooks.check(**executed) == 1 and f"01_one: {found[0]}" in capsys.readouterr().out


def test_a_figure_of_the_allowed_size_passes(executed, capsys):
    tamper(executed, lambda cells: cells[4]["outputs"].append(figure(90_000)))
    assert notebooks.check(**executed) == 0
    assert "in step" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["# no header\n", "---\njupytext: [\nformat_name: myst\n---\n"])
def test_a_text_that_is_no_lesson(house, text):
    (house["lessons_dir"] / "01_one.md").write_text(text)
    with pytest.raises(LabError, match="01_one.md"):
        notebooks.sync(**house)


def test_a_broken_notebook_is_named_and_forced_anew(executed):
    (executed["notebooks_dir"] / "01_one.ipynb").write_text("{")
    with pytest.raises(LabError, match="01_one.ipynb"):
        notebooks.sync(**executed)


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (None, ["01_one", "02_two", "10_ten"]),
        ([], ["01_one", "02_two", "10_ten"]),
        (["2"], ["02_two"]),
        (["10", "01"], ["01_one", "10_ten"]),
        (["lessons/02_two.md"], ["02_two"]),
        (["02_two.ipynb", "02"], ["02_two"]),
    ],
)
def test_select(wanted, chosen):
    assert notebooks.select(wanted, ["01_one", "02_two", "10_ten"]) == chosen


def test_select_names_what_there_is():
    with pytest.raises(LabError, match="01_one, 02_two"):
        notebooks.select(["03"], ["01_one", "02_two"])


def test_streams_are_joined_and_widgets_are_a_sentence():
    outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="a"),
        nbformat.v4.new_output("stream", name="stdout", text="b"),
        nbformat.v4.new_output("stream", name="stderr", text="c"),
        nbformat.v4.new_output("display_data", {notebooks.WIDGET_VIEW: {"model_id": "1"}, "text/plain": "IntSlider()"}),
    ]
    cell = nbformat.v4.new_code_cell("x", outputs=outputs, execution_count=9)
    (clean,) = notebooks.normalise(nbformat.v4.new_notebook(cells=[cell])).cells
    assert [output.get("text") for output in clean.outputs] == ["ab", "c", None]
    assert clean.outputs[2].data == {"text/plain": notebooks.WIDGET_TEXT} and clean.execution_count == 1
