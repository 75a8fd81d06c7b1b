"""Characters drawn from the TrueType fonts that matplotlib ships: as many labelled images and styles as one likes.

A glyph has a content (which character, in which pose) and a style (font, weight, slant, texture, colours). Both are
known, so translations between styles, and few-shot classes of styles, can be judged against the truth.

A character is drawn once by Pillow, large; pose and slant are then one affine map for the whole batch, and the result
is averaged down, which antialiases it. Two thousand glyphs take a fraction of a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.nn import functional as F

from labkit.data.domain import DataSet, Domain
from labkit.data.recipes.digits import optdigits
from labkit.data.recipes.knobs import with_knobs_of
from labkit.errors import LabError

DIGITS = "0123456789"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # without I and O, which many fonts draw like 1 and 0

FONTS = {  # name in lessons -> file in matplotlib's fonts/ttf
    "sans": "DejaVuSans.ttf",
    "mono": "DejaVuSansMono.ttf",
    "serif": "DejaVuSerif.ttf",
    "times": "STIXGeneral.ttf",
    "roman": "cmr10.ttf",
    "gothic": "cmss10.ttf",
    "typewriter": "cmtt10.ttf",
}
WEIGHTS = {
    "light": 0.0,
    "regular": 0.03,
    "bold": 0.06,
}  # width added around the stroke, as a part of the glyph's height
SLANTS = {"left": -0.3, "upright": 0.0, "right": 0.3}  # horizontal shift for each unit of height
TEXTURES = ("solid", "rows", "columns", "diagonal", "dots", "outline")

COLOURS = {  # red, green, blue in [0, 1]
    "black": (0.0, 0.0, 0.0),
    "white": (1.0, 1.0, 1.0),
    "orange": (0.95, 0.62, 0.10),
    "sky": (0.36, 0.72, 0.95),
    "green": (0.20, 0.75, 0.50),
    "yellow": (0.96, 0.90, 0.35),
    "pink": (0.95, 0.62, 0.80),
    "navy": (0.05, 0.10, 0.30),
    "forest": (0.04, 0.22, 0.14),
    "plum": (0.28, 0.08, 0.24),
}

_DRAWN = 96  # side of the square in which Pillow draws a character
_BODY = 0.62  # height of a capital or digit, as a part of the image


@dataclass(frozen=True)
class Style:
    """How a glyph is drawn: keys of FONTS, WEIGHTS, SLANTS, TEXTURES and COLOURS (ink on paper)."""

    font: str = "sans"
    weight: str = "regular"
    slant: str = "upright"
    texture: str = "solid"
    ink: str = "white"
    paper: str = "black"

    def __post_init__(self):
        known = {
            "font": FONTS,
            "weight": WEIGHTS,
            "slant": SLANTS,
            "texture": TEXTURES,
            "ink": COLOURS,
            "paper": COLOURS,
        }
        for knob, values in known.items():
            if getattr(self, knob) not in values:
                raise LabError(f"glyphs: {knob} '{getattr(self, knob)}' is not known; there are {', '.join(values)}.")


def styles(
    fonts: Sequence[str] = tuple(FONTS),
    weights: Sequence[str] = tuple(WEIGHTS),
    slants: Sequence[str] = tuple(SLANTS),
    textures: Sequence[str] = TEXTURES,
    inks: Sequence[str] = ("white",),
    papers: Sequence[str] = ("black",),
) -> list[Style]:
    """Every combination of the knobs, in a fixed order: 378 styles by default."""
    return [Style(*knobs) for knobs in product(fonts, weights, slants, textures, inks, papers)]


@dataclass(frozen=True)
class Glyphs:
    """What was drawn: images (N, C, size, size) in [-1, 1], and which character and which style each shows, (N,)."""

    images: Tensor
    contents: Tensor
    styles: Tensor


def draw(
    chars: str,
    styles: Sequence[Style],
    contents: Tensor,
    style_ids: Tensor,
    size: int = 32,
    channels: int = 1,
    jitter: float = 1.0,
    seed: int = 0,
    stretch: Sequence[float] = (1.0, 1.0),
) -> Glyphs:
    """Draw glyph i as the character `chars[contents[i]]` in the style `styles[style_ids[i]]`.

    `jitter` scales the random pose: at 1 up to 6 % of the image in position, 10 % in size and 8 degrees in rotation.
    The pose of glyph i depends on `seed` and i alone: the same call with other styles gives the same contents and poses
    in another look. `stretch` widens and heightens all of them, (1.2, 1.4) until they fill the image as handwriting
    does. One channel is the grey value of the colours (ITU-R 601 luma).
    """
    if channels not in (1, 3) or size < 8:
        raise LabError(f"glyphs come with 1 or 3 channels and at least 8 pixels, found {channels} and {size}.")
    chosen = [styles[int(i)] for i in style_ids]
    masks = _masks([(chars[int(c)], style.font, style.weight) for c, style in zip(contents, chosen, strict=True)])
    slant = torch.tensor([SLANTS[style.slant] for style in chosen])
    mask = _posed(masks, slant, _poses(len(chosen), jitter, seed), 2 * size, stretch)
    mask = _textured(mask, [style.texture for style in chosen])
    mask = F.avg_pool2d(mask, 2)
    ink, paper = (_colours([getattr(style, part) for style in chosen], channels) for part in ("ink", "paper"))
    return Glyphs((paper + (ink - paper) * mask) * 2 - 1, contents, style_ids)


def scattered(chars: str, styles: Sequence[Style], n: int, seed: int, **knobs) -> Glyphs:
    """`n` glyphs with every character equally often (as far as n allows) and styles at random; `knobs` go to `draw`."""
    rng = np.random.default_rng([seed, 0x617])
    contents = torch.from_numpy(rng.permutation(np.arange(n) % len(chars)))
    style_ids = torch.from_numpy(rng.integers(len(styles), size=n))
    return draw(chars, styles, contents, style_ids, seed=seed, **knobs)


# -- data sets ---------------------------------------------------------------------------------------------------------


def glyph_digits(
    size: int = 32,
    channels: int = 1,
    n_train: int = 2000,
    n_test: int = 500,
    fonts: Sequence[str] = tuple(FONTS),
    weights: Sequence[str] = ("regular", "bold"),
    slants: Sequence[str] = ("upright",),
    textures: Sequence[str] = ("solid",),
    inks: Sequence[str] = ("white",),
    papers: Sequence[str] = ("black",),
    jitter: float = 1.0,
    stretch: Sequence[float] = (1.0, 1.0),
    seed: int = 0,
) -> DataSet:
    """Printed digits with labels 0-9, as the single domain "real". Training and test images differ in their draws."""
    looks = styles(fonts, weights, slants, textures, inks, papers)
    knobs = {"size": size, "channels": channels, "jitter": jitter, "stretch": stretch}
    train, test = (scattered(DIGITS, looks, n, 2 * seed + part, **knobs) for part, n in enumerate((n_train, n_test)))
    return DataSet(
        "glyph_digits",
        {"real": Domain("glyph_digits", train.images, train.contents)},
        {"real": Domain("glyph_digits", test.images, test.contents)},
    )


@with_knobs_of(glyph_digits)
def digits_to_glyphs(
    size: int = 32,
    channels: int = 1,
    n_train: int = 1350,
    without_A: Sequence[int] = (),
    without_B: Sequence[int] = (),
    seed: int = 0,
    **knobs,
) -> DataSet:
    """A: real handwritten digits (`optdigits`). B: printed digits (`glyph_digits`, whose other `knobs` may be given).

    Two unrelated sources of the same ten digits: which B belongs to an image of A is known by the digit alone.
    `without_A` and `without_B` name digits that the training images of that domain do not show; the tests show all.
    """
    written = optdigits(size, channels)
    printed = glyph_digits(size, channels, n_train, seed=seed, **knobs)
    return DataSet(
        "digits_to_glyphs",
        {"A": _without(written.train["real"], without_A), "B": _without(printed.train["real"], without_B)},
        {"A": written.test["real"], "B": printed.test["real"]},
    )


def _without(domain: Domain, digits: Sequence[int]) -> Domain:
    kept = ~torch.isin(domain.labels, torch.tensor(list(digits), dtype=torch.int64))
    return domain.subset(kept.nonzero().flatten()) if digits else domain


def glyph_pair(
    a: dict | None = None,
    b: dict | None = None,
    chars: str = DIGITS,
    size: int = 32,
    channels: int = 1,
    n_train: int = 1000,
    n_test: int = 200,
    jitter: float = 1.0,
    inks: Sequence[str] = (),
    seed: int = 0,
) -> DataSet:
    """Two styles of the same alphabet, labelled by character.

    `a` and `b` name the knobs of `Style` that differ from its defaults. With `inks`, glyphs of both domains come in
    these colours, at random; a test glyph has the same ink in both. Training glyphs of A and B have contents and poses
    of their own; the test glyphs are drawn in both styles, which is the truth for the metrics.
    """
    look_A, look_B = Style(**(a or {})), Style(**({"font": "times", "slant": "right"} if b is None else b))
    knobs = {"size": size, "channels": channels, "jitter": jitter}
    looks_A, looks_B = ([replace(look, ink=ink) for ink in inks or (look.ink,)] for look in (look_A, look_B))
    train_A = scattered(chars, looks_A, n_train, 3 * seed, **knobs)
    train_B = scattered(chars, looks_B, n_train, 3 * seed + 1, **knobs)
    test_A, test_B = (scattered(chars, looks, n_test, 3 * seed + 2, **knobs) for looks in (looks_A, looks_B))
    return DataSet(
        "glyph_pair",
        {
            "A": Domain("glyphs_A", train_A.images, train_A.contents),
            "B": Domain("glyphs_B", train_B.images, train_B.contents),
        },
        {
            "A": Domain("glyphs_A", test_A.images, test_A.contents),
            "B": Domain("glyphs_B", test_B.images, test_B.contents),
        },
        {("A", "B"): test_B.images, ("B", "A"): test_A.images},
    )


# -- how it is drawn ---------------------------------------------------------------------------------------------------


def _masks(wanted: Sequence[tuple[str, str, str]]) -> Tensor:
    """The large drawing of each wanted (char, font, weight), (N, 1, _DRAWN, _DRAWN) in [0, 1]; each drawn once."""
    distinct = sorted(set(wanted))
    drawings = torch.stack([_drawing(*key) for key in distinct])
    place = {key: i for i, key in enumerate(distinct)}
    return drawings[torch.tensor([place[key] for key in wanted])]


def _drawing(char: str, font: str, weight: str) -> Tensor:
    body = _BODY * _DRAWN
    face = _face(font, body)
    image = Image.new("L", (_DRAWN, _DRAWN))
    ImageDraw.Draw(image).text(
        (_DRAWN / 2, (_DRAWN + body) / 2), char, fill=255, font=face, anchor="ms", stroke_width=WEIGHTS[weight] * body
    )
    return torch.from_numpy(np.asarray(image, dtype=np.float32) / 255.0)[None]


def _face(font: str, body: float) -> ImageFont.FreeTypeFont:
    """The font at the size at which its digit 0 is `body` pixels high, so that all fonts come out equally tall."""
    from matplotlib import get_data_path

    path = Path(get_data_path()) / "fonts" / "ttf" / FONTS[font]
    _, top, _, bottom = ImageFont.truetype(path, 100).getbbox("0")
    return ImageFont.truetype(path, 100 * body / (bottom - top))


def _poses(n: int, jitter: float, seed: int) -> Tensor:
    """Shift x, shift y (parts of half the image), size factor, rotation (radians) of each glyph, (n, 4)."""
    uniform = np.random.default_rng([seed, 0x905E]).uniform(-1, 1, size=(n, 4))
    scale = np.array([0.12, 0.12, 0.10, np.deg2rad(8)]) * jitter
    return torch.from_numpy((uniform * scale + [0, 0, 1, 0]).astype(np.float32))


def _posed(masks: Tensor, slant: Tensor, poses: Tensor, size: int, stretch: Sequence[float]) -> Tensor:
    """The masks slanted, turned, scaled, shifted and stretched, (N, 1, size, size)."""
    shift_x, shift_y, scale, angle = poses[:, :, None, None].unbind(1)
    cos, sin = angle.cos() / scale, angle.sin() / scale
    line = (torch.arange(size) * 2 + 1) / size - 1
    x, y = line[None, None, :] / stretch[0] - shift_x, line[None, :, None] / stretch[1] - shift_y
    # where each output pixel comes from: undo the stretch and the shift, then turn and size, then the slant (y points
    # down)
    source_y = cos * y - sin * x
    source_x = cos * x + sin * y + slant[:, None, None] * source_y
    grid = torch.stack([source_x, source_y], 3)
    return F.grid_sample(masks, grid, align_corners=False)


def _textured(mask: Tensor, textures: Sequence[str]) -> Tensor:
    """The masks with part of their ink taken away in a pattern; what the pattern spares keeps full strength."""
    size = mask.shape[-1]
    y, x = torch.meshgrid(torch.arange(size) / size, torch.arange(size) / size, indexing="ij")
    wave = {  # periods are parts of the image, so that a texture looks alike at every size
        "rows": (y * 8) % 1 < 0.55,
        "columns": (x * 8) % 1 < 0.55,
        "diagonal": ((x + y) * 7) % 1 < 0.55,
        "dots": ((x * 9) % 1 - 0.5) ** 2 + ((y * 9) % 1 - 0.5) ** 2 < 0.14,
    }
    result = mask.clone()
    for texture in set(textures) - {"solid"}:
        members = torch.tensor([t == texture for t in textures])
        if texture == "outline":
            inside = -F.max_pool2d(-mask[members], 5, 1, 2)  # erosion
            pattern = 1 - inside
        else:
            pattern = wave[texture].float()
        result[members] = mask[members] * (0.25 + 0.75 * pattern)
    return result


def _colours(names: Sequence[str], channels: int) -> Tensor:
    colours = torch.tensor([COLOURS[name] for name in names])
    if channels == 1:
        colours = colours @ torch.tensor([[0.299], [0.587], [0.114]])
    return colours[:, :, None, None]
