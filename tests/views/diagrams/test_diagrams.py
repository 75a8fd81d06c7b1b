"""Diagrams say what their systems do: names of nodes and losses exist, nothing lies on top of something else."""

import re

import pytest
import torch

from labkit.errors import LabError
from labkit.systems import build
from labkit.views.diagrams import DIAGRAMS, Diagram, Loss, diagram
from labkit.views.style import png

SYSTEMS = {  # diagram -> a system and settings whose terms it shows
    "naive": ("direct", {"ngf": 2, "ndf": 2, "blocks": 1, "d_layers": 1}),
    "cyclegan": ("cyclegan", {"ngf": 2, "ndf": 2, "blocks": 1, "d_layers": 1}),
    "identity": ("cyclegan", {"ngf": 2, "ndf": 2, "blocks": 1, "d_layers": 1}),
}


@pytest.mark.parametrize("name", DIAGRAMS)
def test_draws_into_one_picture_no_wider_than_a_page_with_words_for_who_cannot_see_it(name):
    figure = diagram(name)
    assert figure.get_size_inches()[0] <= 9.5
    assert len(png(figure)) > 3_000
    words = figure.get_label()
    for loss in DIAGRAMS[name].losses:
        assert loss.name in words


@pytest.mark.parametrize("name", DIAGRAMS)
def test_no_arrow_crosses_a_node(name):
    shown = DIAGRAMS[name]
    for start, end in shown.arrows:
        (x0, y0), (x1, y1) = shown.places[start], shown.places[end]
        for other, (x, y) in shown.places.items():
            between = min(x0, x1) <= x <= max(x0, x1) and min(y0, y1) <= y <= max(y0, y1)
            on_the_line = (x - x0) * (y1 - y0) == (y - y0) * (x1 - x0)
            assert other in (start, end) or not (between and on_the_line), f"{start} > {end} runs through {other}"


@pytest.mark.parametrize(("name", "system"), SYSTEMS.items())
def test_networks_and_losses_are_those_of_the_system(name, system):
    built = build(*system)
    shown = DIAGRAMS[name]
    networks = {shown.label(n) for n in shown.places if shown.kind(n) in ("generator", "discriminator")}
    assert networks <= {child for child, _ in built.named_children()}
    batch = {key: torch.rand(2, 3, 16, 16) * 2 - 1 for key in "AB"}
    terms = built.losses("G", built(batch, frozenset(p.name for p in built.players())))
    assert {loss.name for loss in shown.losses} <= set(terms)


def test_a_node_without_a_place_is_refused():
    with pytest.raises(LabError, match="'G_BA' has no place"):
        Diagram("one", rows=("real_A G_AB fake_B",), flows=("real_A > G_BA",))


def test_a_name_of_no_kind_is_refused():
    with pytest.raises(LabError, match="'apple' is none of the field's names"):
        Diagram("one", rows=("apple",), flows=()).kind("apple")


def test_the_words_name_flows_losses_and_what_is_shared():
    shown = Diagram(
        "one",
        rows=("real_A E_A z",),
        flows=("real_A > E_A > z",),
        losses=(Loss("kl", ("z",)), Loss("rec", ("real_A", "z"))),
        shared=frozenset({"E_A"}),
    )
    words = shown.alternative_text()
    assert re.search(r"real_A → E_A → z.*kl judges z; rec compares real_A with z.*One set of weights: E_A", words)
