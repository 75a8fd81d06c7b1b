"""Studies: arms from the profiles file, resumed and recorded, and told apart from what is out of date."""

import json

import pytest
import torch

from labkit import networks, paths
from labkit.errors import LabError
from labkit.networks import store
from labkit.study.study import arm_spec, arm_system, arm_tasks, recorded, study, thinned
from labkit.train import History
from small_study import PROFILES


def test_an_arm_is_what_all_share_and_its_own_difference(house):
    spec, measures = arm_spec("03_test", "study", "naive", seed=4)
    assert (spec.steps, spec.seed, measures) == (2, 4, ["label_accuracy"])
    assert spec.settings == {"channels": 1, "ngf": 4, "ndf": 4, "blocks": 1, "d_layers": 1, "lambda_cyc": 0.0}
    assert arm_system("03_test", "lesson", "naive", 0).settings.lambda_cyc == 0
    with pytest.raises(LabError, match="no arm 'cycl'; there are cycle, naive"):
        arm_spec("03_test", "lesson", "cycl", 0)


def test_a_study_records_every_arm_and_seed_and_is_not_run_twice(house):
    said = []
    path = study("03_test", say=said.append)
    assert len(said) == 4
    entries = json.loads(path.read_text())
    assert entries["cycle"]["seeds"] == [0, 1]
    assert len(entries["cycle"]["measures"]["label_accuracy"]["values"]) == 2
    (weights,) = (house / "runs" / "study" / "03_test" / "study" / "naive").glob("seed-1-*/weights.safetensors")
    before = weights.stat().st_mtime_ns
    study("03_test", say=said.append)
    assert weights.stat().st_mtime_ns == before

    arms = recorded("03_test")
    assert arms["naive"].up_to_date and arms["naive"].seeds == [0, 1]
    assert arms["naive"].details["label_accuracy"]["judge"] == "glyph_digits"
    changed = PROFILES.replace("steps: 2", "steps: 3")
    (house / "lessons" / "profiles.yml").write_text(changed)
    assert not recorded("03_test")["naive"].up_to_date
    study("03_test", arms=["naive"], say=said.append)
    assert recorded("03_test")["naive"].up_to_date and not recorded("03_test")["cycle"].up_to_date


def test_nothing_recorded_is_nothing(house):
    assert recorded("03_test") == {}


def test_an_arm_without_its_data_is_left_out_with_a_sentence(house, monkeypatch):
    monkeypatch.delenv("LABKIT_DATA", raising=False)
    monkeypatch.setattr(paths, "DATA", house / "data")
    text = PROFILES.replace(
        "arms: {cycle: {},", "arms: {real: {data: mnist_to_usps, data_settings: {n_train: 4}}, cycle: {},"
    )
    (house / "lessons" / "profiles.yml").write_text(text.replace("{size: 16, n_train: 40}", "{size: 16}"))
    said = []
    entries = json.loads(study("03_test", say=said.append).read_text())
    assert set(entries) == {"cycle", "naive"}
    assert "real is left out" in said[0] and "LABKIT_DATA" in said[0]


def test_an_arm_that_is_null_exists_where_another_profile_defines_it(house):
    text = PROFILES.replace("arms: {cycle", "arms: {large: null, cycle") + "  full: {arms: {large: {steps: 7}}}\n"
    (house / "lessons" / "profiles.yml").write_text(text)
    assert arm_spec("03_test", "full", "large", 0)[0].steps == 7
    with pytest.raises(LabError, match="no arm 'large'; there are cycle, naive"):
        arm_spec("03_test", "study", "large", 0)
    assert set(json.loads(study("03_test", say=lambda line: None).read_text())) == {"cycle", "naive"}


def test_a_dear_arm_has_seeds_of_its_own(house):
    own = PROFILES.replace("arms: {cycle: {}", "arms: {cycle: {seeds: [7]}")
    (paths.LESSONS / "profiles.yml").write_text(own)
    assert [task.spec.seed for task in arm_tasks("03_test", "study", "cycle")] == [7]
    assert [task.spec.seed for task in arm_tasks("03_test", "study", "cycle", [1, 2])] == [1, 2]
    assert [task.spec.seed for task in arm_tasks("03_test", "study", "naive")] == [0, 1]


def test_curves_that_an_arm_names_are_recorded_in_brief(house):
    text = PROFILES.replace("cycle: {}", "cycle: {steps: 4, curves: [G/adv_AB]}").replace("run: {steps: 2}", "run: {}")
    (house / "lessons" / "profiles.yml").write_text(text)
    path = study("03_test", say=lambda line: None)
    assert "curves" not in json.loads(path.read_text())["naive"]
    arms = recorded("03_test")
    assert arms["naive"].history.terms() == [] and arms["cycle"].history.terms() == ["G/adv_AB"]
    assert arms["cycle"].history.curve("G/adv_AB")[0] == [0, 1, 2, 3] and arms["cycle"].up_to_date
    with pytest.raises(KeyError, match="no term 'G/lost'"):
        thinned(arms["cycle"].history, ["G/lost"])


def test_a_thinned_curve_has_the_means_of_equal_parts():
    history = History.from_dict({"D/B": [list(range(7)), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0]]})
    assert thinned(history, ["D/B"], parts=2) == {"D/B": [[2, 5], [3.0, 10.0]]}
    assert thinned(history, ["D/B"]) == history.to_dict()


def test_the_first_seed_of_every_arm_leaves_its_pictures(house):
    study("03_test", say=lambda line: None)
    pictures = sorted(path.name for path in (paths.RESULTS / "study" / "03_test").iterdir())
    assert pictures == ["cycle.png", "naive.png"]


def test_an_arm_may_have_its_network_recorded_with_pictures_on_the_way(house, monkeypatch):
    monkeypatch.setattr(store, "INDEX", house / "index.json")
    text = PROFILES.replace("cycle: {}", "cycle: {network: true, strip: [0, 1, 2]}")
    (house / "lessons" / "profiles.yml").write_text(text)
    study("03_test", profile="lesson", say=lambda line: None)
    assert store.index() == {}  # at that scale no network is recorded
    said = []
    path = study("03_test", say=said.append)
    assert list(store.index()) == ["03_test/cycle"] and len(said) == 4
    network, entry = networks.open("03_test", "cycle"), json.loads(path.read_text())["cycle"]
    assert network.spec == arm_spec("03_test", "study", "cycle", 0)[0]
    assert network.metrics == {"seeds": [0, 1], "measures": entry["measures"]}
    assert list(network.strip()) == ["real_A", "after 0", "after 1", "end (2)"]
    assert network.history.terms() == ["G/adv_AB", "G/adv_BA", "G/cyc_A", "G/cyc_B", "G/idt_A", "G/idt_B", "D/A", "D/B"]
    assert network.record["training_seconds"] >= 0 and "G_AB" in network.record["networks"]


def test_the_strip_of_pairs_has_both_pictures_of_each_code(house, monkeypatch):
    monkeypatch.setattr(store, "INDEX", house / "index.json")
    (house / "lessons" / "profiles.yml").write_text(
        """
03_test:
  lesson:
    run: {system: cogan, data: recoloured_digits, data_settings: {size: 28}, steps: 1, batch_size: 2}
    arms: {pairs: {settings: {nz: 4, ngf: 2, ndf: 2}, measures: [pair_agreement], network: [G], strip: [0]}}
    seeds: [0]
  study: {}
"""
    )
    study("03_test", say=lambda line: None)
    network = networks.open("03_test", "pairs")
    assert list(network.strip()) == ["real_A", "after 0, A", "after 0, B", "end (1), A", "end (1), B"]
    drawn = network.system.sample_pairs(len(network.strip()["real_A"]))
    for title, images in zip(("end (1), A", "end (1), B"), drawn, strict=True):
        torch.testing.assert_close(network.strip()[title], images, atol=0.02, rtol=0)


def test_a_network_that_is_too_large_stops_the_study_before_it_trains(house, monkeypatch):
    text = PROFILES.replace("cycle: {}", "cycle: {network: true, settings: {ngf: 80}}")
    (house / "lessons" / "profiles.yml").write_text(text)
    with pytest.raises(LabError, match="03_test/cycle: its networks weigh .* MB"):
        study("03_test", arms=["cycle"], say=lambda line: None)
    assert not (house / "runs").exists()


def test_a_run_from_before_its_strip_was_asked_for_says_what_is_missing(house, monkeypatch):
    monkeypatch.setattr(store, "INDEX", house / "index.json")
    study("03_test", arms=["cycle"], say=lambda line: None)
    text = PROFILES.replace("cycle: {}", "cycle: {network: true, strip: [0, 1]}")
    (house / "lessons" / "profiles.yml").write_text(text)
    said = []
    study("03_test", arms=["cycle"], say=said.append)
    assert "before its strip was asked for: no pictures after [1] steps" in said[-1]
    assert list(networks.open("03_test", "cycle").strip()) == ["real_A", "after 0", "end (2)"]
