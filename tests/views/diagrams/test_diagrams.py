"""Diagrams say what their systems do: names of nodes and losses exist, and the words for who cannot see them."""

import re
from functools import cache

import pytest
import torch

from labkit.errors import LabError
from labkit.systems import SYSTEMS, build
from labkit.views.diagrams import DIAGRAMS, Diagram, Loss, diagram
from labkit.views.style import png
from systems.small import SMALL

PARTS = {  # diagram -> the system that it shows a part of; the others have their system's name
    "naive": "direct",
    "identity": "cyclegan",
    "patchnce": "cut",
    "cogan_adaptation": "cogan",
    "unit_cycle": "unit",
    "xgan_meaning": "xgan",
}
ALSO = {
    "unit2018": ("unit_cycle",),
    "dclgan": ("identity",),
    "simdcl": ("dclgan", "identity"),
}  # system -> diagrams of others that hold for it
WITHOUT = {
    "munit": "lambda_cyc",
    "xgan": "lambda_cyc",
    "dtn": "lambda_tv",
}  # terms that no paper's digits or faces need
HALVES = ("cogan", "cogan_adaptation", "unit_digits", "combogan")  # draw halves of a network that has one name
DRAWN = [name for name in DIAGRAMS if PARTS.get(name, name) in SYSTEMS]


@cache
def terms(system: str) -> dict[str, set[str]]:
    """The names of each player's terms, with every player due."""
    settings, batch = SMALL[system]
    settings = settings | ({WITHOUT[system]: 0.0} if system in WITHOUT else {})
    torch.manual_seed(0)
    built = build(system, settings)
    out = built(batch(), frozenset(player.name for player in built.players()))
    return {player.name: set(built.losses(player.name, out)) for player in built.players()}


def other_way(term: str) -> str:
    """The same term of the translation from B to A: 'cyc_A' for 'cyc_B', 'adv_AB' for 'adv_BA'."""
    return re.sub(r"_([AB]+)$", lambda m: "_" + m[1].translate(str.maketrans("AB", "BA")), term)


@pytest.mark.parametrize("name", DRAWN)
def test_losses_are_terms_of_the_system(name):
    assert {loss.name for loss in DIAGRAMS[name].losses} <= set.union(*terms(PARTS.get(name, name)).values())


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_term_of_who_translates_is_drawn_in_one_direction_at_least(system):
    names = [name for name in DIAGRAMS if PARTS.get(name, name) == system] + [*ALSO.get(system, ())]
    drawn = {loss.name for name in names for loss in DIAGRAMS[name].losses}
    wanted = set.union(*(of for player, of in terms(system).items() if player not in ("D", "small_D")))
    assert names and {term for term in wanted if not drawn & {term, other_way(term)}} == set()


@pytest.mark.parametrize("name", [name for name in DRAWN if name not in HALVES])
def test_networks_are_those_of_the_system(name):
    shown, system = DIAGRAMS[name], PARTS.get(name, name)
    networks = {shown.base(n) for n in shown.places if shown.kind(n) in ("generator", "discriminator")}
    assert networks <= {child for child, _ in build(system, SMALL[system][0]).named_children()}


@pytest.mark.parametrize("name", DIAGRAMS)
def test_words_for_who_cannot_see_it_name_every_node_and_loss(name):
    shown = DIAGRAMS[name]
    words = shown.alternative_text()
    for word in [loss.name for loss in shown.losses] + [shown.label(n).replace("\n", " ") for n in shown.places]:
        assert word in words


def test_draws_one_above_the_other_into_one_picture():
    figure = diagram("unit", "unit_cycle")
    assert len(figure.axes) == 2 and len(png(figure)) > 3_000
    assert "Diagram of UNIT." in figure.get_label() and "Diagram of UNIT: the way home." in figure.get_label()


def test_a_node_without_a_place_is_refused():
    with pytest.raises(LabError, match="'G_BA' has no place"):
        Diagram("one", rows=("real_A G_AB fake_B",), flows=("real_A > G_BA",))


def test_a_name_with_two_places_is_refused():
    with pytest.raises(LabError, match="'G_AB' has two places in its rows; call one 'G_AB@2'"):
        Diagram("one", rows=("real_A G_AB fake_B G_AB",), flows=())


def test_a_name_of_no_kind_is_refused():
    with pytest.raises(LabError, match="'apple' is none of the field's names"):
        Diagram("one", rows=("apple",), flows=()).kind("apple")


def test_the_words_name_flows_losses_and_what_is_shared():
    shown = Diagram(
        "one",
        rows=("real_A E_A z f",),
        flows=("real_A > E_A ..> z", "z > f : slowly"),
        losses=(Loss("kl", ("z",)), Loss("rec", ("real_A", "z"))),
        shared=frozenset({"E_A"}),
        frozen=frozenset({"f"}),
    )
    assert shown.alternative_text() == (
        "Diagram of one. real_A → E_A → z; z → f (slowly). Losses: kl judges z; rec compares real_A with z. "
        "Shared by both domains: E_A. Frozen: f."
    )


def test_flows_are_arrows_some_quiet_and_some_with_words():
    arrows = Diagram("one", rows=("real_A E_A z f",), flows=("real_A > E_A ..> z > f : slowly",)).arrows
    assert [(a.start, a.end, a.says, a.quiet) for a in arrows] == [
        ("real_A", "E_A", "", False),
        ("E_A", "z", "", True),
        ("z", "f", "slowly", False),
    ]


def test_a_network_whose_input_comes_from_the_right_is_mirrored():
    shown = Diagram(
        "one", rows=("D_B fake_B E_B", ". real_B ."), flows=("fake_B > D_B", "fake_B > E_B", "real_B > E_B")
    )
    assert shown.mirrored("D_B") and not shown.mirrored("E_B")
