"""In every diagram there is a way between things, and words stay within what they belong to."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from labkit.views.diagrams import DIAGRAMS, Diagram, Loss, draw
from labkit.views.diagrams.geometry import PAGE, Box, arrange

EVERY = pytest.mark.parametrize("shown", DIAGRAMS.values(), ids=DIAGRAMS)
APART = 0.04  # inches


def collisions(shown: Diagram) -> list[str]:
    """A sentence for any two things that lie on each other, and any line that runs through something foreign."""
    places = arrange(shown)
    pills = {f"the pill {number} {pill.loss.name}": pill.box for number, pill in enumerate(places.pills)}
    words = {f"the words '{line.arrow.says}'": line.words for line in places.lines if line.words}
    things = places.whole | pills | words
    found = [f"{a} on {b}" for a, b in combinations(things, 2) if things[a].overlaps(things[b], APART)]
    for line in places.lines:
        own = (line.arrow.start, line.arrow.end, f"the words '{line.arrow.says}'")
        through = [name for name, box in things.items() if name not in own and box.meets(line.start, line.end)]
        found += [f"{line.arrow.start} > {line.arrow.end} through {name}" for name in through]
    for pill in places.pills:
        row = [f"the pill {n} {p.loss.name}" for n, p in enumerate(places.pills) if p.loss.between == pill.loss.between]
        for dots in pill.lines:
            for start, end in pairwise(dots):
                own = [*row, *pill.loss.between]
                through = [name for name, box in things.items() if name not in own and box.meets(start, end)]
                found += [f"the dots of {pill.loss.name} through {name}" for name in through]
    return found


@EVERY
def test_nothing_lies_on_something_else_and_no_line_runs_through_it(shown):
    assert collisions(shown) == []


def too_wide(shown: Diagram) -> list[str]:
    """The texts of the drawn diagram that leave their node, their pill, or the page."""
    figure, places = draw([shown]), arrange(shown)
    renderer, (axes,) = FigureCanvasAgg(figure).get_renderer(), figure.axes
    page = Box(places.width / 2, places.height / 2, places.width / 2, places.height / 2)
    shapes = [np.array(outline) for outline in places.outlines.values()]
    for b in (*(pill.box for pill in places.pills), page):
        shapes.append(np.array([(b.x, b.y)]) + [(-b.half_width, -b.half_height), (b.half_width, -b.half_height)])
        shapes[-1] = np.vstack([shapes[-1], 2 * np.array([(b.x, b.y)]) - shapes[-1]])
    found = []
    for text in axes.texts:
        box = text.get_window_extent(renderer).transformed(axes.transData.inverted())
        corners = np.array([(box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1)])
        around = next(shape for shape in shapes if inside(shape, corners.mean(0, keepdims=True)))
        found += [] if inside(around, corners) else [text.get_text()]
    return found


def inside(outline: np.ndarray, points: np.ndarray, tolerance: float = 0.02) -> bool:
    """Whether all points are within a convex outline, counterclockwise, or less than `tolerance` inches outside."""
    sides = np.roll(outline, -1, axis=0) - outline
    out = (points[:, None] - outline) @ np.array([[0, 1], [-1, 0]]) * sides  # x, y of how far to the right of each side
    return bool((out.sum(-1) / np.linalg.norm(sides, axis=1) <= tolerance).all())


@EVERY
def test_fits_the_page_and_text_is_large_enough_and_within_its_shape(shown):
    figure = draw([shown])
    assert figure.get_size_inches()[0] <= PAGE + 0.001
    assert min(text.get_fontsize() for axes in figure.axes for text in axes.texts) >= 8
    assert too_wide(shown) == []


@pytest.mark.parametrize("label", ["a generator of images", "G\nof very many layers"])
def test_planted_words_that_are_too_wide_are_found(label):
    assert too_wide(Diagram("one", rows=("real_A G_AB",), flows=(), labels={"G_AB": label}))


@pytest.mark.parametrize(
    ("rows", "flows", "losses", "fault"),
    [
        (("real_A G_AB fake_B",), ("real_A > fake_B",), (), "real_A > fake_B through G_AB"),
        (("real_A G_AB D_B fake_B",), (), (Loss("adv", ("G_AB",), "right"), Loss("fm", ("D_B",), "left")), "pill"),
        (("z", "G", "fake"), (), (Loss("rec", ("z", "fake"), "between"),), "the dots of rec through G"),
        (("real_A z",), ("real_A > z : many many words",), (), "on the words"),
    ],
)
def test_planted_collisions_are_found(rows, flows, losses, fault):
    assert any(fault in found for found in collisions(Diagram("one", rows, flows, losses)))


def test_many_columns_are_set_more_closely():
    few = arrange(Diagram("few", rows=("real_A E_A z",), flows=()))
    many = arrange(Diagram("many", rows=("real_A E_A z Dec_A rec_A D_A C",), flows=()))
    assert few.nodes["E_A"].x - few.nodes["real_A"].x == pytest.approx(1.5)
    assert many.nodes["E_A"].x - many.nodes["real_A"].x < 1.5
    assert many.width == pytest.approx(PAGE)


def test_an_arrow_begins_and_ends_at_the_edge_of_its_nodes():
    places = arrange(Diagram("one", rows=("real_A D_A", ". z"), flows=("real_A > D_A", "z > D_A")))
    (flat, upright), nodes = places.lines, places.nodes
    assert flat.start == pytest.approx((nodes["real_A"].x + nodes["real_A"].half_width + 0.04, nodes["D_A"].y))
    assert upright.end == pytest.approx((nodes["D_A"].x, nodes["D_A"].y - nodes["D_A"].half_height - 0.04))
