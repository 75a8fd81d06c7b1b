"""Where everything of a diagram stands, in inches, (0, 0) at the lower left. Nothing is drawn here.

The distance of the columns follows from the width of a page: a diagram of many columns is set more closely.
"""

import math
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from labkit.views.diagrams.layout import Arrow, Diagram, Loss

PAGE = 8.5  # inches, the greatest width
COLUMN, ROW = 1.5, 1.12  # inches between the middles of two nodes; columns may be closer
EDGE, TITLE, NOTE = 0.15, 0.3, 0.17  # inches around all, of the title, and of one line of the note
PILL, TITLE_SIZE, NOTE_SIZE, SAYS = 8.5, 10.5, 8.5, 8.0  # points
PILL_HEIGHT, PILL_STEP, PILL_GAP = 0.22, 0.29, 0.28  # inches, of a pill, in a stack of them, from a node
LOSS_AWAY = 0.58  # inches from the middle of a node to the line that leads to another
ARROW_GAP = 0.04  # inches between an arrow and its node
STACKED = 0.07  # inches by which each sheet of a stack is moved
RECTANGLE = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
ROUND = [(math.cos(math.tau * i / 32), math.sin(math.tau * i / 32)) for i in range(32)]
HALVES = {"image": (0.38, 0.32), "code": (0.37, 0.25), "step": (0.38, 0.19), "label": (0.36, 0.19)}
HALVES |= {"patch": (0.3, 0.27)}  # halves of width and height in inches; all networks have those of a generator
NETWORK = (0.46, 0.32)
OUTLINES = {  # corners in halves of width and height, counterclockwise from the lower left
    "encoder": [(-1, -1), (1, -0.5), (1, 0.5), (-1, 1)],
    "decoder": [(-1, -0.5), (1, -1), (1, 1), (-1, 0.5)],
    "discriminator": [(-1, -1), (0.6, -1), (1, 0), (0.6, 1), (-1, 1)],
    "label": [(-1, -1), (0.8, -1), (1, 0), (0.8, 1), (-1, 1)],
    "code": ROUND,
}

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle by its middle and the halves of its sides."""

    x: float
    y: float
    half_width: float
    half_height: float

    def overlaps(self, other: "Box", gap: float = 0.0) -> bool:
        """Whether less than `gap` inches lie between the two."""
        across = abs(self.x - other.x) < self.half_width + other.half_width + gap
        return across and abs(self.y - other.y) < self.half_height + other.half_height + gap

    def meets(self, start: Point, end: Point) -> bool:
        """Whether the straight line from `start` to `end` passes through the inside."""
        first, last = 0.0, 1.0
        for at, step, middle, half in (
            (start[0], end[0] - start[0], self.x, self.half_width),
            (start[1], end[1] - start[1], self.y, self.half_height),
        ):
            low, high = middle - half - at, middle + half - at
            if not step:
                if not low < 0 < high:
                    return False
                continue
            first, last = max(first, min(low / step, high / step)), min(last, max(low / step, high / step))
        return first < last

    def moved(self, x: float, y: float) -> "Box":
        return Box(self.x + x, self.y + y, self.half_width, self.half_height)


@dataclass(frozen=True)
class Pill:
    """A loss, where it stands, and the dotted lines to its nodes, each a list of points."""

    loss: Loss
    box: Box
    lines: tuple[tuple[Point, ...], ...]


@dataclass(frozen=True)
class Line:
    """An arrow, its two ends, and where its words stand, if it has any."""

    arrow: Arrow
    start: Point
    end: Point
    words: Box | None


@dataclass(frozen=True)
class Geometry:
    """All places of a diagram. `note` has one line an entry.

    nodes: what each node takes; of a stack, the first sheet. `whole` counts its other sheets in.
    """

    nodes: dict[str, Box]
    whole: dict[str, Box]
    outlines: dict[str, list[Point]]
    pills: list[Pill]
    lines: list[Line]
    note: list[str]
    width: float
    height: float


@cache
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Width in inches of a line of text of `size` points."""
    font = FontProperties(size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / 72


def arrange(diagram: Diagram) -> Geometry:
    """Where everything stands; columns are as close as the page demands."""
    columns = max(column for column, _ in diagram.places.values())
    column = COLUMN
    nodes, pills, lines, (left, right, low, high) = _parts(diagram, column)
    if columns and right - left > PAGE - 2 * EDGE:
        column -= (right - left - PAGE + 2 * EDGE) / columns
        nodes, pills, lines, (left, right, low, high) = _parts(diagram, column)
    width = max(right - left, text_width(diagram.title, TITLE_SIZE, "bold"), 5.0 if diagram.note else 0) + 2 * EDGE
    note = _lines(diagram.note, width - 2 * EDGE)
    foot = len(note) * NOTE + (0.08 if note else 0)
    x, y = EDGE - left, EDGE - low + foot
    moved = {name: box.moved(x, y) for name, box in nodes.items()}
    return Geometry(
        nodes=moved,
        whole=_whole(diagram, moved),
        outlines={
            name: [(box.x + dx, box.y + dy) for dx, dy in _outline(diagram, name)] for name, box in moved.items()
        },
        pills=[
            Pill(p.loss, p.box.moved(x, y), tuple(tuple((a + x, b + y) for a, b in line) for line in p.lines))
            for p in pills
        ],
        lines=[
            Line(
                each.arrow,
                (each.start[0] + x, each.start[1] + y),
                (each.end[0] + x, each.end[1] + y),
                each.words.moved(x, y) if each.words else None,
            )
            for each in lines
        ],
        note=note,
        width=width,
        height=high - low + 2 * EDGE + TITLE + foot,
    )


def _lines(text: str, width: float) -> list[str]:
    """The text in as few lines as are `width` inches wide at most."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", NOTE_SIZE) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _parts(diagram: Diagram, column: float):
    """Nodes, pills and arrows around (0, 0), the middle of the first place, and the four sides of what they fill."""
    nodes = {
        name: Box(x * column, -y * ROW, *HALVES.get(diagram.kind(name), NETWORK))
        for name, (x, y) in diagram.places.items()
    }
    whole, pills = _whole(diagram, nodes), []
    for (between, side), losses in groupby(diagram.losses, lambda loss: (loss.between, loss.side)):
        pills += _pills(list(losses), side, [whole[name] for name in between])
    lines = [_line(diagram, arrow, nodes) for arrow in diagram.arrows]
    boxes = [*whole.values(), *(p.box for p in pills), *(each.words for each in lines if each.words)]
    sides = (
        min(b.x - b.half_width for b in boxes),
        max(b.x + b.half_width for b in boxes),
        min(b.y - b.half_height for b in boxes),
        max(b.y + b.half_height for b in boxes),
    )
    return nodes, pills, lines, sides


def _whole(diagram: Diagram, nodes: dict[str, Box]) -> dict[str, Box]:
    return {
        name: Box(b.x + STACKED, b.y + STACKED, b.half_width + STACKED, b.half_height + STACKED)
        if name in diagram.many
        else b
        for name, b in nodes.items()
    }


def _outline(diagram: Diagram, name: str) -> list[Point]:
    """The corners of a node around its middle, in inches."""
    kind = diagram.kind(name)
    half_width, half_height = HALVES.get(kind, NETWORK)
    corners = [(dx * half_width, dy * half_height) for dx, dy in OUTLINES.get(kind, RECTANGLE)]
    return [(-dx, dy) for dx, dy in reversed(corners)] if diagram.mirrored(name) else corners


def _pills(losses: list[Loss], side: str, nodes: list[Box]) -> list[Pill]:
    """The pills of losses that have their nodes and their side in common: in a row, or in a stack beside nodes."""
    halves = [text_width(loss.name, PILL) / 2 + 0.09 for loss in losses]
    ends, middle = _dotted(side, nodes, max(halves))
    boxes, along = [], 0.0
    for number, half in enumerate(halves):
        if side in ("left", "right"):
            x = middle[0] + (0 if len(nodes) > 1 else (half if side == "right" else -half))
            boxes.append(Box(x, middle[1] + PILL_STEP * ((len(losses) - 1) / 2 - number), half, PILL_HEIGHT / 2))
        else:
            x = middle[0] - sum(halves) - 0.05 * (len(halves) - 1) + along + half
            boxes.append(Box(x, middle[1], half, PILL_HEIGHT / 2))
            along += 2 * half + 0.1
    tied = [ends] + [()] * (len(losses) - 1)  # the pills of a row have their lines in common
    if side in ("left", "right") and len(nodes) == 1:  # those of a stack have one each
        (node,) = nodes
        tied = [(((node.x + math.copysign(node.half_width, box.x - node.x), node.y), (box.x, box.y)),) for box in boxes]
    return [Pill(loss, box, lines) for loss, box, lines in zip(losses, boxes, tied, strict=True)]


def _dotted(side: str, nodes: list[Box], half: float) -> tuple[tuple[tuple[Point, ...], ...], Point]:
    """The dotted lines from the nodes to where a pill stands that is `half` inches wide, and that place."""
    if side == "between":
        first, second = nodes
        return (((first.x, first.y), (second.x, second.y)),), ((first.x + second.x) / 2, (first.y + second.y) / 2)
    sign = 1 if side in ("above", "right") else -1
    outer = max if sign > 0 else min
    if side in ("above", "below"):
        away = LOSS_AWAY if len(nodes) > 1 else nodes[0].half_height + PILL_GAP
        y = outer(node.y for node in nodes) + sign * away
        x = (min(node.x for node in nodes) + max(node.x for node in nodes)) / 2
        return tuple(((n.x, n.y + sign * n.half_height), (n.x, y), (x, y)) for n in nodes), (x, y)
    y = (min(node.y for node in nodes) + max(node.y for node in nodes)) / 2
    x = outer(n.x + sign * n.half_width for n in nodes) + sign * (PILL_GAP if len(nodes) == 1 else 0.15 + half)
    return tuple(((n.x + sign * n.half_width, n.y), (x, n.y), (x, y)) for n in nodes), (x, y)


def _line(diagram: Diagram, arrow: Arrow, nodes: dict[str, Box]) -> Line:
    """From edge to edge: straight along a row or a column, else slanted."""
    start, end = nodes[arrow.start], nodes[arrow.end]
    dx, dy = end.x - start.x, end.y - start.y
    length = math.hypot(dx, dy)
    leave = _reach(_outline(diagram, arrow.start), dx, dy) + ARROW_GAP / length
    arrive = _reach(_outline(diagram, arrow.end), -dx, -dy) + ARROW_GAP / length
    begin = (start.x + dx * leave, start.y + dy * leave)
    finish = (end.x - dx * arrive, end.y - dy * arrive)
    words = None
    if arrow.says:
        x, y = (begin[0] + finish[0]) / 2, (begin[1] + finish[1]) / 2
        half = max(text_width(line, SAYS) for line in arrow.says.split("\n")) / 2 + 0.02
        half_height = 0.065 * len(arrow.says.split("\n"))
        words = Box(x, y, half, half_height)
        if not dy:
            words = words.moved(0, half_height + 0.07)
        if not dx:
            words = words.moved(half + 0.08, 0)
    return Line(arrow, begin, finish, words)


def _reach(corners: list[Point], dx: float, dy: float) -> float:
    """How many times (dx, dy) fits between the middle of a convex outline and its edge."""
    found = math.inf
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        across, up = y1 - y0, x0 - x1  # at right angles to this side, outwards
        if (towards := across * dx + up * dy) > 1e-9:
            found = min(found, (across * x0 + up * y0) / towards)
    return found
