"""README.md says what was measured: its tables and its pictures are those that the tools would write now."""

import base64
import json

import nbformat
import pytest

from labkit.errors import LabError
from labkit.folders import Folders
from labkit.ledger import readme
from labkit.notebooks import lesson_names
from labkit.paths import ROOT


def test_the_table_is_the_recorded_one():
    text = (ROOT / "README.md").read_text(encoding="utf8")
    assert text == readme.with_table(text, readme.lesson_table()), "run `make sync`"


def test_the_costs_are_the_recorded_ones():
    text = (ROOT / "README.md").read_text(encoding="utf8")
    assert text == readme.with_table(text, readme.cost_table(), readme.COSTS_BEGIN, readme.COSTS_END), "run `make sync`"


def test_the_folder_of_data_says_whose_drawings_the_portraits_are():
    text = (ROOT / "data" / "README.md").read_text(encoding="utf8")
    styles = readme.style_list()
    assert text == readme.with_table(text, styles, readme.STYLES_BEGIN, readme.STYLES_END), "run `make sync`"
    assert "Pablo Stanley, Free for personal and commercial use" in styles and "Micah Lanier, CC BY 4.0" in styles


def test_a_row_of_costs_has_ratios_to_cyclegan_and_names_the_machine(tmp_path):
    folders = Folders.under(tmp_path)
    assert "make bench" in readme.cost_table(folders)
    base = {"gflop": 1000.0, "saved": 2**30, "seconds_float32": 4.0, "memory_float32": 2**30}
    base |= {"seconds_bfloat16": 6.0, "memory_bfloat16": 2**29}
    made = {"accelerator": None, "processor": "Abacus 5", "packages": {"torch": "2.0"}, "date": "2026-01-01"}
    rows = {"CycleGAN": base, "CUT": {key: value // 2 for key, value in base.items()}}
    folders.results.mkdir()
    (folders.results / "bench.json").write_text(json.dumps({"size": 128, "rows": rows, "environment": made}))
    table = readme.cost_table(folders)
    assert "one thread of Abacus 5" in table and "measured at 128 px" in table
    assert table.splitlines()[-1] == "| CUT | 500 | 0.50 | 512 MB | 0.50 | 2.00 | 0.50 | 0.50 | 0.50 | 0.50 |"


def test_the_pictures_are_the_notebooks_and_each_lesson_has_one():
    shown = readme.pictures()
    assert list(shown) == lesson_names()
    stored = {path.stem: path.read_bytes() for path in (ROOT / "docs").glob("[0-9][0-9]_*.png")}
    assert stored == shown, "run `make sync`"


def test_a_row_counts_the_verdicts_and_a_lesson_without_record_says_so(tmp_path):
    folders = Folders.under(tmp_path)
    folders.lessons.mkdir()
    for name in ("01_a", "02_b"):
        (folders.lessons / f"{name}.md").write_text(f"---\n---\n\n# {name[:2]} · Title\n")
    claims = {f"01.{i}": {"verdict": v} for i, v in enumerate(["holds", "holds", "undecided", "does not hold"])}
    path = folders.verdicts("lesson")
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"01_a": {"seconds": 71, "claims": claims}}))
    curves, grid = b"curves", b"grid"
    outputs = [
        nbformat.v4.new_output("display_data", {"image/png": base64.b64encode(png).decode()}) for png in (curves, grid)
    ]
    cell = nbformat.v4.new_code_cell("1", outputs=outputs, metadata={"tags": ["headline"]})
    folders.notebooks.mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folders.notebooks / "01_a.ipynb")
    assert readme.pictures(folders) == {"01_a": grid}
    rows = readme.lesson_table(folders).splitlines()
    image = '<img src="docs/01_a.png" width="200" alt="">'
    assert rows[2] == f"| {image} | [01 · Title](notebooks/01_a.ipynb) | 2 | 1 | 1 | 71 |"
    assert rows[3] == "|  | [02 · Title](notebooks/02_b.ipynb) | – | – | – | – |"


def test_a_readme_without_markers_is_refused():
    with pytest.raises(LabError, match="markers"):
        readme.with_table("# Title", "table")
