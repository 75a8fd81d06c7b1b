"""One look for all figures: no view draws without it."""

import re
from pathlib import Path

import pytest

from labkit import views
from labkit.views import style

MODULES = sorted(Path(views.__file__).parent.glob("*.py"))
DRAWING = [path for path in MODULES if re.search(r"\bFigure\(|\bpanels\(", path.read_text()) and path.stem != "style"]


@pytest.mark.parametrize("path", DRAWING, ids=lambda path: path.stem)
def test_each_view_uses_the_style_and_none_of_matplotlibs_own_colours(path):
    text = path.read_text()
    assert "from labkit.views import style" in text
    assert not re.findall(r"pyplot|color=\"(?:C\d|tab:\w+|blue|orange|red|green)\"", text)


def test_the_two_domains_have_their_colours():
    assert (style.A, style.B) == (style.BLUE, style.ORANGE) == ("#0072B2", "#D55E00")
    assert {style.A, style.B} <= set(style.KEPT)
