import time

import pytest
import torch

from labkit.data import load
from labkit.data.recipes import glyphs
from labkit.data.recipes.glyphs import COLOURS, DIGITS, Style, draw, glyph_digits, glyph_pair, scattered, styles
from labkit.errors import LabError


def one(char="3", **knobs):
    """One glyph without jitter, (1, 64, 64)."""
    zero = torch.zeros(1, dtype=torch.int64)
    return draw(char, [Style(**knobs)], zero, zero, size=64, jitter=0).images[0]


def ink(image):
    return float((image + 1).sum() / 2)


@pytest.mark.parametrize(("size", "channels"), [(32, 1), (64, 3), (28, 1)])
def test_shape_and_range(size, channels):
    images = glyph_digits(size, channels, n_train=20, n_test=10).train["real"].images
    assert images.shape == (20, channels, size, size)
    assert images.dtype == torch.float32
    assert -1 <= images.min() < -0.99
    assert 0.8 < images.max() <= 1


def test_every_digit_comes_equally_often():
    dataset = glyph_digits(n_train=200, n_test=50)
    assert dataset.train["real"].labels.bincount().tolist() == [20] * 10
    assert dataset.test["real"].labels.bincount().tolist() == [5] * 10


def test_the_same_seed_draws_the_same_and_another_seed_other_glyphs():
    first, again, other = (glyph_digits(n_train=50, n_test=10, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first.train["real"].images, again.train["real"].images)
    assert not torch.equal(first.train["real"].images, other.train["real"].images)
    known = {image.numpy().tobytes() for image in first.train["real"].images}
    assert not any(image.numpy().tobytes() in known for image in first.test["real"].images)


def test_drawing_a_lesson_s_worth_is_quick():
    glyph_digits(n_train=10, n_test=10)  # imports
    start = time.process_time()
    glyph_digits()
    assert time.process_time() - start < 2


@pytest.mark.parametrize("font", glyphs.FONTS)
def test_every_font_draws_ten_different_digits_of_one_height(font):
    ten = torch.arange(10)
    images = draw(DIGITS, [Style(font)], ten, torch.zeros_like(ten), size=64, jitter=0).images
    rows = (images > 0).any(3).sum((1, 2))
    assert rows.min() > 36
    assert rows.max() < 46
    for i in range(10):
        for j in range(i):
            assert (images[i] - images[j]).abs().mean() > 0.02
    assert (images[:, :, 0] < 0).all()  # nothing touches the border
    assert (images[:, :, :, -1] < 0).all()


def test_weight_adds_ink():
    light, regular, bold = (ink(one(weight=weight)) for weight in ("light", "regular", "bold"))
    assert 1.15 < regular / light < 2
    assert 1.15 < bold / regular < 2


def test_slant_shears_the_top_to_its_side():
    def lean(image):  # centre of the top third minus that of the bottom third, in pixels
        columns = torch.arange(64.0)
        rows = torch.nonzero((image[0] > 0).any(1)).flatten()
        third = len(rows) // 3
        centre = [
            (((image[0, part] + 1).sum(0) * columns).sum() / (image[0, part] + 1).sum())
            for part in (rows[:third], rows[-third:])
        ]
        return float(centre[0] - centre[1])

    left, upright, right = (lean(one("8", slant=slant)) for slant in ("left", "upright", "right"))
    assert abs(upright) < 1
    assert 5 < right < 12
    assert -12 < left < -5


@pytest.mark.parametrize("texture", [texture for texture in glyphs.TEXTURES if texture != "solid"])
def test_a_texture_takes_ink_away_inside_the_glyph_only(texture):
    solid, textured = one(weight="bold"), one(weight="bold", texture=texture)
    assert 0.45 < ink(textured) / ink(solid) < 0.9
    assert (textured <= solid + 1e-6).all()


def test_colours_are_those_of_the_style():
    image = one("8", weight="bold", ink="orange", paper="navy")
    assert image.shape[0] == 1
    zero = torch.zeros(1, dtype=torch.int64)
    image = draw("8", [Style(weight="bold", ink="orange", paper="navy")], zero, zero, 64, 3, jitter=0).images[0]
    pixels = ((image + 1) / 2).flatten(1).T
    for colour in ("orange", "navy"):
        assert torch.cdist(pixels, torch.tensor([glyphs.COLOURS[colour]])).min() < 0.01
    assert torch.allclose((image[:, 0, 0] + 1) / 2, torch.tensor(glyphs.COLOURS["navy"]), atol=1e-6)


def test_the_pose_is_a_matter_of_seed_and_place_not_of_style():
    looks = [Style(), Style(ink="sky")]
    n = torch.arange(6)
    white, blue = (draw(DIGITS, looks, n, torch.full_like(n, i), seed=4) for i in range(2))
    ground, strength = glyphs._colours(["black"], 1), glyphs._colours(["sky"], 1)
    assert torch.allclose((blue.images + 1) / 2, ground + strength * (white.images + 1) / 2, atol=1e-5)


def test_jitter_moves_and_zero_jitter_does_not():
    zeros = torch.zeros(5, dtype=torch.int64)
    still, moved = (draw("7", [Style()], zeros, zeros, jitter=jitter).images for jitter in (0, 1))
    assert (still == still[:1]).all()
    assert all((moved[i] - moved[j]).abs().mean() > 0.01 for i in range(5) for j in range(i))


def test_a_pair_shares_its_test_glyphs_and_no_training_glyph():
    dataset = glyph_pair(n_train=60, n_test=20)
    assert torch.equal(dataset.truth["A", "B"], dataset.test["B"].images)
    assert torch.equal(dataset.test["A"].labels, dataset.test["B"].labels)
    same = glyph_pair(a={}, b={}, n_train=60, n_test=20)  # with one style, poses and contents can be compared
    assert torch.equal(same.test["A"].images, same.test["B"].images)
    drawn = {image.numpy().tobytes() for image in same.train["A"].images}
    assert not any(image.numpy().tobytes() in drawn for image in same.train["B"].images)


def test_scattered_glyphs_know_their_content_and_style():
    looks = styles(fonts=["sans", "times"], weights=["bold"], slants=["upright"], textures=["solid", "rows"])
    drawn = scattered(DIGITS, looks, 100, seed=2)
    again = draw(DIGITS, looks, drawn.contents, drawn.styles, seed=2)
    assert torch.equal(drawn.images, again.images)
    assert set(drawn.styles.tolist()) == set(range(4))


@pytest.mark.parametrize(
    "wish",
    [
        lambda: Style(font="comic"),
        lambda: Style(ink="beige"),
        lambda: glyph_digits(channels=2),
        lambda: glyph_pair(b={"texture": "plaid"}),
    ],
)
def test_impossible_wishes_are_refused(wish):
    with pytest.raises(LabError):
        wish()


def test_a_pair_in_several_inks_shares_them_and_each_test_glyph_keeps_its_own():
    inks = ("orange", "sky", "green")
    pair = glyph_pair(channels=3, n_train=30, n_test=30, inks=inks)
    wanted = torch.tensor([COLOURS[name] for name in inks])

    def ink_of(images):  # the brightest pixel of each glyph
        pixels = (images.flatten(2) + 1) / 2
        brightest = pixels[torch.arange(len(images)), :, pixels.sum(1).argmax(1)]
        return torch.cdist(brightest, wanted).argmin(1)

    assert set(ink_of(pair.train["A"].images).tolist()) == set(ink_of(pair.train["B"].images).tolist()) == {0, 1, 2}
    assert torch.equal(ink_of(pair.test["A"].images), ink_of(pair.test["B"].images))
    assert not torch.equal(ink_of(pair.train["A"].images), ink_of(pair.train["B"].images))


def test_digits_can_be_held_out_of_training_but_not_of_the_tests():
    held = load("digits_to_glyphs", {"size": 16, "n_train": 200, "n_test": 100, "without_A": [3], "without_B": [3, 7]})
    assert set(held.train["A"].labels.tolist()) == set(range(10)) - {3}
    assert set(held.train["B"].labels.tolist()) == set(range(10)) - {3, 7}
    assert all(set(held.test[key].labels.tolist()) == set(range(10)) for key in "AB")
    whole = load("digits_to_glyphs", {"size": 16, "n_train": 200, "n_test": 100})
    assert torch.equal(held.train["A"].images, whole.train["A"].images[whole.train["A"].labels != 3])


def test_stretched_glyphs_are_taller_and_wider_and_otherwise_the_same():
    plain, tall = (
        load("glyph_digits", {"n_train": 1, "n_test": 60, "stretch": stretch}).test["real"]
        for stretch in ((1.0, 1.0), (1.2, 1.4))
    )
    assert torch.equal(plain.labels, tall.labels)

    def extent(domain, axis):
        return (domain.images > 0).any(axis).float().sum(2).mean()

    assert 1.25 < extent(tall, 3) / extent(plain, 3) < 1.45
    assert 1.1 < extent(tall, 2) / extent(plain, 2) < 1.3
