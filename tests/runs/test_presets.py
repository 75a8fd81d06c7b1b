"""Presets: every translator has all three, they are what the system takes, and their recorded costs are theirs."""

import json
from dataclasses import replace

import pytest
import torch
from rich.console import Console

from labkit import systems
from labkit.__main__ import main
from labkit.errors import LabError
from labkit.runs import preset_costs
from labkit.runs.presets import NEEDS, PRESETS, SMOOTH, TABLE, has_setting, preset
from labkit.settings import from_mapping
from labkit.systems.base import Translator

EVERY = [(system, name) for system in TABLE for name in PRESETS]


def test_every_translator_has_all_three():
    translators = {name for name in systems.SYSTEMS if issubclass(systems.system_class(name), Translator)}
    assert set(TABLE) == translators | {"cogan"}
    assert all(tuple(TABLE[system]) == PRESETS for system in TABLE) and set(NEEDS) <= set(TABLE)


@pytest.mark.filterwarnings("ignore:for .* copying from a non-meta parameter")  # the frozen judge within DTN
@pytest.mark.parametrize(("system", "name"), EVERY)
def test_a_step_of_every_preset_fits_together_at_its_size(system, name):
    wanted = preset(system, name)
    with torch.device("meta"):
        network = systems.build(system, wanted.settings).train()
        batch = preset_costs.Noise(network.settings, wanted.size, min(4, wanted.batch_size)).batch(0)
        players = network.players()
        out = network(batch, frozenset(player.name for player in players))
        losses = {player.name: sum(network.losses(player.name, out).values()) for player in players}
    assert all(loss.shape == () for loss in losses.values())
    if has_setting(system, "size"):
        assert network.settings.size == wanted.size


@pytest.mark.parametrize("system", TABLE)
def test_paper_is_the_papers_and_each_preset_costs_less_than_the_one_before(system):
    paper, small, quick = (preset(system, name) for name in PRESETS)
    cls = systems.system_class(system)
    assert from_mapping(cls.Settings, paper.settings, "paper") == cls.Settings()
    pixels = [p.steps * p.batch_size * p.size**2 for p in (paper, small, quick)]
    assert pixels[0] > pixels[1] > pixels[2]
    for key, value in SMOOTH.items():
        assert not has_setting(system, key) or small.settings[key] == quick.settings[key] == value


def test_names_that_are_none_are_said():
    with pytest.raises(LabError, match="no preset 'large'; there are paper, small, quick"):
        preset("cut", "large")
    with pytest.raises(LabError, match="no preset of simclr"):
        preset("simclr", "quick")
    with pytest.raises(LabError, match="no system 'cutt'"):
        preset("cutt", "quick")


def spec_of(folder):
    return json.loads((folder / "spec.json").read_text())


def test_the_command_takes_a_preset_and_options_go_before_it(tmp_path):
    command = ["train", "discogan", "--data", "digits_to_glyphs", "--data-set", "n_train=40", "channels=3"]
    command += ["--preset", "quick", "--steps", "1", "--show-every", "0", "--accelerator", "cpu"]
    assert main([*command, "--out", str(tmp_path / "a")]) == 0
    spec, quick = spec_of(tmp_path / "a"), preset("discogan", "quick")
    assert spec["settings"] == quick.settings and spec["batch_size"] == quick.batch_size and spec["steps"] == 1
    assert spec["data_settings"]["size"] == quick.size
    more = ["--size", "16", "--batch-size", "2", "--set", "ngf=4", "ndf=4"]
    assert main([*command, *more, "--out", str(tmp_path / "b")]) == 0
    spec = spec_of(tmp_path / "b")
    assert spec["settings"] == quick.settings | {"size": 16, "ngf": 4, "ndf": 4}
    assert (spec["batch_size"], spec["data_settings"]["size"]) == (2, 16)


def test_costs_are_measured_in_a_process_of_their_own():
    system = "discogan"  # whose players take turns
    quick = preset(system, "quick")
    found = preset_costs.cost(system, "quick")
    assert 0.001 < found.seconds < 20 and 50 * 2**20 < found.memory < 20 * 2**30 and not found.extended
    network = systems.build(system, quick.settings)
    assert found.parameters == sum(p.numel() for player in network.players() for p in network.parameters_of(player))


def test_a_batch_too_large_is_extended_on_the_line_through_one_and_two_images(monkeypatch):
    monkeypatch.setattr(
        preset_costs, "_measured", lambda system, wanted, batch: (1.0 + 2.0 * batch, 100 + 10 * batch, 7)
    )
    found = preset_costs.cost("funit", "paper")
    assert found.extended and found.seconds == pytest.approx(1 + 2 * 64) and found.memory == 100 + 10 * 64


def test_what_was_recorded_is_shown_and_a_preset_that_changed_shows_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(preset_costs, "RECORD", tmp_path / "presets.json")
    monkeypatch.setattr(preset_costs, "cost", lambda system, name: made(system, name))

    def made(system, name):
        return preset_costs.Cost(vars(preset(system, name)), 1_500_000, 3.6, 2**31, False)

    assert main(["presets", "--measure", "cut"]) == 0
    assert "cut small: 3.6 s a step, 30 h" in capsys.readouterr().out
    console = Console(record=True, width=200)
    preset_costs.show(console)
    (line,) = [line for line in console.export_text().splitlines() if line.split()[:2] == ["cut", "paper"]]
    assert "533,600" in line and "2.0 GB" in line and "22 d 6 h" in line and "1.5 M" in line
    monkeypatch.setitem(TABLE["cut"], "small", replace(TABLE["cut"]["small"], steps=5))
    assert preset_costs.recorded(preset_costs.read(), "cut", "small") is None
    assert preset_costs.recorded(preset_costs.read(), "cut", "quick").seconds == 3.6


def test_the_record_holds_every_preset_as_it_is_now():
    record = preset_costs.read()
    found = {(system, name): preset_costs.recorded(record, system, name) for system, name in EVERY}
    assert [key for key, cost in found.items() if cost is None] == []
    assert all(cost.seconds > 0 and cost.memory > 0 for cost in found.values())
