"""Pairs of domains drawn from the same kind of scene, so that the true partner of a test image is known.

A scene is a handful of numbers; a renderer turns it into a picture. Training pictures of A and of B are drawn from
different scenes: there is no pair for training to see. The test scenes are drawn by both renderers, and `truth` hands
the pictures, and what the scene holds where, to the metrics alone.

The textures are real photographs of grass, gravel and brick (scikit-image).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from labkit.data.domain import DataSet, Domain
from labkit.data.recipes.glyphs import DIGITS, scattered, styles
from labkit.data.recipes.photos import photo
from labkit.errors import LabError

LAND = ("water", "wood", "field", "town", "road", "roof")
MAP_COLOURS = torch.tensor(  # one flat colour for each kind of LAND, RGB in [0, 1]
    [
        [0.65, 0.80, 0.93],
        [0.72, 0.87, 0.66],
        [0.96, 0.92, 0.76],
        [0.86, 0.85, 0.84],
        [1.00, 1.00, 1.00],
        [0.80, 0.62, 0.55],
    ]
)
_AERIAL = {  # kind of LAND -> surface, its darkest and its brightest colour
    "water": ("gravel", (0.12, 0.24, 0.35), (0.16, 0.29, 0.41)),
    "wood": ("grass", (0.04, 0.13, 0.05), (0.33, 0.50, 0.24)),
    "field": ("gravel", (0.52, 0.44, 0.24), (0.80, 0.72, 0.46)),
    "town": ("gravel", (0.30, 0.29, 0.28), (0.62, 0.60, 0.58)),
    "road": ("gravel", (0.22, 0.22, 0.24), (0.36, 0.36, 0.38)),
    "roof": ("brick", (0.42, 0.15, 0.10), (0.80, 0.42, 0.30)),
}
_AT_ONCE = 16  # scenes drawn together: few enough that what is drawn stays in the processor's cache


# -- land: textured aerial photograph <-> flat map ---------------------------------------------------------------------


def textured_to_flat(
    size: int = 64,
    n_train: int = 400,
    n_test: int = 60,
    kinds: Literal["alike", "unlike"] = "alike",
    seed: int = 0,
) -> DataSet:
    """A: aerial photographs of an invented land, textured. B: its map, a flat colour for each kind of land.

    A to B loses information (the grain of every surface), as photo to map does in CycleGAN. `truth["A", "land"]` holds
    the kind of land (place in LAND) of every pixel of the test images, (N, 1, size, size), as float32. From B to A the
    truth is one of many: the map fixes where a wood is, not each of its leaves.

    kinds: "alike": water, wood, field and town are parcels of one shape and of nearly one frequency, so nothing but a
           convention says which colour of the map means which. "unlike": each has a shape, a place or a frequency of
           its own: wood is everywhere, fields are rectangles, towns are round, the sea lies along the lower edge.
    """
    if kinds not in ("alike", "unlike"):
        raise LabError(f"textured_to_flat: kinds are alike or unlike, found '{kinds}'.")
    counts = enumerate((n_train, n_train, n_test))
    land_A, land_B, land = (_land(n, size, 3 * seed + part, kinds == "unlike") for part, n in counts)
    aerial = _aerial(land, 3 * seed + 2)
    return DataSet(
        "textured_to_flat",
        {"A": Domain("aerial", _aerial(land_A, 3 * seed)), "B": Domain("map", _map(land_B))},
        {"A": Domain("aerial", aerial), "B": Domain("map", _map(land))},
        {("A", "B"): _map(land), ("B", "A"): aerial, ("A", "land"): _halved(land[:, None].float(), nearest=True)},
    )


def _land(n: int, size: int, seed: int, unlike: bool = False) -> Tensor:
    """The kind of land at every pixel of `n` scenes, drawn at twice the size, (n, 2 size, 2 size) int64."""
    rng = np.random.default_rng([seed, 0x1A4D])
    return torch.cat([_scenes(min(_AT_ONCE, n - first), 2 * size, rng, unlike) for first in range(0, n, _AT_ONCE)])


def _scenes(n: int, side: int, rng: np.random.Generator, unlike: bool) -> Tensor:
    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.from_numpy(rng.uniform(low, high, size=(n, *shape)).astype(np.float32))

    line = (torch.arange(side) + 0.5) / side
    y, x = line[None, :, None], line[None, None, :]
    if unlike:  # rectangular fields and a round town in a wood, and the sea along the lower edge
        land = torch.ones(n, side, side, dtype=torch.int64)
        for _ in range(2):
            wide, tall = uniform(0.14, 0.22, 1, 1), uniform(0.09, 0.14, 1, 1)
            inside = ((x - uniform(0, 1, 1, 1)).abs() < wide) & ((y - uniform(0, 0.8, 1, 1)).abs() < tall)
            land = torch.where(inside, 2, land)
        squared = (x - uniform(0.15, 0.85, 1, 1)) ** 2 + (y - uniform(0.15, 0.65, 1, 1)) ** 2
        land = torch.where(squared < uniform(0.14, 0.19, 1, 1) ** 2, 3, land)
        coast = uniform(0.76, 0.86, 1, 1) + 0.03 * torch.sin(2 * torch.pi * (2 * x + uniform(0, 1, 1, 1)))
        land = torch.where(y > coast, 0, land)
    else:  # parcels: each pixel belongs to the nearest of seven sites, and each site has one of the first four kinds
        wobbly = x + 0.03 * torch.sin(2 * torch.pi * (3 * (x + y) + uniform(0, 1, 1, 1)))
        nearest, land = torch.full((n, side, side), torch.inf), torch.zeros(n, side, side, dtype=torch.int64)
        for _ in range(7):
            kind = torch.from_numpy(rng.choice(4, size=(n, 1, 1), p=[0.18, 0.30, 0.27, 0.25]))
            distance = (wobbly - uniform(0, 1, 1, 1)) ** 2 + (y - uniform(0, 1, 1, 1)) ** 2
            land = torch.where(distance < nearest, kind, land)
            nearest = torch.minimum(distance, nearest)
    # roofs: rotated rectangles, only where there is town
    for _ in range(25 if unlike else 14):
        angle = uniform(0, torch.pi, 1, 1)
        dx, dy = x - uniform(0, 1, 1, 1), y - uniform(0, 1, 1, 1)
        along, across = angle.cos() * dx + angle.sin() * dy, angle.cos() * dy - angle.sin() * dx
        inside = (along.abs() < uniform(0.04, 0.09, 1, 1)) & (across.abs() < uniform(0.03, 0.06, 1, 1))
        land = torch.where(inside & (land == 3), 5, land)
    # roads: two bands that bend a little
    for width in (0.030, 0.022):
        angle, offset = uniform(0, torch.pi, 1, 1), uniform(-0.25, 0.25, 1, 1)
        along = angle.cos() * (x - 0.5) + angle.sin() * (y - 0.5)
        across = angle.cos() * (y - 0.5) - angle.sin() * (x - 0.5) - offset
        bend = 0.06 * torch.sin(4 * along + uniform(0, 6.28, 1, 1))
        land = torch.where((across - bend).abs() < width, 4, land)
    return land


def _aerial(land: Tensor, seed: int) -> Tensor:
    rng = np.random.default_rng([seed, 0xAE41])
    return torch.cat([_photographed(part, rng) for part in land.split(_AT_ONCE)])


def _photographed(land: Tensor, rng: np.random.Generator) -> Tensor:
    n, side = len(land), land.shape[-1]
    surfaces = ("grass", "gravel", "brick")
    grains = torch.cat([_grain(surface, n, side, rng) for surface in surfaces], 1)
    surface = torch.tensor([surfaces.index(_AERIAL[kind][0]) for kind in LAND])[land]
    grain = grains.gather(1, surface[:, None])
    tone = 1 + torch.from_numpy(rng.uniform(-0.12, 0.12, size=(n, len(LAND))).astype(np.float32))
    dark, bright = (torch.tensor([_AERIAL[kind][end] for kind in LAND]) for end in (1, 2))
    picture = (dark[land] + (bright - dark)[land] * grain[:, 0, :, :, None]).permute(0, 3, 1, 2)
    picture = picture * tone.gather(1, land.flatten(1)).reshape(n, 1, side, side)
    return _halved(picture.clamp(0, 1)) * 2 - 1


def _map(land: Tensor) -> Tensor:
    return torch.cat([_halved(MAP_COLOURS[part].permute(0, 3, 1, 2)) for part in land.split(_AT_ONCE)]) * 2 - 1


# -- print on grainy paper <-> print on flat paper ---------------------------------------------------------------------


def grained_to_flat(
    size: int = 32,
    n_train: int = 400,
    n_test: int = 60,
    strength: float = 0.7,
    paper: Literal["black", "grey"] = "black",
    seed: int = 0,
) -> DataSet:
    """A: printed digits on grainy paper, a random window of a photograph of gravel. B: such print on flat paper.

    The plainest pair that loses information: every pixel of the paper is known in A and gone in B, and the print
    stays where it is. One channel.

    paper:    the flat paper of B, which grain only brightens where it is black, and varies around where it is grey.
    strength: brightness between the darkest and the brightest grain, white print being 1.
    """
    flat_paper = {"black": 0.0, "grey": 0.5}[paper]

    def print_on_black(n: int, part: int) -> tuple[Tensor, Tensor]:
        drawn = scattered(DIGITS, styles(slants=("upright",), textures=("solid",)), n, 3 * seed + part, size=size)
        return (drawn.images + 1) / 2, drawn.contents

    def on_grain(ink: Tensor, part: int) -> Tensor:
        grain = _grain("gravel", len(ink), size, np.random.default_rng([seed, part, 0x6A1]))
        darkest = flat_paper - strength / 2 if paper == "grey" else flat_paper
        return (ink + (1 - ink) * (darkest + strength * grain)) * 2 - 1

    def on_flat(ink: Tensor) -> Tensor:
        return (ink + (1 - ink) * flat_paper) * 2 - 1

    counts = (n_train, n_train, n_test)
    (ink_A, digits_A), (ink_B, digits_B), (ink, digits) = (print_on_black(n, i) for i, n in enumerate(counts))
    grained, flat = on_grain(ink, 1), on_flat(ink)
    return DataSet(
        "grained_to_flat",
        {"A": Domain("grained", on_grain(ink_A, 0), digits_A), "B": Domain("flat", on_flat(ink_B), digits_B)},
        {"A": Domain("grained", grained, digits), "B": Domain("flat", flat, digits)},
        {("A", "B"): flat, ("B", "A"): grained},
    )


# -- figures on a ground: brown horses on green <-> striped horses on sand ---------------------------------------------


COATS = {  # of horses: the darkest and the brightest colour, RGB in [0, 1]
    "brown": ((0.26, 0.12, 0.05), (0.55, 0.30, 0.14)),
    "white": ((0.62, 0.60, 0.58), (0.97, 0.96, 0.94)),
}
GREEN, SAND = ((0.20, 0.38, 0.14), (0.48, 0.68, 0.32)), ((0.60, 0.48, 0.26), (0.90, 0.78, 0.50))  # darkest, brightest
SADDLE = (0.85, 0.10, 0.12)


@dataclass(frozen=True)
class _Herds:
    """`n` scenes with up to k horses: where each horse is, (n, k, 1, S, S) in [0, 1] (0 everywhere: there is none), its
    own coordinates, (n, k, S, S, 2), its coat's darkest and brightest colours, (2, n, 1, 3, 1, 1), and the shade of the
    ground, (n, 1, 1, 1) in [0, 1]."""

    masks: Tensor
    own: Tensor
    coat: Tensor
    shade: Tensor


def figure_on_ground(
    size: int = 48,
    n_train: int = 600,
    n_test: int = 100,
    most: int = 3,
    coats: Sequence[str] = ("brown",),
    saddled: bool = False,
    seed: int = 0,
) -> DataSet:
    """A: one to `most` brown horses on plain green. B: striped horses on plain sand. Figures and ground both change.

    Horses stand anywhere, so that a place says nothing about what is there. The ground is plain, in a shade of its own.
    With two `coats` the horses of a scene of A have the one or the other, and its label says which (the place in
    `coats`): a colour that no zebra shows, so that A to B loses it. Where `saddled`, each zebra of the training
    pictures bears a red saddle: a part that B has and A lacks. The truth has none.

    `truth["A", "mask"]` and `truth["B", "mask"]` tell the metrics where the figures are, (N, 1, size, size) in [0, 1]:
    with them one can ask whether a translation moved a figure, or painted stripes on the ground.
    """
    if not coats or not set(coats) <= COATS.keys():
        raise LabError(f"figure_on_ground: coats are among {', '.join(COATS)}, found {', '.join(coats) or 'none'}.")
    if most < 1:
        raise LabError(f"figure_on_ground: a scene has one horse at least, found most = {most}.")
    in_A, in_B, test = (_herds(n, size, most, 3 * seed + part) for part, n in enumerate((n_train, n_train, n_test)))
    (in_A, labels_A), (test, labels) = (_dressed(s, coats, 3 * seed + part) for part, s in ((0, in_A), (2, test)))
    plain, striped, mask = _plain(test), _striped(test), _halved(test.masks.amax(1))
    zebras = _striped(in_B, saddled)
    return DataSet(
        "figure_on_ground",
        {"A": Domain("horses", _plain(in_A), labels_A), "B": Domain("zebras", zebras)},
        {"A": Domain("horses", plain, labels), "B": Domain("zebras", striped)},
        {("A", "B"): striped, ("B", "A"): plain, ("A", "mask"): mask, ("B", "mask"): mask},
    )


def _herds(n: int, size: int, most: int, seed: int) -> _Herds:
    """One silhouette, mirrored, turned, stretched, sheared, and put anywhere; drawn at twice the size."""
    rng = np.random.default_rng([seed, 0x405E])
    low, high = [-0.62, -0.62, 0.50, 0.85, -0.15, -0.15], [0.62, 0.62, 0.72, 1.15, 0.15, 0.15]
    pose = torch.from_numpy(rng.uniform(low, high, size=(n * most, 6)).astype(np.float32))[:, :, None, None]
    shift_x, shift_y, scale, stretch, angle, shear = pose.unbind(1)
    mirror = torch.from_numpy(rng.choice([-1.0, 1.0], size=(n * most, 1, 1)).astype(np.float32))
    line = (torch.arange(2 * size) * 2 + 1) / (2 * size) - 1
    dx, dy = line[None, None, :] - shift_x, line[None, :, None] - shift_y
    y = (angle.cos() * dy - angle.sin() * dx) / scale
    x = mirror * (angle.cos() * dx + angle.sin() * dy + shear * dy) / (scale * stretch)
    own = torch.stack([x, y], 3)
    masks = F.grid_sample(_silhouette().expand(n * most, 1, -1, -1), own, align_corners=False)
    there = torch.arange(most) < torch.from_numpy(rng.integers(1, most + 1, size=(n, 1)))
    shade = torch.from_numpy(rng.uniform(size=(n, 1, 1, 1)).astype(np.float32))
    brown = torch.tensor(COATS["brown"])[:, None, None, :, None, None].expand(-1, n, -1, -1, -1, -1)
    masks = masks.unflatten(0, (n, most)) * there[..., None, None, None]
    return _Herds(masks, own.unflatten(0, (n, most)), brown, shade)


def _dressed(herds: _Herds, coats: Sequence[str], seed: int) -> tuple[_Herds, Tensor | None]:
    """The scenes in coats drawn from `coats`, and each one's place among them; None where there is no choice."""
    rng = np.random.default_rng([seed, 0xC0A7])
    drawn = torch.from_numpy(rng.integers(len(coats), size=len(herds.masks)))
    colours = torch.tensor([COATS[coat] for coat in coats])[drawn]  # (n, 2, 3)
    dressed = replace(herds, coat=colours.transpose(0, 1)[:, :, None, :, None, None])
    return dressed, drawn if len(coats) > 1 else None


def _plain(herds: _Herds) -> Tensor:
    dark, bright = herds.coat
    return _painted(herds, GREEN, dark + (bright - dark) * _light(herds))


def _striped(herds: _Herds, saddled: bool = False) -> Tensor:
    x, y = herds.own.unbind(4)
    stripes = torch.sigmoid(6 * torch.sin(17 * (x + 0.15 * torch.sin(3 * y))) + 0.5)[:, :, None]
    coat = _between((0.06, 0.06, 0.07), (0.96, 0.95, 0.92), stripes)
    if saddled:  # an ellipse over the middle of the back
        saddle = ((x / 0.22).square() + ((y + 0.12) / 0.2).square() < 1)[:, :, None]
        coat = torch.where(saddle, torch.tensor(SADDLE)[:, None, None], coat)
    return _painted(herds, SAND, coat)


def _painted(herds: _Herds, ground: tuple, coats: Tensor) -> Tensor:
    """Pictures (n, 3, S / 2, S / 2) in [-1, 1]: the ground, and on it one figure after the other in its coat."""
    side = herds.masks.shape[-1]
    picture = _between(*ground, herds.shade).expand(-1, -1, side, side)
    for mask, coat in zip(herds.masks.unbind(1), coats.unbind(1), strict=True):
        picture = picture + (coat - picture) * mask
    return _halved(picture) * 2 - 1


def _light(herds: _Herds) -> Tensor:
    """Brighter on the back of a figure than on its belly: (n, k, 1, S, S) in [0, 1]."""
    return (0.5 - 0.6 * herds.own[..., 1]).clamp(0, 1)[:, :, None]


def _silhouette() -> Tensor:
    """The outline of a horse (scikit-image, public domain), 1 inside, in a square with a margin, (side, side)."""
    from importlib.resources import as_file, files

    with as_file(files("skimage.data") / "horse.png") as path, Image.open(path) as image:
        dark = image.convert("L").resize((192, 160), Image.Resampling.BOX)
    inside = 1 - torch.from_numpy(np.asarray(dark, dtype=np.float32) / 255)
    return F.pad(inside, (16, 16, 32, 32))


# -- shared ------------------------------------------------------------------------------------------------------------


def _grain(surface: str, n: int, side: int, rng: np.random.Generator) -> Tensor:
    """A random window of the photograph of a surface for each of `n` scenes, (n, 1, side, side) in [0, 1]."""
    top, left = (torch.from_numpy(rng.integers(256, size=(n, 1, 1))) for _ in range(2))
    rows, columns = (top + torch.arange(side)[:, None]) % 256, (left + torch.arange(side)) % 256
    return _surface(surface)[rows, columns][:, None]


@cache
def _surface(name: str) -> Tensor:
    """The photograph of a surface, (256, 256), its contrast stretched to [0, 1]."""
    values = torch.from_numpy(np.array(photo(name).convert("L").resize((256, 256), Image.Resampling.BOX))).float()
    low, high = values.quantile(0.02), values.quantile(0.98)
    return ((values - low) / (high - low)).clamp(0, 1)


def _between(dark: tuple, bright: tuple, share: Tensor) -> Tensor:
    dark, bright = (torch.tensor(colour)[:, None, None] for colour in (dark, bright))
    return dark + (bright - dark) * share


def _halved(pictures: Tensor, nearest: bool = False) -> Tensor:
    return pictures[:, :, ::2, ::2].contiguous() if nearest else F.avg_pool2d(pictures, 2)
