"""Every recipe says under which terms its images come."""

import pytest

from labkit.data import RECIPES
from labkit.data.terms import OWN, terms
from labkit.errors import LabError


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_has_terms(recipe):
    assert len(terms(recipe, {})) > 10


def test_real_sets_have_those_of_the_catalogue_and_folders_their_owners():
    horses = "horse2zebra: ImageNet's terms, non-commercial research"
    assert terms("cyclegan_folders", {"root": "horse2zebra"}) == horses
    assert terms("mnist_to_usps", {}) == "mnist: usually given as CC BY-SA 3.0; usps: none stated, research"
    assert terms("two_folders", {"A": "x", "B": "y"}) == terms("cyclegan_folders", {"root": "mine"}) == OWN
    assert "Micah Lanier, CC BY 4.0" in terms("portraits_styles", {})
    assert "Micah" in terms("portraits", {"style": "micah"}) and "Micah" not in terms("portraits", {})
    with pytest.raises(LabError, match="data 'new': say in labkit/data/terms.py"):
        terms("new", {})
