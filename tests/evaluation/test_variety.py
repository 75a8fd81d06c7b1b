"""Many outputs for one input, on translators whose answer is known."""

from pathlib import Path

import pytest
import torch
from torch import nn

from labkit.data.domain import DataSet, Domain
from labkit.data.recipes.glyphs import COLOURS, Style, draw
from labkit.errors import LabError
from labkit.evaluation import measure, variety
from labkit.metrics.inks import ink_colour
from labkit.runs import RunSpec
from labkit.runs.run import Run
from labkit.systems.base import Translator
from labkit.systems.munit import MUNIT, MUNITSettings

INKS = ("orange", "sky", "green", "pink")
PALETTE = torch.tensor([COLOURS[ink] for ink in INKS])


def prints(n: int, inks=INKS, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Prints of the ten digits in turn, each in the next ink; and their digits."""
    digits = torch.arange(n) % 10
    looks = [Style(ink=ink) for ink in inks]
    return draw("0123456789", looks, digits, torch.arange(n) % len(inks), 16, 3, 0.5, seed).images, digits


def known_run(system, n: int = 40, train: int = 40) -> Run:
    spec = RunSpec("munit", "known", 1, 1, data_settings={"inks": list(INKS)}, seed=4)
    run = Run(spec, Path("none"), system, None)
    grey, labels = prints(n, ("white",))
    coloured, coloured_labels = prints(n, seed=1)
    domains = {"A": Domain("grey", grey, labels), "B": Domain("glyph_digits", coloured, coloured_labels)}
    many, many_labels = prints(train, seed=2)
    run.__dict__["dataset"] = DataSet("known", {"B": Domain("glyph_digits", many, many_labels)}, domains)
    return run


class Painter(Translator):
    """Paints white prints in an ink that it draws, or always in the same one."""

    def __init__(self, draws: bool):
        super().__init__()
        self.draws = draws

    def translate(self, x, src="A", dst="B"):
        ink = torch.randint(4, (len(x),)) if self.draws else torch.zeros(len(x), dtype=torch.int64)
        return (x + 1) * PALETTE[ink][:, :, None, None] - 1


class Perfect(MUNIT):
    """A MUNIT whose style code is the colour of the ink and whose content code is the grey print."""

    def __init__(self):
        super().__init__(MUNITSettings(width=2, blocks=1, style_halvings=1, mlp_width=2, ndf=2, d_layers=1, scales=1))
        for domain in (self.AE_A, self.AE_B):
            domain.content_encoder, domain.style_encoder = Grey(), Colour()
            domain.decode = lambda content, style: (content + 1) * style[:, :3, None, None] - 1


class Grey(nn.Module):
    def forward(self, x):
        light = x.amax(1, keepdim=True) + 1
        return (2 * light / light.amax((2, 3), keepdim=True) - 1).expand(-1, 3, -1, -1)  # equally bright for all inks


class Colour(nn.Module):
    def forward(self, x):
        return torch.cat([ink_colour(x), torch.zeros(len(x), 5)], 1)


def test_a_deterministic_translator_has_no_diversity_and_no_cis():
    run = known_run(Painter(draws=False))
    assert variety.diversity(run).value == 0
    assert variety.ink_cis(run).value == pytest.approx(0, abs=1e-12)


def test_a_painter_of_four_inks_has_nearly_the_highest_scores():
    run = known_run(Painter(draws=True))
    assert 0.8 < variety.ink_cis(run).value < 1.39  # ln 4 = 1.386; eight draws do not show all inks of each input
    assert 1.3 < variety.ink_is(run).value < 1.39
    assert variety.diversity(run).value > 0.02
    assert variety.outputs(run, 5, 3).shape == (5, 3, 3, 16, 16)


def test_draws_are_the_same_every_time_and_differ_between_seeds():
    run = known_run(Painter(draws=True))
    torch.testing.assert_close(variety.outputs(run), variety.outputs(run))
    other = Run(
        RunSpec("munit", "known", 1, 1, data_settings={"inks": list(INKS)}, seed=5), Path("none"), run.system, None
    )
    other.__dict__["dataset"] = run.dataset
    assert not torch.equal(variety.outputs(run), variety.outputs(other))


def test_perfect_codes_are_measured_as_perfect():
    run = known_run(Perfect(), train=200)
    assert variety.ink_follows_example(run).value == 1
    assert variety.ink_leaves_source(run).value == 1
    found = measure(run, ["style_ink", "content_ink", "content_digit", "style_digit"])
    assert found["style_ink"].value == 1 and found["content_digit"].value > 0.9
    assert found["content_ink"].value < 0.5 and found["style_digit"].value < 0.5
    assert 0.0 < variety.mean_label_accuracy(run).value <= 1


def test_style_recovered_is_one_for_an_encoder_that_finds_the_draw_and_low_for_one_that_does_not():
    system = Perfect()
    run, kept = known_run(system), {}

    def decode(content, style):
        kept["style"] = style
        return content

    system.AE_B.decode = decode
    assert variety.style_recovered(run).value < 0.2
    system.AE_B.style_encoder = type("Oracle", (nn.Module,), {"forward": lambda self, x: kept["style"]})()
    assert variety.style_recovered(run).value == pytest.approx(1)


def test_codes_are_asked_of_munit_alone():
    with pytest.raises(LabError, match="no style codes"):
        variety.style_recovered(known_run(Painter(draws=True)))
