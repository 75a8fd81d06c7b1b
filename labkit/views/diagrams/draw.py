"""Draw diagrams: images are squares in their domain's colour, networks are shapes, losses are pills.

The shapes differ, not the colours alone, so that a diagram can be read in grey: an encoder narrows, a decoder widens,
a discriminator is a pentagon that points at its verdict, what is frozen has a dashed edge, what is shared a double one.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Polygon

from labkit.views import style
from labkit.views.diagrams.layout import Diagram, Loss

COLUMN, ROW = 1.5, 1.12  # inches between the middles of two nodes
HALF_WIDTH, HALF_HEIGHT = 0.46, 0.32  # inches, of a node
MARGIN = 0.95  # inches around the nodes, room for losses
TITLE, NOTE = 0.3, 0.28  # inches
LOSS_ABOVE, LOSS_RIGHT = 0.62, 1.0  # inches between the middle of a node and that of its loss
INK, QUIET = "#222222", "#555555"
EDGES = {"generator": style.GENERATOR, "decoder": style.GENERATOR, "encoder": style.GENERATOR}
EDGES |= {"discriminator": style.DISCRIMINATOR, "frozen": style.GREY, "head": style.GENERATOR, "code": INK}
SHAPES = {  # corners of a node in halves of its width and height, from the lower left on
    "encoder": [(-1, -1), (1, -0.5), (1, 0.5), (-1, 1)],
    "decoder": [(-1, -0.5), (1, -1), (1, 1), (-1, 0.5)],
    "discriminator": [(-1, -1), (0.6, -1), (1, 0), (0.6, 1), (-1, 1)],
}


def draw(diagrams: list[Diagram]) -> Figure:
    """The diagrams one above the other in one figure, whose label is their alternative text."""
    sizes = [_size(diagram) for diagram in diagrams]
    width, height = max(w for w, _ in sizes), sum(h for _, h in sizes)
    figure = Figure(figsize=(width, height))
    figure.set_label(" ".join(diagram.alternative_text() for diagram in diagrams))
    top = height
    for diagram, (w, h) in zip(diagrams, sizes, strict=True):
        axes = figure.add_axes((0, (top - h) / height, w / width, h / height))
        axes.set_xlim(0, w)
        axes.set_ylim(0, h)
        axes.set_axis_off()
        _draw_one(axes, diagram, h)
        top -= h
    return figure


def _size(diagram: Diagram) -> tuple[float, float]:
    """Width and height in inches."""
    columns = max(column for column, _ in diagram.places.values()) + 1
    above, below = _margins(diagram)
    height = (len(diagram.rows) - 1) * ROW + above + below + TITLE + (NOTE if diagram.note else 0)
    right = max((diagram.places[loss.between[0]][0] for loss in diagram.losses if loss.side == "right"), default=-1)
    width = (columns - 1) * COLUMN + 2 * HALF_WIDTH + 0.3 + (LOSS_RIGHT - 0.1 if right == columns - 1 else 0)
    return max(width, 0.068 * len(diagram.note) + 0.2, 0.09 * len(diagram.title)), height


def _margins(diagram: Diagram) -> tuple[float, float]:
    """Inches above the first row and below the last one: more where losses stand there."""
    last = len(diagram.rows) - 1
    sides = [(diagram.places[loss.between[0]][1], loss.side) for loss in diagram.losses]
    return tuple(MARGIN if place in sides else HALF_HEIGHT + 0.12 for place in ((0, "above"), (last, "below")))


def _draw_one(axes: Axes, diagram: Diagram, height: float) -> None:
    above, _ = _margins(diagram)
    first = height - TITLE - above
    at = {
        name: (0.15 + HALF_WIDTH + column * COLUMN, first - row * ROW) for name, (column, row) in diagram.places.items()
    }
    axes.text(0.1, height - 0.05, diagram.title, va="top", fontsize=10.5, fontweight="bold", color=INK)
    if diagram.note:
        axes.text(0.1, 0.07, diagram.note, va="bottom", fontsize=8.5, color=QUIET)
    for start, end in diagram.arrows:
        _arrow(axes, at[start], at[end])
    for name, place in at.items():
        _node(axes, diagram.kind(name), diagram.label(name), place, name in diagram.shared)
    for loss in diagram.losses:
        _loss(axes, loss, [at[name] for name in loss.between])


def _node(axes: Axes, kind: str, name: str, place: tuple[float, float], shared: bool) -> None:
    x, y = place
    look = {"fc": "white", "ec": EDGES.get(kind, INK), "lw": 1.6, "zorder": 3}
    if kind == "image":
        colour = {"A": style.A, "B": style.B}.get(name.rpartition("_")[2][:1], INK)
        real = name.startswith("real")
        look |= {"ec": colour, "fc": colour if real else "white"}
        _box(axes, x, y, HALF_WIDTH - 0.06, HALF_HEIGHT, look)
        axes.text(x, y, name, ha="center", va="center", fontsize=9, color="white" if real else colour, zorder=4)
        return
    if kind == "code":
        axes.add_patch(Circle((x, y), HALF_HEIGHT - 0.04, **look))
    elif kind in SHAPES:
        corners = [(x + dx * HALF_WIDTH, y + dy * HALF_HEIGHT) for dx, dy in SHAPES[kind]]
        axes.add_patch(Polygon(corners, joinstyle="round", **look))
        if shared:
            inner = [(x + dx * (HALF_WIDTH - 0.06), y + dy * (HALF_HEIGHT - 0.06)) for dx, dy in SHAPES[kind]]
            axes.add_patch(Polygon(inner, joinstyle="round", **look | {"lw": 0.8}))
    else:
        _box(axes, x, y, HALF_WIDTH, HALF_HEIGHT, look | ({"ls": "--"} if kind == "frozen" else {}))
        if shared:
            _box(axes, x, y, HALF_WIDTH - 0.06, HALF_HEIGHT - 0.06, look | {"lw": 0.8})
    axes.text(x, y, name, ha="center", va="center", fontsize=9.5, fontweight="bold", color=look["ec"], zorder=4)


def _box(axes: Axes, x: float, y: float, half_width: float, half_height: float, look: dict) -> None:
    corner = (x - half_width, y - half_height)
    axes.add_patch(
        FancyBboxPatch(corner, 2 * half_width, 2 * half_height, boxstyle="round,pad=0,rounding_size=0.07", **look)
    )


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], **look) -> None:
    """From edge to edge: straight along a row or a column, else slanted."""
    (x0, y0), (x1, y1) = start, end
    dx, dy = x1 - x0, y1 - y0
    reach = min(HALF_WIDTH / abs(dx) if dx else 9, HALF_HEIGHT / abs(dy) if dy else 9) * 1.08
    begin, finish = (x0 + dx * reach, y0 + dy * reach), (x1 - dx * reach, y1 - dy * reach)
    axes.add_patch(
        FancyArrowPatch(begin, finish, arrowstyle="-|>", mutation_scale=11, lw=1.3, color=INK, shrinkA=0, shrinkB=0)
    )


def _loss(axes: Axes, loss: Loss, places: list[tuple[float, float]]) -> None:
    """A pill beside its nodes, with a dotted line to each."""
    line = {"ls": ":", "lw": 1.2, "color": QUIET, "zorder": 1}
    if loss.side == "right":
        ((node_x, y),) = places
        x = node_x + LOSS_RIGHT
        axes.plot([node_x + HALF_WIDTH, x], [y, y], **line)
    else:
        sign, row = (1, max) if loss.side == "above" else (-1, min)
        x = sum(x for x, _ in places) / len(places)
        y = row(y for _, y in places) + sign * LOSS_ABOVE
        for node_x, node_y in places:
            axes.plot([node_x, node_x, x], [node_y + sign * HALF_HEIGHT, y, y], **line)
    box = {"boxstyle": "round,pad=0.3,rounding_size=0.6", "fc": "#F2F2F2", "ec": QUIET, "lw": 1.0}
    axes.text(x, y, loss.name, ha="center", va="center", fontsize=8.5, color=INK, bbox=box, zorder=5)
