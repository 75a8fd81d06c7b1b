"""The three commands: list, show, translate."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from labkit import networks
from labkit.__main__ import main
from labkit.networks import store
from labkit.views import networks as views


def test_list_and_show(keep, spec, capsys, monkeypatch):
    keep(spec)
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["networks", "list"]) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if "03_test/cycle" in line)
    assert "cyclegan" in row and "digits_to_glyphs" in row and "in results" in row
    assert main(["networks", "show", "03/cycle"]) == 0
    assert capsys.readouterr().out == (store.folder_of("03_test/cycle") / "README.md").read_text()


def test_translate_with_a_recorded_network(keep, spec, house, capsys):
    colour = {"settings": spec.settings | {"channels": 3}, "data_settings": spec.data_settings | {"channels": 3}}
    keep(replace(spec, **colour))
    Image.fromarray(np.zeros((40, 20, 3), np.uint8)).save(house / "own.png")
    command = ["networks", "translate", "03/cycle", "--input", str(house / "own.png"), "--output", str(house / "out")]
    assert main(command) == 0
    assert [path.name for path in (house / "out").iterdir()] == ["own.png"]
    assert "1 images written" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["show", "99/none"], ["translate", "99/none", "--input", "x", "--output", "y"]])
def test_an_unknown_network_gets_one_sentence(house, command, capsys):
    assert main(["networks", *command]) == 2
    error = capsys.readouterr().err
    assert "there is no recorded network '99/none'" in error and error.count("\n") == 1


def test_the_strip_is_one_figure_with_a_row_for_each_step(keep, spec):
    keep(spec)
    figure = views.strip(networks.open("03_test", "cycle"))
    assert [axes.texts[0].get_text() for axes in figure.axes] == ["real_A", "after 0", "end (3)"]
    assert "seconds of training" in figure.texts[-1].get_text()
