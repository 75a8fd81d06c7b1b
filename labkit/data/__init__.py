"""Data sets by name: `load(name, settings)`. Made by `recipes`, read through `files`, drawn from by `unpaired`."""

from labkit.data.recipes import RECIPES, load

__all__ = ["RECIPES", "load"]
