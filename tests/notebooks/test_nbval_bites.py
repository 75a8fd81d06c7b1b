"""nbval, run as `make test` runs it, passes a stored notebook and fails one whose stored verdict was changed."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from labkit import notebooks

SANITISE = Path(__file__).parent / "sanitise.cfg"


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """An executed notebook of three cells: a verdict, a figure of a trained run, a widget."""
    cells = [
        nbformat.v4.new_code_cell("print('01.optimal-d | holds')"),
        nbformat.v4.new_code_cell("print('loss', 0.6931, 'steps', 300)", metadata={"tags": ["nbval-tolerance"]}),
        nbformat.v4.new_code_cell("import ipywidgets\nipywidgets.IntSlider()"),
    ]
    return notebooks.run_cells(nbformat.v4.new_notebook(cells=cells), tmp_path_factory.mktemp("run"))


def nbval(notebook, folder) -> subprocess.CompletedProcess:
    nbformat.write(notebook, folder / "three_cells.ipynb")
    options = ["-p", "labkit.nbval_plugin", "-p", "no:cacheprovider", "--nbval", "--nbval-sanitize-with", str(SANITISE)]
    command = [sys.executable, "-m", "pytest", *options, "--rootdir", str(folder), str(folder / "three_cells.ipynb")]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=clean, timeout=120)


def changed(notebook, cell: int, old: str, new: str):
    copy = nbformat.from_dict(notebook)
    assert old in copy.cells[cell].outputs[0].text
    copy.cells[cell].outputs[0].text = copy.cells[cell].outputs[0].text.replace(old, new)
    return copy


def test_passes_as_stored(stored, tmp_path):
    run = nbval(stored, tmp_path)
    assert run.returncode == 0 and "3 passed" in run.stdout, run.stdout


def test_fails_when_the_stored_verdict_is_changed(stored, tmp_path):
    run = nbval(changed(stored, 0, "holds", "does not hold"), tmp_path)
    assert run.returncode == 1 and "1 failed, 2 passed" in run.stdout, run.stdout


def test_the_tolerance_has_two_sides(stored, tmp_path):
    near = changed(stored, 1, "0.6931", "0.6980")
    run = nbval(near, tmp_path)
    assert run.returncode == 0 and "3 passed" in run.stdout, run.stdout
    run = nbval(changed(stored, 1, "0.6931", "0.7031"), tmp_path)
    assert run.returncode == 1 and "1 failed, 2 passed" in run.stdout, run.stdout
