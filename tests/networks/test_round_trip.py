"""A network is recorded, opened, and gives the outputs of the run, within half precision."""

from dataclasses import replace

import pytest
import torch

from labkit import networks
from labkit.errors import LabError
from labkit.evaluation import measure, translated
from labkit.networks import NotReproduced, store
from labkit.networks.contents import as_half, empty_system, load_half, tensors
from labkit.runs import RunSpec, run
from labkit.runs.run import new_system
from labkit.study import samples
from labkit.systems import SYSTEMS, system_class
from labkit.systems.base import Translator
from systems.small import SMALL


def test_an_opened_network_gives_the_outputs_of_its_run(keep, spec):
    trained = keep(spec)
    network = networks.open("03_test", "cycle")
    assert network.spec == spec and network.history.curve("G/cyc_A") == ([0, 2], [1.0, 0.5])
    assert next(network.system.parameters()).dtype == torch.float32 and not network.system.training
    for way in (("A", "B"), ("B", "A")):
        torch.testing.assert_close(translated(network, *way), translated(trained, *way), atol=0.01, rtol=0)
    assert 0 <= network.deviation < 0.002
    again, first = measure(network, ["label_accuracy"]), measure(trained, ["label_accuracy"])
    assert abs(again["label_accuracy"].value - first["label_accuracy"].value) <= 0.02


def test_it_is_the_average_that_is_recorded(keep, averaged, house):
    trained = keep(averaged)
    network = networks.open("03_test", "cycle")
    assert not [key for key in network.system.state_dict() if key.startswith("mean_")]
    torch.testing.assert_close(translated(network), translated(trained), atol=0.01, rtol=0)
    assert network.spec.settings["ema"] == 0.9


def test_what_was_measured_of_all_seeds_comes_with_it(keep, spec):
    keep(spec)
    network = networks.open("03_test", "cycle")
    recorded = network.recorded("label_accuracy")
    assert [(m.value, m.seed, m.n, m.judge) for m in recorded] == [
        (0.25, 3, 450, "glyph_digits"),
        (0.5, 4, 450, "glyph_digits"),
    ]
    now = replace(recorded[0], value=0.26)
    assert [m.value for m in network.all_seeds({"label_accuracy": now})["label_accuracy"]] == [0.26, 0.5]
    with pytest.raises(LabError, match="03_test/cycle: 'cycle_error' was not recorded; there are label_accuracy"):
        network.recorded("cycle_error")


def test_the_strip_shows_the_same_images_on_the_way(keep, spec):
    trained = keep(spec)
    strip = networks.open("03_test", "cycle").strip()
    assert list(strip) == ["real_A", "after 0", "end (3)"]
    images = trained.dataset.test["A"].images[:4]
    torch.testing.assert_close(strip["real_A"], images, atol=1.01 / 255, rtol=0)
    torch.testing.assert_close(strip["after 0"], -images, atol=1.01 / 255, rtol=0)


def test_one_network_of_two_may_be_kept_and_the_other_is_refused(keep, spec):
    trained = keep(spec, "one_way", ["G_AB"])
    network = networks.open("03_test", "one_way")
    torch.testing.assert_close(translated(network), translated(trained), atol=0.01, rtol=0)
    with pytest.raises(LabError, match="03_test/one_way: G_BA was not recorded, only G_AB"):
        translated(network, "B", "A")
    with pytest.raises(LabError, match="cyclegan has no network 'G_AC'; there are G_AB, G_BA"):
        networks.demand_fits("03_test/x", spec, ["G_AC"])


def test_a_network_that_is_not_reproduced_says_so(keep, spec, monkeypatch):
    keep(spec)
    translate = system_class("cyclegan").translate
    monkeypatch.setattr(system_class("cyclegan"), "translate", lambda self, *args: translate(self, *args) + 0.1)
    with pytest.warns(NotReproduced, match=r"^03_test/cycle: this network does not give .*differs by 0\.10") as said:
        assert 0.09 < networks.open("03_test", "cycle").deviation < 0.11
    assert len(said) == 1 and "\n" not in str(said[0].message)


def test_too_large_a_network_is_refused_before_and_when_it_is_recorded(keep, spec, monkeypatch):
    wide = replace(spec, settings={"ngf": 64})
    with pytest.raises(LabError, match=r"03_test/wide: its networks weigh 45\.\d MB .* 10 are allowed; make"):
        networks.demand_fits("03_test/wide", wide)
    keep(spec, "first")
    before = sorted(path.name for path in store.folder_of("03_test").iterdir())
    monkeypatch.setattr(store, "MAX_TOTAL", store.total_bytes(store.folder_of("")) + 1000)
    with pytest.raises(LabError, match="03_test/second: all recorded networks together would weigh"):
        keep(spec, "second")
    assert sorted(path.name for path in store.folder_of("03_test").iterdir()) == before
    keep(spec, "first")  # in the place of the old one there is room


def test_a_sampler_is_recorded_without_its_discriminator_and_makes_the_same_images(house):
    settings = {"size": 16, "channels": 1, "nz": 8, "ngf": 4, "ndf": 4}
    spec = RunSpec("gan", "optdigits", 3, 4, settings=settings, data_settings={"size": 16})
    trained = run(spec, house / "runs" / "digits")
    strip = {"real": trained.dataset.test["real"].images[:4], "end (3)": trained.system.sample(4)}
    networks.record("01_test/digits", "study", trained, {"seeds": [0], "measures": {}}, {}, strip)
    network = networks.open("01_test", "digits")
    assert network.record["networks"] == ["G"] and list(network.strip()) == ["real", "end (3)"]
    torch.testing.assert_close(network.system.sample(5), trained.system.sample(5), atol=0.01, rtol=0)
    assert 0 <= network.deviation < 0.002
    assert "samples on the way" in network.card() and "networks translate" not in network.card()


def test_a_sampler_of_pairs_is_recorded_and_makes_the_same_pairs(house):
    settings = {"nz": 4, "ngf": 2, "ndf": 2, "channels": 1}
    spec = RunSpec("cogan", "recoloured_digits", 3, 4, settings=settings, data_settings={"size": 28})
    trained = run(spec, house / "runs" / "pairs")
    strip = {"end (3)": trained.system.sample_pairs(4)[0]}
    networks.record("04_test/pairs", "study", trained, {"seeds": [0], "measures": {}}, {}, strip, ["G"])
    network = networks.open("04_test", "pairs")
    assert network.record["networks"] == ["G"]
    for found, made in zip(network.system.sample_pairs(5), trained.system.sample_pairs(5), strict=True):
        torch.testing.assert_close(found, made, atol=0.01, rtol=0)
    assert 0 <= network.deviation < 0.002
    assert "networks translate" not in network.card()


def test_of_many_domains_the_first_is_shown_in_the_others(house):
    hair, sizes = ["black", "brown", "blond"], {"size": 32, "n_train": 4, "n_test": 2}
    settings = {"domains": hair, "ngf": 4, "ndf": 4, "blocks": 1, "d_layers": 1}
    spec = RunSpec("combogan", "portraits_many", 2, 2, settings=settings, data_settings={"hair": hair, **sizes})
    trained = run(spec, house / "runs" / "many")
    assert torch.equal(samples.rows(trained)["brown"], translated(trained, "black", "brown"))
    networks.record("01_test/many", "study", trained, {"seeds": [0], "measures": {}}, {}, samples.rows(trained))
    network = networks.open("01_test", "many")
    assert network.record["networks"] == ["G"] and 0 <= network.deviation < 0.01
    torch.testing.assert_close(
        translated(network, "blond", "brown"), translated(trained, "blond", "brown"), atol=0.02, rtol=0
    )


def test_only_what_makes_images_is_recorded_and_numbers_that_half_precision_holds():
    encoder = RunSpec("simclr", "optdigits", 1, 2, settings=SMALL["simclr"][0])
    with pytest.raises(LabError, match="simclr makes no images"):
        networks.demand_fits("02_x/encoder", encoder)
    with pytest.raises(LabError, match="x/y: w holds numbers that half precision cannot"):
        as_half({"w": torch.tensor([1e6])}, "x/y")


def test_one_generator_for_many_labels_is_recorded_with_who_reads_them(house):
    settings = {"attributes": ["glasses", "beard"], "rivals": [], "size": 32, "ngf": 2, "ndf": 2, "blocks": 1}
    faces = {"attributes": ["glasses", "beard"], "n_train": 6, "n_test": 3, "size": 32}
    spec = RunSpec("stargan", "portraits_attributes", 2, 2, settings | {"d_layers": 2}, faces, ["A"])
    trained = run(spec, house / "runs" / "labels")
    strip = {"real_A": trained.dataset.test["A"].images}
    networks.record("09_test/labels", "study", trained, {"seeds": [0], "measures": {}}, {}, strip)
    network = networks.open("09_test", "labels")
    assert network.record["networks"] == ["G", "D"] and 0 <= network.deviation < 0.01
    for dst in ("glasses", "no beard"):
        torch.testing.assert_close(translated(network, "A", dst), translated(trained, "A", dst), atol=0.01, rtol=0)


TRANSLATORS = [name for name in SYSTEMS if issubclass(system_class(name), Translator)]


@pytest.mark.parametrize("name", TRANSLATORS)
def test_of_every_translator_what_is_kept_translates_as_the_whole(name):
    settings, batch = SMALL[name]
    spec = RunSpec(name, "none", 1, 2, settings=settings)
    whole, kept = new_system(spec), empty_system(spec, f"x/{name}")
    whole.settle()
    state = {key: whole.state_dict()[key] for key in tensors(kept)}
    load_half(kept, as_half(state, name), name)
    networks_stored = {key.split(".")[0] for key in state}
    discriminators = {module for player in whole.players() if player.name == "D" for module in player.modules}
    assert not [network for network in networks_stored if network.startswith(("mean_", "pool_"))]
    assert name == "unit_digits" or not networks_stored & discriminators  # its D classifies digits, too
    x = batch()["A"]
    with torch.no_grad():
        torch.manual_seed(0)
        expected = whole.eval().translate(x)
        torch.manual_seed(0)
        torch.testing.assert_close(kept.translate(x), expected, atol=0.02, rtol=0.02)
