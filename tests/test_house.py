"""The order of the house: what may import what, checked over the text of every module, in functions as at the top."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from labkit.paths import ROOT

# From the ground up. A module imports from its own part and from floors below, never from a neighbour or from above.
FLOORS = [
    [
        *("errors", "pace", "paths", "settings", "yamlfile", "environment", "profiles", "folders", "progress"),
        *("torchvision_shim",),
    ],
    ["lab"],
    ["nets"],
    ["losses", "data"],
    ["judges"],  # below the systems: DTN and XGAN are built around one
    ["systems"],
    ["train", "metrics", "text"],
    ["runs"],
    ["evaluation"],
    ["networks"],
    ["study"],
    ["notebooks"],
    ["views", "ledger", "exercises"],
    ["book", "classroom"],
    ["reproduce", "nbval_plugin"],
    ["__main__"],
]
JUPYTER = {
    *("IPython", "ipykernel", "ipywidgets", "jupyter_client", "jupyter_core", "jupyterlab", "jupytext", "traitlets"),
    *("nbclient", "nbconvert", "nbformat", "papermill"),
}
WITHOUT_JUPYTER = {part for floor in FLOORS[:11] for part in floor} | {"__main__"}


def modules(root: Path) -> dict[str, Path]:
    """Every module of the package in the folder `root` by its dotted name; a package by its own."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path, known: set[str], top_only: bool = False) -> set[str]:
    """What a module imports, in functions too (not with `top_only`), but for what is there for type checkers alone.

    `from package import name` is an import of the module `package.name` where there is one, else of the package.
    """
    found = set()
    todo = [ast.parse(path.read_text())]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative imports are not used here"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else node.module for name in whole}
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            todo += node.orelse
        elif not (top_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            todo += ast.iter_child_nodes(node)
    return found


def faults(root: Path, floors: list[list[str]]) -> list[str]:
    """A sentence for each import that does not go down, each circle, and each part of the package without a floor."""
    package, known = root.name, modules(root)
    floor_of = {part: number for number, floor in enumerate(floors) for part in floor}
    part_of = {name: name.split(".")[1] for name in known if name != package}
    found = [f"{part} has no floor: give it one in FLOORS" for part in sorted(set(part_of.values()) - floor_of.keys())]
    graph = {name: imports(path, set(known)) & known.keys() for name, path in known.items()}
    for name, wanted in graph.items():
        for other in sorted(wanted - {package}):
            here, there = part_of.get(name), part_of[other]
            if here in floor_of and there in floor_of and here != there and floor_of[here] <= floor_of[there]:
                ground = floor_of[here] == floor_of[there] == 0  # the ground is one part
                found += [] if ground else [f"{name} imports {other}, which is not below it"]
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found.append(f"a circle: {' ← '.join(error.args[1])}")
    return found


def test_imports_run_one_way():
    assert faults(ROOT / "labkit", FLOORS) == []


def test_the_floors_name_what_there_is():
    parts = {name.split(".")[1] for name in modules(ROOT / "labkit") if name != "labkit"}
    assert {part for floor in FLOORS for part in floor} == parts


def test_only_exercises_bear_a_lessons_number():
    names = [path.relative_to(ROOT / "labkit") for path in (ROOT / "labkit").rglob("*") if path.suffix != ".pyc"]
    numbered = [str(name) for name in names if re.search(r"(?<!\d)[01]\d(?!\d)|lesson\d", name.stem)]
    assert numbered and all(name.startswith("exercises") for name in numbered)


def test_what_runs_without_a_notebook_needs_no_jupyter():
    for name, path in modules(ROOT / "labkit").items():
        if name != "labkit" and name.split(".")[1] in WITHOUT_JUPYTER:
            wanted = {found.partition(".")[0] for found in imports(path, set(), top_only=name == "labkit.__main__")}
            assert not wanted & JUPYTER, f"{name} imports {', '.join(sorted(wanted & JUPYTER))}"


@pytest.fixture
def house(tmp_path):
    """Two floors and three modules, as they should be."""

    def build(**texts):
        texts = {"low": "import os\n", "low2": "", "high": "from house import low\n"} | texts
        for name, text in texts.items():
            path = tmp_path / "house" / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".py").write_text(text)
        return faults(tmp_path / "house", [["ground"], ["low", "low2"], ["high"]])

    return build


def test_a_house_in_order_has_no_faults(house):
    assert house() == []
    assert house(high="from house.low import something\n", low="from typing import TYPE_CHECKING\n") == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("import house.high\n", "house.low imports house.high, which is not below it"),
        ("def f():\n    from house import high\n", "house.low imports house.high, which is not below it"),
        ("class C:\n    def f(self):\n        if 1:\n            from house.high import x\n", "imports house.high"),
        ("from house import low2\n", "house.low imports house.low2, which is not below it"),
    ],
)
def test_a_planted_import_of_a_neighbour_or_from_above_is_found(house, text, fault):
    assert any(fault in found for found in house(low=text))


def test_a_circle_inside_one_part_is_found(house):
    parts = {"low__a": "from house.low import b\n", "low__b": "def f():\n    from house.low.a import x\n"}
    found = house(**parts)
    assert len(found) == 1 and "house.low.a" in found[0] and found[0].startswith("a circle")


def test_what_is_for_type_checkers_alone_does_not_count(house):
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house.high import X\n"
    assert house(low=text) == []


def test_a_part_without_a_floor_is_named(house):
    assert house(attic="") == ["attic has no floor: give it one in FLOORS"]
