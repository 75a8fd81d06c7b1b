"""Tiny lessons in a folder of their own, for the tests of the runner, the ledger and the report."""

from pathlib import Path

import nbformat
import yaml

from labkit.folders import Folders

# The last cell of a lesson that measures a = {value} and b = 1.
JUDGE = """
from labkit.ledger import judge
verdicts = judge("{lesson}", profile, {{"a": {value}, "b": 1.0}}, "../lessons/claims.yml")
print(verdicts.verdicts())
"""


def write_lesson(folders: Folders, lesson: str, *code: str, parameters: str = 'profile = "lesson"') -> None:
    """A lesson text and an unexecuted notebook whose code cells are `parameters` and `code`."""
    cells = [nbformat.v4.new_markdown_cell(f"# Lesson {lesson}\n\nA formula: $x_i^2$.")]
    cells.append(nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    cells += [nbformat.v4.new_code_cell(source) for source in code]
    folders.notebooks.mkdir(parents=True, exist_ok=True)
    folders.lessons.mkdir(parents=True, exist_ok=True)
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, folders.notebooks / f"{lesson}.ipynb")
    (folders.lessons / f"{lesson}.md").write_text("(the runner reads the notebook)")


def claim(lesson: str = "01_one", name: str = "a-over-b", **changes) -> dict:
    number = lesson.split("_")[0]
    rule = {"measure": "a", "comparison": "greater", "reference": "b", "margin": 0.5, "seeds": [0]}
    content = {
        "id": f"{number}.{name}",
        "lesson": lesson,
        "statement": "a is above b.",
        "kind": "direction",
        "source": {"paper": "Somebody et al. 2017", "arxiv": "1703.10593", "where": "Table 1"},
        "published": {"value": 2.0, "provenance": "checked"},
        "rules": {"smoke": dict(rule), "lesson": dict(rule)},
    }
    return content | changes


def write_claims(folders: Folders, *claims: dict) -> Path:
    path = folders.lessons / "claims.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(list(claims)))
    return path
