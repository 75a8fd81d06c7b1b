"""A recorded network of its own folder, small enough for tests."""

from dataclasses import replace

import pytest
import torch

from labkit import networks, paths
from labkit.networks import store
from labkit.runs import RunSpec, run

METRICS = {
    "seeds": [3, 4],
    "measures": {"label_accuracy": {"values": [0.25, 0.5], "n": 450, "split": "test", "judge": "glyph_digits"}},
}


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A checkout without networks, and an empty cache."""
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(store, "INDEX", tmp_path / "index.json")
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LABKIT_NETWORKS", raising=False)
    return tmp_path


@pytest.fixture
def spec():
    settings = {"channels": 1, "ngf": 4, "ndf": 4, "blocks": 1, "d_layers": 1, "lambda_idt": 0.0}
    data_settings = {"size": 16, "n_train": 40}
    return RunSpec("cyclegan", "digits_to_glyphs", 3, 2, settings=settings, data_settings=data_settings, seed=3)


@pytest.fixture
def keep(house):
    """A function: train a specification and record it as 03_test/<arm>; returns the run."""

    def keep(spec, arm="cycle", networks_kept=True):
        trained = run(spec, house / "runs" / arm)
        images = trained.dataset.test["A"].images[:4]
        with torch.no_grad():
            strip = {"real_A": images, "after 0": -images, "end (3)": trained.system.translate(images)}
        history = {"G/cyc_A": [[0, 2], [1.0, 0.5]]}
        networks.record(f"03_test/{arm}", "study", trained, METRICS, history, strip, networks_kept)
        return trained

    return keep


@pytest.fixture
def averaged(spec):
    return replace(spec, settings=spec.settings | {"ema": 0.9})
