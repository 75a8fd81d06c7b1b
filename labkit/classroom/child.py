"""The exercises of one notebook, in a process of its own: `python -m labkit.classroom.child NOTEBOOK CHECK …`.

Of the notebook's code it runs imports, and in the section of the exercises definitions and checks: no training, no
figure. For each check it prints a line of JSON: [check, state, note].
"""

import ast
import contextlib
import io
import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from labkit.classroom.collect import OPEN, SOLVED, WRONG
from labkit.exercises.check import Exercise, Unsolved
from labkit.notebooks import read_notebook

DEFINITIONS = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


def main(path: Path, checks: list[str]) -> None:
    """Run the notebook's exercises and say of each of `checks` how far it has come."""
    space = {"__name__": "__main__"}
    for statement in _statements(path):
        called = _check_of(statement, checks)
        if called:
            print(json.dumps(_judge(*called, space)), flush=True)
        else:
            with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
                exec(compile(ast.Module([statement], []), str(path), "exec"), space)


def _statements(path: Path) -> Iterator[ast.stmt]:
    """What is run of the notebook, cell by cell; a cell that Python cannot read is left out."""
    in_exercises = False
    for cell in read_notebook(path).cells:
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                in_exercises = line.startswith("## Exercise") if line.startswith("## ") else in_exercises
            continue
        with contextlib.suppress(SyntaxError):
            for statement in ast.parse(cell.source).body:
                checks = isinstance(statement, ast.Expr) and "lesson" in ast.unparse(statement)
                if isinstance(statement, ast.Import | ast.ImportFrom) or (
                    in_exercises and (checks or isinstance(statement, DEFINITIONS))
                ):
                    yield statement


def _check_of(statement: ast.stmt, checks: list[str]) -> tuple[str, str, str] | None:
    """(module, check, argument) of `lesson03.cycle_loss(cycle_loss)`; None for any other statement."""
    match statement:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(module), check), [ast.Name(student)])) if check in checks:
            return module, check, student
    return None


def _judge(module: str, check: str, student: str, space: dict) -> tuple[str, str, str]:
    exercise: Exercise = getattr(import_module(f"labkit.exercises.{module}"), check)
    if student not in space:
        return check, WRONG, f"`{student}` is not defined: does its cell run?"
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            failed = exercise.broken(space[student])
    except Unsolved:
        return check, OPEN, ""
    return (check, WRONG, failed.hint) if failed else (check, SOLVED, "")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
