"""A run as an artefact: finished runs are opened, stopped ones go on, nothing is overwritten."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from labkit.errors import LabError
from labkit.runs import open_run, run
from labkit.train import Compute


def same_state(a, b):
    a, b = a.state_dict(), b.state_dict()
    return all(torch.equal(a[key], b[key]) for key in a if not key.startswith("pool"))


def test_leaves_what_it_was_asked_for_what_came_of_it_and_on_which_machine(tmp_path, spec):
    finished = run(spec, tmp_path / "r")
    files = {path.name for path in (tmp_path / "r").iterdir()}
    names = ("spec.json", "compute.json", "history.json", "environment.json", "checkpoint.pt", "weights.safetensors")
    assert files == set(names)
    environment = json.loads((tmp_path / "r" / "environment.json").read_text())
    assert environment["packages"]["torch"].startswith(torch.__version__.split("+")[0])
    assert environment["threads"] == torch.get_num_threads()
    again = open_run(tmp_path / "r")
    assert again.spec == spec
    assert again.history == finished.history
    assert same_state(again.system, finished.system)
    x = finished.dataset.test["A"].images[:3]
    assert torch.equal(again.system.translate(x), finished.system.translate(x))


def test_a_finished_run_is_not_trained_again(tmp_path, spec):
    run(spec, tmp_path)
    before = (tmp_path / "weights.safetensors").stat().st_mtime_ns
    run(spec, tmp_path)
    assert (tmp_path / "weights.safetensors").stat().st_mtime_ns == before


def test_a_run_with_another_specification_is_refused_and_kept(tmp_path, spec):
    run(spec, tmp_path)
    before = (tmp_path / "weights.safetensors").read_bytes()
    with pytest.raises(LabError, match="another specification"):
        run(replace(spec, seed=6), tmp_path)
    assert (tmp_path / "weights.safetensors").read_bytes() == before


def test_the_same_specification_gives_the_same_networks(tmp_path, spec):
    torch.manual_seed(1)
    a = run(spec, tmp_path / "a")
    torch.manual_seed(2)
    b = run(spec, tmp_path / "b")
    assert same_state(a.system, b.system)
    assert a.history == b.history


def test_opening_what_is_no_run_says_so(tmp_path, spec):
    with pytest.raises(LabError, match="no spec.json"):
        open_run(tmp_path)
    (tmp_path / "spec.json").write_text(spec.to_json())
    with pytest.raises(LabError, match="not finished"):
        open_run(tmp_path)
    (tmp_path / "spec.json").write_text("{")
    with pytest.raises(LabError, match="cannot be read"):
        open_run(tmp_path)


def test_weights_of_another_size_are_named(tmp_path, spec):
    run(spec, tmp_path)
    wider = replace(spec, settings=spec.settings | {"ngf": 8})
    (tmp_path / "spec.json").write_text(wider.to_json())
    with pytest.raises(LabError, match=r"weights.safetensors does not hold the networks that .*spec.json describes"):
        open_run(tmp_path)


def test_misspelt_settings_are_named_before_anything_is_trained(tmp_path, spec):
    with pytest.raises(LabError, match="unknown setting 'ngff'; did you mean 'ngf'"):
        run(replace(spec, settings={"ngff": 8}), tmp_path)
    with pytest.raises(LabError, match="no system 'cyclgan'"):
        run(replace(spec, system="cyclgan"), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_run_records_its_average_and_shows_it(tmp_path, spec):
    finished = run(replace(spec, settings=spec.settings | {"ema": 0.9}), tmp_path)
    again = open_run(tmp_path)
    x = finished.dataset.test["A"].images[:2]
    assert torch.equal(finished.system.translate(x), again.system.translate(x))
    assert torch.equal(again.system.G_AB(x), again.system.translate(x))
    stored = load_file(tmp_path / "weights.safetensors")
    pairs = [(stored[f"mean_G_AB.network.{key}"], value) for key, value in again.system.G_AB.state_dict().items()]
    assert all(torch.equal(mean, value) for mean, value in pairs)
    assert not all(torch.equal(stored[f"G_AB.{key}"], value) for key, value in again.system.G_AB.state_dict().items())


def stopped(folder, spec, precision):
    """A run that was begun in `precision` on a processor with units for bfloat16, and stopped halfway."""
    run(spec, folder, Compute(accelerator="cpu", precision=precision), checkpoint_every=2)
    (folder / "weights.safetensors").unlink()


def test_auto_is_said_stored_and_kept_on_another_processor(tmp_path, spec, monkeypatch, capsys):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    stopped(tmp_path, spec, "auto")
    assert "Precision bf16-mixed: this processor has units for bfloat16.\n" in capsys.readouterr().out
    assert json.loads((tmp_path / "compute.json").read_text()) == {"precision": "bf16-mixed"}
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    run(spec, tmp_path, Compute(accelerator="cpu", precision="auto"))
    assert "Precision bf16-mixed: the one this run began with.\n" in capsys.readouterr().out
    assert json.loads((tmp_path / "compute.json").read_text()) == {"precision": "bf16-mixed"}


def test_another_precision_than_the_run_s_is_refused(tmp_path, spec):
    stopped(tmp_path, spec, "bf16-mixed")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(LabError, match="was begun in precision bf16-mixed and goes on in it, not in 32-true"):
        run(spec, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_run_without_a_stored_precision_goes_on_in_float32(tmp_path, spec):
    stopped(tmp_path, spec, "32-true")
    (tmp_path / "compute.json").unlink()
    run(spec, tmp_path, Compute(accelerator="cpu", precision="auto"))
    assert json.loads((tmp_path / "compute.json").read_text()) == {"precision": "32-true"}
    (tmp_path / "weights.safetensors").unlink()
    (tmp_path / "compute.json").write_text("[]")
    with pytest.raises(LabError, match="compute.json cannot be read"):
        run(spec, tmp_path)
