import io
import math

import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image, ImageColor

from labkit.data.recipes.toy import Density
from labkit.train.history import History
from labkit.views import style
from labkit.views.curves import COLOURS, looks, loss_curves, smoothed
from labkit.views.densities import density_game
from labkit.views.grids import as_pixels, diverging, image_grid, strip
from labkit.views.losses import adversarial_losses
from labkit.views.notes_map import APPROACHES, notes_links, notes_map
from labkit.views.points import point_clouds
from labkit.views.source import source
from labkit.views.task import paired_and_unpaired
from labkit.views.widgets import explorer, slider


@pytest.fixture(autouse=True)
def look():
    """The style of the lessons, for these tests only."""
    with matplotlib.rc_context():
        style.use()
        yield


LIMIT = 100_000  # bytes of a stored figure


def picture(figure) -> np.ndarray:
    """The figure as it is stored; fails where it is too heavy."""
    content = style.png(figure)
    assert len(content) <= LIMIT
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def test_pixels_keep_order_and_range():
    images = torch.tensor([-1.0, 0.0, 1.0, 3.0]).view(4, 1, 1, 1).expand(4, 1, 2, 2)
    assert as_pixels(images)[:, 0, 0, 0].tolist() == [0, 0.5, 1, 1]
    colour = torch.stack([torch.ones(2, 2), -torch.ones(2, 2), torch.zeros(2, 2)])[None]
    assert as_pixels(colour)[0, 0, 0].tolist() == [1, 0, 0.5]
    assert strip(images, gap=1).shape == (2, 11, 3)
    with pytest.raises(ValueError, match="3, H, W"):
        as_pixels(torch.zeros(2, 2, 4, 4))


def test_a_signed_map_is_white_at_zero_and_bounded_by_two_colours():
    values = torch.tensor([0.0, -0.5, 0.5, -9.0, 9.0]).view(5, 1, 1, 1)
    pixels = as_pixels(diverging(values, largest=0.5))[:, 0, 0]
    blue, orange = (torch.tensor(ImageColor.getrgb(colour)) / 255 for colour in (style.BLUE, style.ORANGE))
    for found, wanted in zip(pixels, (torch.ones(3), blue, orange, blue, orange), strict=True):
        assert found.tolist() == pytest.approx(wanted.tolist(), abs=1e-6)


def test_the_task_shows_an_arrow_for_each_pair_and_none_between_collections():
    pairs = torch.zeros(3, 3, 8, 8), torch.ones(3, 3, 8, 8)
    figure = paired_and_unpaired(pairs, (torch.zeros(20, 3, 8, 8), torch.ones(5, 3, 8, 8)))
    left, right = figure.axes
    arrows = [[text for text in axes.texts if getattr(text, "arrow_patch", None)] for axes in (left, right)]
    assert [len(found) for found in arrows] == [3, 0]
    assert (len(left.images), len(right.images)) == (6, 9 + 5)
    picture(figure)


def test_the_map_names_every_place_and_its_links_lead_to_built_lessons(monkeypatch):
    monkeypatch.setattr("labkit.views.notes_map.lesson_names", lambda: ["03_cyclegan", "07_cut"])
    links, written = notes_links(), {text.get_text().removesuffix(" *") for text in notes_map().axes[0].texts}
    for place in [place for places in APPROACHES.values() for place in places]:
        assert place.name in links and place.name in written
    assert "CUT, FastCUT, SinCUT [07](07_cut.ipynb)" in links and "StarGAN 09 (not built yet)" in links
    assert "CUT, FastCUT, SinCUT *" in {text.get_text() for text in notes_map().axes[0].texts}
    picture(notes_map())


def test_grid_shows_every_image_at_its_place():
    values = torch.linspace(-1, 1, 5)
    rows = {"real_A": values.view(5, 1, 1, 1).expand(5, 1, 8, 8), "fake_B": torch.ones(3, 3, 8, 8)}
    figure = image_grid(rows, columns=5)
    assert len(figure.axes) == 2
    first, second = (np.asarray(axes.get_images()[0].get_array()) for axes in figure.axes)
    assert first[4, 4::9, 0] == pytest.approx(((values + 1) / 2).numpy(), abs=1e-6)
    assert second.shape[1] == 3 * 9 - 1
    assert [axes.texts[0].get_color() for axes in figure.axes] == [style.A, style.B]
    widths = [axes.get_position().width for axes in figure.axes]
    assert widths[1] / widths[0] == pytest.approx(26 / 44)  # images of one column stand below each other
    picture(figure)


def test_smoothing_equals_a_loop():
    values = [3.0, -1.0, 4.0, 1.0, -5.0, 9.0, 2.0]
    expected = [np.mean(values[max(0, i - 1) : i + 2]) for i in range(len(values))]
    assert smoothed(values, 3) == pytest.approx(expected)
    assert smoothed(values, 1) == pytest.approx(values)
    assert smoothed([7.0], 25) == pytest.approx([7.0])


def test_loss_curves_show_raw_smoothed_and_equilibrium():
    history = History()
    for step in range(50):
        history.add(step, "D/adv", 1.0 + step % 2)
        history.add(step, "G/adv", 0.5)
    rest = {"D/adv": math.log(4), "G/adv": None}
    figure = loss_curves({"one": history, "two": history}, ["D/adv", "G/adv"], rest)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["one", "two"]
    lines = figure.axes[0].lines
    assert len(lines) == 5  # raw and smoothed of both, one dashed
    dashed = [line for line in lines if line.get_linestyle() == "--"]
    assert [line.get_ydata()[0] for line in dashed] == [math.log(4)]
    named = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert named == ["D/adv", "G/adv", "dashed: at rest"]
    picture(figure)


def test_terms_have_the_colour_of_their_domain():
    terms = ["D/A", "G/adv_BA", "D/B", "G/cyc_B", "G/dom", "G/nce"]
    found = looks(terms)
    assert [look["color"] for look in found] == [style.A, style.A, style.B, style.B, *COLOURS[:2]]
    assert len({(look["color"], str(look["linestyle"])) for look in found}) == len(terms)
    with pytest.raises(IndexError):
        looks(["D/A"] * 5)


def test_a_figure_of_256_colours_keeps_those_of_the_style():
    noise = torch.rand(10, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    figure = image_grid({"real_A": noise, "fake_B": noise})
    content = style.png(figure)
    assert Image.open(io.BytesIO(content)).mode == "P"
    colours = {tuple(colour) for colour in picture(figure).reshape(-1, 3).tolist()}
    assert {ImageColor.getrgb(style.A), ImageColor.getrgb(style.B), (255, 255, 255)} <= colours


def test_density_game_draws_theory_and_answers():
    x = torch.linspace(-6, 6, 601)
    p = Density([0.0], [1.0])
    figure = density_game(p, p, x, {"half": torch.full_like(x, 0.5)})
    middle, right = figure.axes[1], figure.axes[2]
    best = np.asarray(middle.lines[2].get_ydata())
    assert np.nanmin(best) == pytest.approx(0.5) and np.nanmax(best) == pytest.approx(0.5)
    assert np.isnan(best).any()  # nothing is claimed where there is no mass
    assert right.texts[0].get_text() == "\u22121.386"
    picture(figure)


def test_the_other_figures_draw():
    picture(adversarial_losses())
    points = torch.randn(1000, 2)
    figure = point_clouds(points, {"GAN": points[:10]})
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["real", "GAN"]
    picture(figure)


def test_source_is_the_real_one_under_its_projects_path():
    text = source(smoothed, History.curve).data
    assert "`labkit/views/curves.py`\n\n```python\ndef smoothed(" in text
    assert "`labkit/train/history.py`\n\n```python\ndef curve(self" in text
    assert "/work" not in text and "/home" not in text


def test_explorer_follows_its_controls_and_resets():
    seen = []

    def draw(a, b):
        seen.append((a, b))
        figure, (axes,) = style.panels()
        axes.plot([0, 1], [a, b])
        return figure

    box = explorer(draw, a=slider("a", 1.0, 0.0, 2.0, 0.5), b=slider("b", 2.0, 0.0, 2.0, 0.5))
    a, _, reset, image = box.children
    first = bytes(image.value)
    assert seen == [(1.0, 2.0)] and first.startswith(b"\x89PNG")
    a.value = 0.5
    assert seen[-1] == (0.5, 2.0) and bytes(image.value) != first
    reset.click()
    assert seen[-1] == (1.0, 2.0) and bytes(image.value) == first
