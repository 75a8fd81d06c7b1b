"""The command line as its user meets it."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from labkit.__main__ import main


def picture(path, seed, size=(40, 32)):
    rng = np.random.default_rng(seed)
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(rng.integers(0, 255, (*size[::-1], 3), dtype=np.uint8)).save(path)


@pytest.fixture
def folders(tmp_path):
    for side, count in (("horses", 18), ("zebras", 20)):
        for i in range(count):
            picture(tmp_path / side / f"{i}.png", i)
    return tmp_path


def train(folders, *more):
    command = ["train", "cyclegan", "--A", str(folders / "horses"), "--B", str(folders / "zebras")]
    small = ["--size", "16", "--steps", "2", "--set", "ngf=4", "ndf=4", "blocks=1", "d_layers=1"]
    return main([*command, *small, "--accelerator", "cpu", "--out", str(folders / "run"), *more])


def test_two_folders_in_a_translator_out(folders, capsys):
    assert train(folders) == 0
    assert (
        main(["translate", str(folders / "run"), "--input", str(folders / "horses"), "--output", str(folders / "out")])
        == 0
    )
    images = list((folders / "out").iterdir())
    assert {path.name for path in images} == {f"{i}.png" for i in range(18)}
    assert Image.open(images[0]).size == (16, 16)  # 20 × 16 cut to multiples of 16
    assert main(["evaluate", str(folders / "run")]) == 0
    assert "n = " in capsys.readouterr().out


def test_a_system_that_needs_classes_is_given_them(tmp_path, capsys):
    command = ["train", "funit", "--data", "glyph_classes", "--data-set", "n_source=3", "n_train=9", "n_test=4"]
    command += ["size=16", "per_target=4", "--set", "classes=3", "width=2", "halvings=1", "blocks=1"]
    command += ["class_halvings=1", "class_dim=4", "mlp_width=4", "ndf=2", "stages=2", "--steps", "2"]
    command += ["--accelerator", "cpu", "--out", str(tmp_path / "run")]
    assert main(command) == 2
    assert "name A and B among the run's labels" in capsys.readouterr().err
    assert main([*command, "--labels", "A", "B", "--out", str(tmp_path / "labelled")]) == 0


def test_a_system_of_many_labels_is_told_where_to(tmp_path, capsys):
    labels = "attributes=[glasses,beard]"
    command = ["train", "stargan", "--data", "portraits_attributes", "--labels", "A", "--steps", "2"]
    command += ["--data-set", "n_train=6", "n_test=3", "size=32", labels, "--batch-size", "2", "--show-every", "0"]
    command += ["--set", labels, "rivals=[]", "size=32", "ngf=2", "ndf=2", "blocks=1", "d_layers=2"]
    run, pictures, out = tmp_path / "run", tmp_path / "in", tmp_path / "out"
    assert main([*command, "--accelerator", "cpu", "--out", str(run)]) == 0
    pictures.mkdir()
    Image.new("RGB", (40, 32)).save(pictures / "one.png")
    way = ["translate", str(run), "--input", str(pictures), "--output", str(out)]
    assert main([*way, "--dst", "beard+no glasses"]) == 0 and (out / "one.png").exists()
    assert main([*way, "--dst", "B", "--overwrite"]) == 2
    assert "stargan translates to glasses, beard, not to B" in capsys.readouterr().err


def test_one_unreadable_file_does_not_stop_the_others(folders, capsys):
    train(folders)
    (folders / "horses" / "broken.png").write_bytes(b"no image")
    command = ["translate", str(folders / "run"), "--input", str(folders / "horses"), "--output", str(folders / "out")]
    assert main(command) == 2
    assert "broken.png" in capsys.readouterr().err
    assert len(list((folders / "out").iterdir())) == 18


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["train", "cyclegan"], "Name two folders"),
        (["train", "cyclegan", "--A", "x", "--B", "y", "--data", "z"], "not both"),
        (["train", "nogan", "--data", "digits_to_glyphs"], "no system 'nogan'"),
        (["train", "cyclegan", "--data", "horses"], "no data set 'horses'"),
        (["train", "cyclegan", "--data", "digits_to_glyphs", "--set", "ngf"], "KEY=VALUE"),
        (["train", "cyclegan", "--data", "digits_to_glyphs", "--set", "ngf=[1"], "cannot be read"),
        (["train", "cyclegan", "--data", "digits_to_glyphs", "--labels", "C"], "no domain C to take labels of"),
        (["train", "cyclegan", "--data", "digits_to_glyphs", "--preset", "large"], "no preset 'large'"),
        (["train", "simclr", "--data", "optdigits", "--preset", "quick"], "no preset of simclr"),
        (["presets", "cut"], "together with --measure"),
        (["translate", "nowhere", "--input", "x", "--output", "y"], "nowhere holds no run"),
        (["evaluate", "nowhere"], "nowhere holds no run"),
        (["study", "99"], "no lesson '99'"),
        (["study", "03", "--jobs", "0"], "at least one run"),
        (["study", "03", "--arms", "cycle", "none"], "no arm 'none' at profile study"),
        (["reproduce", "--lessons", "99"], "no lesson '99'"),
        (["reproduce", "--profile", "huge"], "huge"),
    ],
)
def test_mistakes_get_one_sentence_and_status_2(command, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    if command[0] == "train":
        command = [*command, "--out", str(tmp_path / "out"), "--accelerator", "cpu"]
    assert main(command) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_importing_and_help_load_neither_torch_nor_jupyter():
    code = "import sys, labkit, labkit.__main__ as m; m._parser().format_help(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"torch", "torchvision", "matplotlib", "IPython", "nbformat", "papermill", "numpy"} & set(loaded)


def test_help_names_every_command_and_option(capsys):
    for command in (
        [],
        ["train"],
        ["presets"],
        ["translate"],
        ["evaluate"],
        ["networks"],
        ["networks", "translate"],
        ["study"],
        ["reproduce"],
        ["report"],
        ["sync"],
        ["bench"],
    ):
        with pytest.raises(SystemExit) as end:
            main([*command, "--help"])
        assert end.value.code == 0
        assert len(capsys.readouterr().out) > 60
