"""Draw diagrams: images are squares in their domain's colour, networks are shapes, losses are pills.

The shapes differ, not the colours alone, so that a diagram can be read in grey: an encoder narrows, a decoder widens,
a discriminator is a pentagon that points at its verdict, codes are round, steps without weights are flat and grey.
What is frozen has a broken edge, what is shared a double one, and several of a kind are a stack.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Polygon

from labkit.views import style
from labkit.views.diagrams import geometry
from labkit.views.diagrams.geometry import Box, Geometry, Line, Pill, arrange, text_width
from labkit.views.diagrams.layout import Diagram

INK, QUIET, PALE = "#222222", "#555555", "#F2F2F2"
EDGES = {"generator": style.GENERATOR, "decoder": style.GENERATOR, "encoder": style.GENERATOR}
EDGES |= {"discriminator": style.DISCRIMINATOR, "head": style.GENERATOR, "step": QUIET, "patch": QUIET}
ROUNDED = {"image": 0.03, "generator": 0.12, "head": 0.12, "step": 0.03, "patch": 0.01}  # inches; others have corners
NETWORKS = ("generator", "discriminator", "encoder", "decoder", "head")


def draw(diagrams: list[Diagram]) -> Figure:
    """The diagrams one above the other in one figure, whose label is their alternative text."""
    arranged = [arrange(diagram) for diagram in diagrams]
    width, height = max(g.width for g in arranged), sum(g.height for g in arranged)
    figure = Figure(figsize=(width, height))
    figure.set_label(" ".join(diagram.alternative_text() for diagram in diagrams))
    top = height
    for diagram, places in zip(diagrams, arranged, strict=True):
        axes = figure.add_axes((0, (top - places.height) / height, places.width / width, places.height / height))
        axes.set_xlim(0, places.width)
        axes.set_ylim(0, places.height)
        axes.set_axis_off()
        _draw_one(axes, diagram, places)
        top -= places.height
    return figure


def _draw_one(axes: Axes, diagram: Diagram, places: Geometry) -> None:
    head = {"fontsize": geometry.TITLE_SIZE, "fontweight": "bold", "color": INK}
    axes.text(0.1, places.height - 0.05, diagram.title, va="top", **head)
    for number, line in enumerate(reversed(places.note)):
        y = 0.07 + number * geometry.NOTE
        axes.text(0.1, y, line, va="bottom", fontsize=geometry.NOTE_SIZE, color=QUIET)
    for line in places.lines:
        _arrow(axes, line)
    for name, box in places.nodes.items():
        _node(axes, diagram, name, box, places.outlines[name])
    for pill in places.pills:
        _pill(axes, pill)


def _node(axes: Axes, diagram: Diagram, name: str, box: Box, corners: list) -> None:
    kind, base = diagram.kind(name), diagram.base(name)
    edge, ground, ink = EDGES.get(kind, INK), PALE if kind == "step" else "white", EDGES.get(kind, INK)
    if kind == "image":
        edge = {"A": style.A, "B": style.B}.get(base.rpartition("_")[2][:1]) or {"real": style.REAL}.get(base, INK)
        edge = style.FAKE if base == "fake" else edge
        real = base.partition("_")[0] in ("real", "one")
        ground, ink = (edge, "white") if real else ("white", edge)
    look = {"fc": ground, "ec": edge, "lw": 1.0 if kind in ("step", "patch") else 1.6}
    if base in diagram.frozen:
        look["ls"] = "--"
    for sheet in (2, 1) if name in diagram.many else ():
        away = sheet * geometry.STACKED
        _shape(axes, kind, box.moved(away, away), [(x + away, y + away) for x, y in corners], look | {"zorder": 3})
    _shape(axes, kind, box, corners, look | {"zorder": 3})
    if base in diagram.shared:
        narrow = 1 - 0.06 / box.half_height
        inner = [(box.x + (x - box.x) * narrow, box.y + (y - box.y) * narrow) for x, y in corners]
        within = Box(box.x, box.y, box.half_width * narrow, box.half_height * narrow)
        _shape(axes, kind, within, inner, look | {"lw": 0.8, "zorder": 3})
    _label(axes, diagram.label(name), box, ink, "bold" if kind in NETWORKS else "normal")


def _shape(axes: Axes, kind: str, box: Box, corners: list, look: dict) -> None:
    if kind not in ROUNDED:
        axes.add_patch(Polygon(corners, joinstyle="round", **look))
        return
    corner = (box.x - box.half_width, box.y - box.half_height)
    shape = f"round,pad=0,rounding_size={ROUNDED[kind]}"
    axes.add_patch(FancyBboxPatch(corner, 2 * box.half_width, 2 * box.half_height, boxstyle=shape, **look))


def _label(axes: Axes, text: str, box: Box, ink: str, weight: str) -> None:
    """The name, as large as it fits, and beneath it, smaller, what may follow in a second line."""
    first, *rest = text.split("\n")
    room = 2 * box.half_width - 0.1
    size = next((s for s in (9.5, 9.0, 8.5) if text_width(first, s, weight) <= room), 8.0)
    look = {"ha": "center", "va": "center", "color": ink, "zorder": 4}
    lift = 0.075 if rest else 0
    axes.text(box.x, box.y + lift, first, fontsize=size, fontweight=weight, **look)
    for line in rest:
        axes.text(box.x, box.y - lift, line, fontsize=8, **look)


def _arrow(axes: Axes, line: Line) -> None:
    look = {"lw": 1.1, "ls": (0, (4, 2.5)), "color": QUIET} if line.arrow.quiet else {"lw": 1.3, "color": INK}
    axes.add_patch(
        FancyArrowPatch(line.start, line.end, arrowstyle="-|>", mutation_scale=11, shrinkA=0, shrinkB=0, **look)
    )
    if line.words:
        ground = {"fc": "white", "ec": "none", "pad": 0.5}
        look = {"ha": "center", "va": "center", "fontsize": geometry.SAYS, "color": QUIET, "linespacing": 1.05}
        axes.text(line.words.x, line.words.y, line.arrow.says, bbox=ground, zorder=2, **look)


def _pill(axes: Axes, pill: Pill) -> None:
    """A loss beside its nodes, with a dotted line to each."""
    for points in pill.lines:
        axes.plot(*zip(*points, strict=True), ls=":", lw=1.2, color=QUIET, zorder=1)
    box = pill.box
    shape = f"round,pad=0,rounding_size={box.half_height}"
    look = {"fc": PALE, "ec": QUIET, "lw": 1.0, "zorder": 5}
    corner = (box.x - box.half_width, box.y - box.half_height)
    axes.add_patch(FancyBboxPatch(corner, 2 * box.half_width, 2 * box.half_height, boxstyle=shape, **look))
    look = {"ha": "center", "va": "center", "fontsize": geometry.PILL, "color": INK, "zorder": 6}
    axes.text(box.x, box.y, pill.loss.name, **look)
