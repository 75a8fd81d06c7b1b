"""The ink of a print is read right whatever the digit, the font, the brightness; grey prints are white."""

import torch

from labkit.data.recipes.glyphs import COLOURS, Style, scattered, styles
from labkit.metrics.inks import InkJudge, ink_colour

INKS = {name: COLOURS[name] for name in ("orange", "sky", "green", "pink", "white")}


def test_every_real_print_is_read_right():
    looks = styles(weights=("light", "bold"), slants=("upright",), textures=("solid", "dots"), inks=list(INKS))
    prints = scattered("0123456789", looks, 300, seed=0, channels=3)
    truth = torch.tensor([list(INKS).index(looks[int(i)].ink) for i in prints.styles])
    assert (InkJudge(INKS).predict(prints.images) == truth).float().mean() == 1


def test_brightness_does_not_matter_and_colour_does():
    prints = scattered("0123456789", [Style(ink="sky")], 5, seed=0, channels=3).images
    pale = (prints + 1) * 0.5 - 1
    torch.testing.assert_close(ink_colour(prints), ink_colour(pale), atol=1e-5, rtol=0)
    torch.testing.assert_close(ink_colour(prints[:, [2, 1, 0]]), ink_colour(prints)[:, [2, 1, 0]])


def test_the_palette_itself_is_read_and_probabilities_are_sure():
    judge = InkJudge(INKS)
    flat = judge.palette[:, :, None, None].expand(-1, -1, 8, 8) * 2 - 1
    assert judge.predict(flat).tolist() == [0, 1, 2, 3, 4]
    assert judge.logits(flat).softmax(1).max(1).values.min() > 0.95


def test_an_empty_image_is_no_error():
    assert ink_colour(-torch.ones(2, 3, 4, 4)).isfinite().all()
