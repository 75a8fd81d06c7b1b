"""A face as a handful of numbers, drawn from a seed; any attribute can be changed while all else stays.

Five attributes are labelled, the same for every drawing style. The rest (hair style, eyes, brows, clothes, ground) is
variety: it differs from face to face and no label tells it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

SKIN_TONES = ("#5c3a2a", "#a35f35", "#cf9263", "#edbd94", "#fbdfc6")  # from dark to light
HAIR_COLOURS = {"black": "#26191a", "brown": "#7b4a2b", "red": "#c0502a", "blond": "#e9c66d", "grey": "#a9adb3"}
ATTRIBUTES = {  # attribute -> its values, in the order of their labels
    "skin": tuple(f"tone {i}" for i in range(len(SKIN_TONES))),
    "hair_colour": tuple(HAIR_COLOURS),
    "glasses": ("none", "glasses"),
    "beard": ("none", "beard"),
    "mouth": ("serious", "smile"),
}
USUAL = {  # attribute -> the values of which a face has one, each as often as it stands here, unless a caller says more
    "skin": tuple(range(len(SKIN_TONES))),
    "hair_colour": (0, 1, 2, 3),  # grey is for those who ask for it
    "glasses": (0, 0, 0, 1),
    "beard": (0, 0, 0, 1),
    "mouth": (0, 1),
}
VARIETY = 64  # the free numbers of a face are below this; a style takes them modulo what it has


@dataclass(frozen=True)
class Face:
    """One face. Attributes are labels, places in `ATTRIBUTES`; the variety is what no label tells.

    variety: free whole numbers in [0, 64): hair style, eyes, brows, clothes, colour of clothes, ground.
    """

    skin: int
    hair_colour: int
    glasses: int
    beard: int
    mouth: int
    variety: tuple[int, ...]

    def changed(self, **attributes: int) -> "Face":
        """The same face with other values of these attributes."""
        return replace(self, **attributes)


def people(seed: int, part: int, fixed: Mapping[str, int | Sequence[int]] | None = None) -> Iterator[Face]:
    """Faces without end: part `part` of the world with this seed.

    fixed: attributes with one value, or with several of which each face has one, equally often. Fixing an attribute
    leaves the others of a face as they are.
    """
    rng = np.random.default_rng([seed, part, 0xFACE])
    choices = {}
    for name, usual in USUAL.items():
        given = (fixed or {}).get(name, usual)
        choices[name] = (given,) if isinstance(given, int) else tuple(given)
    while True:
        draws = rng.random(len(choices))
        values = {
            name: several[int(draw * len(several))]
            for (name, several), draw in zip(choices.items(), draws, strict=True)
        }
        yield Face(**values, variety=tuple(rng.integers(VARIETY, size=6).tolist()))


def faces(n: int, seed: int, part: int = 0, fixed: Mapping[str, int | Sequence[int]] | None = None) -> list[Face]:
    """The first `n` of these `people`."""
    return list(islice(people(seed, part, fixed), n))
