"""pyproject.toml says what is needed, constraints.txt pins it, environment.yml hands both to conda: one source."""

import re
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from labkit.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
LINES = dict.fromkeys([*PROJECT["dependencies"], *(line for extra in EXTRAS.values() for line in extra)])
REQUIREMENTS = [Requirement(line) for line in LINES]


def pins() -> dict[str, str]:
    lines = [line.split("#")[0].strip() for line in (ROOT / "constraints.txt").read_text().splitlines()]
    pairs = [line.partition("==") for line in lines if line]
    return {canonicalize_name(name): version for name, _, version in pairs}


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=str)
def test_what_is_needed_is_pinned_within_its_range(requirement):
    pinned = pins()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(Version(pinned))


def test_each_line_is_an_exact_pin_that_every_machine_can_install():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and line[0] != "#"]
    for line in lines:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line), f"{line}: no exact pin without local tag"
    # GPU users get theirs with torch itself.
    assert not [name for name in pins() if name.startswith(("nvidia", "cuda", "triton", "pytorch-triton"))]
    assert len(lines) == len(pins()), "a package is pinned twice"


def test_conda_gets_the_same():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *packages, from_pip = environment["dependencies"]
    assert from_pip == {"pip": ["-c constraints.txt", "-e .[dev]"]}
    (python,) = [package for package in packages if package.startswith("python")]
    oldest = PROJECT["requires-python"]
    assert python == f"python={oldest.removeprefix('>=')}"
    assert {"pip", "make"} <= set(packages)


def test_the_makefile_installs_the_same():
    makefile = (ROOT / "Makefile").read_text()
    assert "-c constraints.txt -e '.[dev]'" in makefile
    assert "$(READY): pyproject.toml constraints.txt" in makefile


def test_ci_runs_the_test_command():
    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith("\nmake test")


def test_what_labkit_imports_is_named_in_pyproject():
    """A package that another one happens to bring along may be gone with its next version."""
    named = {canonicalize_name(requirement.name) for requirement in REQUIREMENTS}
    import_names = {"sklearn": "scikit-learn", "skimage": "scikit-image", "PIL": "pillow", "yaml": "pyyaml"}
    import_names |= {"lightning": "lightning-fabric", "dicebear": "dicebear-core"}
    pattern = re.compile(r"^\s*(?:import|from)\s+([A-Za-z_]\w*)", re.MULTILINE)
    found = {}
    for path in (ROOT / "labkit").rglob("*.py"):
        code = re.sub(r'("""|\'\'\').*?\1', "", path.read_text(), flags=re.DOTALL)
        found |= {name: path.name for name in pattern.findall(code)}
    foreign = {name: file for name, file in found.items() if name not in sys.stdlib_module_names and name != "labkit"}
    missing = {n: f for n, f in foreign.items() if canonicalize_name(import_names.get(n, n)) not in named}
    assert missing == {}
