"""`labkit.data` itself: recipes by name."""

import subprocess
import sys
from importlib import import_module

import pytest

from labkit import data
from labkit.errors import LabError

EMBEDDED = [
    "optdigits", "recoloured_digits", "glyph_digits", "digits_to_glyphs", "glyph_pair", "glyph_classes",
    "glyph_class_images", "photo_crops",
    "colour_to_grey", "two_collections", "textured_to_flat", "grained_to_flat", "figure_on_ground", "ring", "grid",
    "rings",
]  # fmt: skip


def test_importing_the_package_imports_nothing_heavy():
    code = (
        "import sys, labkit.data; print(sorted({'torch', 'numpy', 'PIL', 'sklearn', 'torchvision'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.parametrize("name", EMBEDDED)
def test_every_embedded_recipe_makes_a_data_set_without_any_files(name, monkeypatch):
    monkeypatch.delenv("LABKIT_DATA", raising=False)
    recipe = data.load(name)
    assert set(recipe.train) == set(recipe.test)
    assert set(recipe.train) in ({"real"}, {"A", "B"})
    for part in (recipe.train, recipe.test):
        for domain in part.values():
            assert domain.images.ndim in (2, 4)
            assert len(domain) >= 10
    for (source, _), truth in recipe.truth.items():
        assert len(truth) == len(recipe.test[source])


def test_settings_reach_the_recipe():
    assert data.load("optdigits", {"size": 16, "channels": 3}).train["real"].images.shape[1:] == (3, 16, 16)
    assert len(data.load("digits_to_glyphs", {"fonts": ["sans"], "n_train": 20}).train["B"]) == 20


def test_every_recipe_names_a_function_that_exists():
    for name, recipe in data.RECIPES.items():
        assert recipe.__name__ == name
    with pytest.raises(LabError, match="setting 'root' is missing"):
        data.load("cyclegan_folders")
    assert import_module("labkit.data.recipes.folders").cyclegan_folders.__doc__


def test_unknown_names_and_settings_get_a_hint():
    with pytest.raises(LabError, match="did you mean 'optdigits'"):
        data.load("optdigit")
    with pytest.raises(LabError, match="there are optdigits"):
        data.load("zzz")
    with pytest.raises(LabError, match="unknown setting 'sise'"):
        data.load("optdigits", {"sise": 3})
    with pytest.raises(LabError, match="unknown setting 'sise'; known are .*without_A.* fonts"):
        data.load("digits_to_glyphs", {"sise": 3})
