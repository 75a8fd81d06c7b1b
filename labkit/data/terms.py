"""Under which terms the images of a recipe come: what the card of a network that was trained on them says."""

from collections.abc import Mapping
from pathlib import Path

from labkit.data.files.catalog import read_catalog
from labkit.data.portraits.styles import credit
from labkit.errors import LabError

DIGITS = "optdigits: Alpaydin and Kaynak, UCI 1998, CC BY 4.0"
FONTS = "glyphs from matplotlib's fonts: DejaVu (Bitstream Vera's terms), STIX (OFL 1.1), Computer Modern (BaKoMa)"
PHOTOS = "photographs of scikit-learn and scikit-image, each under the terms in those packages' README files"
DRAWN = "drawn by this workbook, MIT"
OWN = "the pictures that were named; their terms are their owner's"

TERMS = {
    "optdigits": DIGITS,
    "recoloured_digits": DIGITS,
    "glyph_digits": FONTS,
    "digits_to_glyphs": f"{DIGITS}; {FONTS}",
    "glyph_pair": FONTS,
    "glyph_classes": FONTS,
    "glyph_class_images": FONTS,
    "photo_crops": PHOTOS,
    "colour_to_grey": PHOTOS,
    "two_collections": PHOTOS,
    "textured_to_flat": f"{DRAWN}; its textures: {PHOTOS}",
    "grained_to_flat": f"{DRAWN}; its textures: {PHOTOS}",
    "figure_on_ground": f"{DRAWN}; the outline of its horse: scikit-image, public domain",
    "ring": DRAWN,
    "grid": DRAWN,
    "rings": DRAWN,
}
CATALOGUED = {  # recipes whose data are sets of data/catalog.yml, with the sets that they read
    "mnist": ("mnist",),
    "usps": ("usps",),
    "mnist_to_usps": ("mnist", "usps"),
    "usps_to_mnist": ("usps", "mnist"),
    "svhn": ("svhn",),
    "svhn_subset": ("svhn",),
    "svhn_to_mnist": ("svhn", "mnist"),
    "whole_svhn_to_mnist": ("svhn", "mnist"),
}
PORTRAITS = {  # recipes of drawn faces, with the drawing styles that each takes by default
    "portraits": ("avataaars",),
    "portraits_drawing": ("avataaars",),
    "portraits_styles": ("avataaars", "micah"),
    "portraits_many": ("avataaars",),
    "portraits_people": ("avataaars",),
    "portraits_attributes": ("avataaars",),
}
FOLDERS = (
    *("cyclegan_folders", "two_folders", "photos_to_paintings", "single_pair", "class_folders", "emoji"),
    *("few_shot_folders", "folder_class_images"),
)


def terms(recipe: str, settings: Mapping) -> str:
    """The terms of the images that `recipe` makes with `settings`, for people.

    A recipe that reads a folder has those of the catalogue's set of that name, and else its owner's. Raises LabError
    for a recipe whose terms nobody wrote down.
    """
    if recipe in TERMS:
        return TERMS[recipe]
    if recipe in PORTRAITS:
        chosen = [settings["style"]] if "style" in settings else settings.get("styles", PORTRAITS[recipe])
        return " ".join(credit(style) for style in chosen).removesuffix(".")
    catalog = read_catalog()
    if recipe in CATALOGUED:
        return "; ".join(f"{name}: {catalog[name].licence}" for name in CATALOGUED[recipe])
    if recipe in FOLDERS:
        name = Path(settings.get("root", "")).name
        own = f"{name}: {catalog[name].licence}" if name in catalog else OWN
        return f"{own}; shown: {PHOTOS}" if recipe == "photos_to_paintings" else own
    raise LabError(f"data '{recipe}': say in labkit/data/terms.py under which terms its images come.")
