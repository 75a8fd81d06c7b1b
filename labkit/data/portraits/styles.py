"""Drawing styles: how each draws a face, and whose drawings they are.

The styles are files of the package dicebear-styles (definitions with their own licences, drawn by the package
dicebear-core). Accepted here are CC0, CC BY, and what is free for commercial use; `credit` says whose a style is.

All share our palette of skin, hair, clothes and grounds. Hats, hijabs, turbans and eye patches are left out, for they
hide the attributes. Of the package's other styles of people most lack a part that could be switched for an attribute:
`adventurer` and `miniavs` a beard; `personas` and `dylan` glasses; `big-smile`, `big-ears` and `croodles` one of the
two or both; `open-peeps` colours of hair and a mouth. `pixel-art`, `voxel-art` and `lorelei` have them all.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources

from labkit.data.portraits.faces import HAIR_COLOURS, SKIN_TONES, Face
from labkit.errors import LabError

GROUNDS = ("#cfe6ef", "#efe4cf", "#dcd6ee", "#d3e8d0")
CLOTHES = ("#2f5d8a", "#5b9bd5", "#8d99a6", "#4f8a5b", "#e0674f", "#33383d")
FRAMES = "#2457c5"  # of glasses: seen on every tone of skin
INK, LIPS = "#1d1d1f", "#d8453f"  # of micah: lips in ink would be lost on a black beard
FREE_LICENCES = re.compile(r"CC0 1\.0|CC BY 4\.0|Free for personal and commercial use")


@dataclass(frozen=True)
class Style:
    """A drawing style of dicebear-styles.

    options: (face) -> the options that draw it, one value each, so that nothing is left to dicebear's own draws.
    """

    name: str
    options: Callable[[Face], dict]

    def person(self, face: Face) -> str:
        """Who it is: equal for two faces that this style draws alike up to attributes that a translation may change."""
        return json.dumps(self.options(face.changed(hair_colour=0, glasses=0, beard=0, mouth=0)))

    @property
    def definition(self) -> dict:
        """The style's own file, as parsed JSON. Raises LabError where its licence is not one of the accepted ones."""
        return _definition(self.name)


@cache
def _definition(name: str) -> dict:
    content = json.loads((resources.files("dicebear_styles") / f"{name}.json").read_text("utf8"))
    licence = content["meta"]["license"]["name"]
    if not FREE_LICENCES.fullmatch(licence):
        raise LabError(
            f"the drawing style {name} is under '{licence}'; only CC0, CC BY or free commercial use are taken."
        )
    return content


def _one_of(choices: tuple[str, ...], number: int) -> list[str]:
    return [choices[number % len(choices)]]


def _avataaars(face: Face) -> dict:
    top, eyes, brows, clothes, colour, ground = face.variety
    hair = list(HAIR_COLOURS.values())[face.hair_colour]
    tops = (
        *("bigHair", "bob", "bun", "curly", "curvy", "dreads01", "dreads02", "frizzle", "fro"),
        *("longButNotTooLong", "miaWallace", "shaggy", "shaggyMullet", "shortCurly", "shortFlat", "shortRound"),
        *("shortWaved", "straight01", "straight02", "straightAndStrand", "theCaesar", "theCaesarAndSidePart"),
    )
    return {
        "topProbability": 100,
        "topVariant": _one_of(tops, top),
        "hairColor": [hair],
        "skinColor": [SKIN_TONES[face.skin]],
        "facialHairProbability": 100 * face.beard,
        "facialHairVariant": ["beardMedium"],
        "facialHairColor": [hair],
        "accessoriesProbability": 100 * face.glasses,
        "accessoriesVariant": _one_of(("prescription02", "round"), eyes),
        "accessoriesColor": [FRAMES],
        "mouthVariant": ["smile" if face.mouth else "serious"],
        "eyesVariant": _one_of(("default", "happy", "side", "squint"), eyes),
        "eyebrowsVariant": _one_of(("defaultNatural", "flatNatural", "raisedExcitedNatural", "default"), brows),
        "clothesVariant": _one_of(("shirtCrewNeck", "shirtScoopNeck", "shirtVNeck", "hoodie", "overall"), clothes),
        "clothesColor": _one_of(CLOTHES, colour),
        "backgroundColor": _one_of(GROUNDS, ground),
    }


def _micah(face: Face) -> dict:
    top, eyes, brows, clothes, colour, ground = face.variety
    hair, skin = list(HAIR_COLOURS.values())[face.hair_colour], SKIN_TONES[face.skin]
    return {
        "hairProbability": 100,
        "hairVariant": _one_of(("dannyPhantom", "fonze", "full", "pixie", "mrT"), top),
        "hairColor": [hair],
        "baseColor": [skin],
        "facialHairProbability": 100 * face.beard,
        "facialHairVariant": ["beard"],
        "facialHairColor": [hair],
        "glassesProbability": 100 * face.glasses,
        "glassesVariant": _one_of(("round", "square"), eyes),
        "glassesColor": [FRAMES],
        "mouthVariant": ["laughing" if face.mouth else "frown"],
        "eyesVariant": _one_of(("eyes", "round", "smiling"), eyes),
        "eyebrowsVariant": _one_of(("up", "down"), brows),
        "noseVariant": _one_of(("curve", "pointed", "tound"), brows),
        "earsVariant": _one_of(("attached", "detached"), top),
        "earringsProbability": 0,
        "eyesColor": [INK],
        "eyebrowsColor": [INK],
        "mouthColor": [LIPS],
        "clothesVariant": _one_of(("collared", "crew", "open"), clothes),
        "shirtColor": _one_of(CLOTHES, colour),
        "backgroundColor": _one_of(GROUNDS, ground),
    }


STYLES = {style.name: style for style in (Style("avataaars", _avataaars), Style("micah", _micah))}


def credit(name: str) -> str:
    """Whose drawings a style is made of, in one sentence, from the style's own file."""
    meta = _definition(name)["meta"]
    source, creator, licence = meta["source"], meta["creator"], meta["license"]
    return f"Faces: a remix of “{source['name']}” ({source['url']}) by {creator['name']}, {licence['name']}."
