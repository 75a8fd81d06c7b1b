"""The two scripts to take along take labkit's steps, number for number, and train, stop and go on by themselves."""

import importlib.util

import numpy as np
import pytest
import torch
from PIL import Image

import labkit.torchvision_shim  # noqa: F401 (before torchvision, on machines where its wheel needs it)
from labkit.paths import ROOT
from labkit.systems import build
from labkit.train import train

LINES = 160


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "standalone" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def copy_weights(theirs, ours):
    for a, b in zip(theirs.parameters(), ours.parameters(), strict=True):
        assert a.shape == b.shape
        b.data.copy_(a.data)


@pytest.fixture
def double():
    """Sixteen digits: in eight, Adam makes a whole step of a gradient that is nothing but rounding."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


class Given:
    """The same two pictures of each domain at every step."""

    def __init__(self):
        generator = torch.Generator().manual_seed(0)
        self.pictures = {domain: torch.rand(2, 3, 32, 32, generator=generator) * 2 - 1 for domain in "AB"}

    def batch(self, step, rank=0, world=1):
        return self.pictures


def largest_difference(theirs, ours):
    """Of the weights. A bias before a norm has no effect, and a gradient of rounding alone."""
    pairs = zip(theirs.parameters(), ours.parameters(), strict=True)
    return max((a - b).abs().max().item() for a, b in pairs if a.dim() > 1)


def take_the_same_steps(theirs, ours, parts):
    """Three steps of a system and of a script from equal weights. parts: name in labkit -> name in the script."""
    for name, own in parts.items():
        copy_weights(getattr(theirs, name), getattr(ours, own))
    given = Given()
    history = train(theirs, given, 3)
    paid = [ours.step(given.pictures["A"], given.pictures["B"]) for _ in range(3)]
    terms = [term for term in history.terms() if term.startswith("G/")]
    asked = [sum(history.curve(term)[1][step] for term in terms) for step in range(3)]
    assert [loss_G for loss_G, _ in paid] == pytest.approx(asked, rel=1e-9)
    for name, own in parts.items():
        assert largest_difference(getattr(theirs, name), getattr(ours, own)) < 1e-9


def test_cyclegan_takes_the_same_steps(double):
    torch.manual_seed(0)
    ours = script("train_cyclegan").CycleGAN(n=8, blocks=1, pool=0)
    theirs = build("cyclegan", {"ngf": 8, "ndf": 8, "blocks": 1, "pool": 0, "constant_share": 1.0})
    take_the_same_steps(theirs, ours, {name: name for name in ("G_AB", "G_BA", "D_A", "D_B")})


def test_cut_takes_the_same_steps(double):
    """With all places drawn, so that the order in which they are drawn does not count."""
    torch.manual_seed(0)
    ours = script("train_cut").CUT(n=8, blocks=5, dim=16, patches=10**6)
    sizes = {"ngf": 8, "ndf": 8, "blocks": 5, "dim": 16, "num_patches": 10**6}
    theirs = build("cut", sizes | {"constant_share": 1.0})
    take_the_same_steps(theirs, ours, {"G_AB": "G", "D_B": "D", "F": "F"})


@pytest.mark.parametrize("name", ["train_cyclegan", "train_cut"])
def test_a_script_trains_on_two_folders_and_goes_on(name, tmp_path, capsys):
    random = np.random.default_rng(0)
    for domain in "AB":
        (tmp_path / domain).mkdir()
        for i in range(3):
            pixels = random.integers(0, 255, (40, 50, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / domain / f"{i}.jpg")
    options = ["--A", str(tmp_path / "A"), "--B", str(tmp_path / "B"), "--out", str(tmp_path / "run"), "--size", "32"]
    options += ["--width", "4", "--blocks", "5", "--every", "1"]
    main = script(name).main
    main([*options, "--steps", "1"])
    main([*options, "--steps", "2"])
    said = capsys.readouterr().out
    assert said.count("step 1:") == 1 and said.count("step 2:") == 1
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["1.png", "2.png", "checkpoint.pt"]


def test_a_script_can_be_read_in_one_sitting():
    for path in (ROOT / "standalone").glob("*.py"):
        lines = path.read_text().splitlines()
        assert len(lines) <= LINES and not [line for line in lines if "labkit" in line]
