"""The files by which others come in: they name what there is."""

import json
import os
import re
import tomllib

import yaml

from labkit.paths import ROOT
from labkit.systems import SYSTEMS

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_the_workflow_calls_targets_that_exist_on_pythons_that_are_declared():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    commands = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.M))
    called = {word for command in commands for word in re.findall(r"make (\w+)", command)}
    assert called and called <= targets
    assert ".ci/run" in commands and os.access(ROOT / ".ci" / "run", os.X_OK)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {line.rpartition(" ")[2] for line in project["classifiers"] if re.search(r"Python :: 3\.\d+$", line)}
    assert set(workflow["jobs"]["tests"]["strategy"]["matrix"]["python-version"]) == declared


def test_the_container_and_binder_install_what_is_pinned():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert container["postCreateCommand"] == "make .venv/.ready"
    script = ROOT / ".binder" / "postBuild"
    assert os.access(script, os.X_OK) and "-c constraints.txt -e ." in script.read_text()


def test_the_guide_names_files_and_commands_that_exist():
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    named = re.findall(r"`((?:labkit|lessons|results|tests)/[\w./]*)`", guide)
    missing = [path for path in named if "NN" not in path and not (ROOT / path).exists()]
    assert len(named) > 6 and missing == []
    assert "cyclegan" in SYSTEMS
    from labkit.__main__ import _parser

    known = _parser().format_help()
    assert all(f" {command} " in known for command in re.findall(r"python -m labkit (\w+)", guide))


def test_one_version_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == VERSION and f"Version {VERSION}" in (ROOT / "README.md").read_text()
    assert f"## {VERSION}" in (ROOT / "CHANGELOG.md").read_text()
