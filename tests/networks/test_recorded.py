"""The recorded networks of this repository: whole, small, carded, reproduced, and of one mind with the study."""

import json

import pytest

from labkit import networks, paths
from labkit.networks import store
from labkit.networks.card import card
from labkit.networks.opened import TOLERANCE
from labkit.networks.record import demand_fits
from labkit.runs.pictures import MAX_BYTES
from labkit.study.study import RECORDED, arm_network, arm_spec

NAMES = list(store.index())


def test_the_index_names_the_networks_that_are_there_and_they_are_not_too_large():
    root = store.folder_of("")
    there = sorted(path.parent.relative_to(root).as_posix() for path in root.glob("*/*/spec.json"))
    assert there == sorted(NAMES) and "03_cyclegan/cycle" in NAMES
    assert 0 < store.total_bytes(root) <= store.MAX_TOTAL == 150_000_000
    assert "research" in (root / "LICENSE.md").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_reproduces_its_output_and_its_card_is_that_of_its_files(name, recwarn):
    network = networks.open(*name.split("/"))
    assert network.deviation <= TOLERANCE and not recwarn.list
    assert network.card() == card(network.folder, name)
    assert (network.folder / "weights.safetensors").stat().st_size <= store.MAX_BYTES == 10_000_000
    assert (network.folder / network.record["strip"]["file"]).stat().st_size <= MAX_BYTES
    demand_fits(name, network.spec, network.record["networks"])


@pytest.mark.parametrize("name", NAMES)
def test_its_measures_are_those_that_the_study_recorded(name):
    lesson, arm = name.split("/")
    network = networks.open(lesson, arm)
    profile = network.record["profile"]
    entry = json.loads((paths.RESULTS / profile / f"{lesson}.json").read_text())[arm]
    assert profile in RECORDED and arm_network(lesson, profile, arm)[0]
    assert network.spec == arm_spec(lesson, profile, arm, network.spec.seed)[0]  # what the profiles file says today
    assert network.metrics == {"seeds": entry["seeds"], "measures": entry["measures"]}
    assert network.spec.seed == entry["seeds"][0] and entry["spec"] == {
        key: value for key, value in vars(network.spec).items() if key != "seed"
    }
