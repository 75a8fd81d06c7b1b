"""Every data set by its name: `load(name, settings)`.

A recipe is a function that returns a `DataSet`; its settings are its keyword arguments. The module behind a recipe is
imported when the recipe is used, so that this package is light to import. A new recipe is a function in the module of
its kind, named in `RECIPES`.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING

from labkit.errors import LabError

if TYPE_CHECKING:
    from labkit.data.domain import DataSet


def _recipe(name: str, module: str) -> Callable[..., "DataSet"]:
    def recipe(**settings) -> "DataSet":
        function = getattr(import_module(f"labkit.data.recipes.{module}"), name)
        known = list(signature(function).parameters.values())
        for key in settings:
            if key not in [parameter.name for parameter in known]:
                raise LabError(f"data '{name}': unknown setting '{key}'; known are {', '.join(p.name for p in known)}.")
        missing = [p.name for p in known if p.default is p.empty]
        if missing := [key for key in missing if key not in settings]:
            raise LabError(f"data '{name}': setting '{missing[0]}' is missing.")
        return function(**settings)

    recipe.__name__ = name
    return recipe


RECIPES: dict[str, Callable[..., "DataSet"]] = {
    name: _recipe(name, module)
    for module, names in {
        "digits": ("optdigits", "recoloured_digits"),
        "glyphs": ("glyph_digits", "digits_to_glyphs", "glyph_pair"),
        "few_shot": ("glyph_classes", "glyph_class_images", "few_shot_folders", "folder_class_images"),
        "photos": ("photo_crops", "colour_to_grey", "two_collections"),
        "rendered": ("textured_to_flat", "grained_to_flat", "figure_on_ground"),
        "portraits": (
            *("portraits", "portraits_drawing", "portraits_styles", "portraits_many", "portraits_people"),
            "portraits_attributes",
        ),
        "toy": ("ring", "grid", "rings"),
        "folders": (
            *("cyclegan_folders", "two_folders", "photos_to_paintings", "single_pair", "class_folders", "emoji"),
        ),
        "real_digits": (
            *("mnist", "usps", "mnist_to_usps", "usps_to_mnist"),
            *("svhn", "svhn_subset", "svhn_to_mnist", "whole_svhn_to_mnist"),
        ),
    }.items()
    for name in names
}


def load(name: str, settings: Mapping | None = None) -> "DataSet":
    """The data set that recipe `name` makes with `settings`. Raises LabError for an unknown name or setting."""
    if name not in RECIPES:
        close = get_close_matches(name, RECIPES, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"there are {', '.join(RECIPES)}."
        raise LabError(f"there is no data set '{name}'; {hint}")
    return RECIPES[name](**(settings or {}))
