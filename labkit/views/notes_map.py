"""The map of the field that the lessons follow: two approaches, by how far the two domains lie apart."""

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from labkit.notebooks import lesson_names
from labkit.views import style


@dataclass(frozen=True)
class Place:
    """A system's place on the map.

    lessons: numbers of the lessons that build it.
    ours:    whether this workbook put it there; the notes treat it elsewhere, or in both columns.
    """

    name: str
    idea: str
    lessons: tuple[str, ...]
    ours: bool = False


DIRECT = (
    Place("The naive GAN", "a discriminator alone; a shallow G may do", ("03",)),
    Place("CycleGAN, DiscoGAN, DualGAN", "the round trip must come home", ("03",)),
    Place("CUT, FastCUT, SinCUT", "each patch keeps its meaning", ("07",), ours=True),
    Place("StarGAN", "one generator, many domains", ("09",)),
    Place("DTN", "a pre-trained network watches", ("06",)),
)
COMMON = (
    Place("CoGAN, UNIT", "shared layers, shared latent code", ("04",)),
    Place("MUNIT, FUNIT", "content and style apart", ("05", "08"), ours=True),
    Place("ComboGAN", "encoders and decoders to combine, with a cycle", ("10",)),
    Place("DTN, XGAN", "same meaning, same embedding", ("06",)),
    Place("Latent adversary", "codes hide their domain, as in machine translation", ("11",)),
)
APPROACHES = {"Approach one: map directly": DIRECT, "Approach two: a common space": COMMON}
COLOURS = (style.GREEN, style.PURPLE)  # not those of A and B: both columns are about both domains


def notes_map() -> Figure:
    """Every system's place: the approach it belongs to, what it adds, and the lesson that builds it.

    Written as SVG, each box leads to the page of the (first) lesson in the book.
    """
    figure = Figure(figsize=(9.2, 4.8), layout="constrained")
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_xlim(0, 10)
    axes.set_ylim(-1.55, 6.0)
    for column, (title, places) in enumerate(APPROACHES.items()):
        left, colour = 0.1 + 5.1 * column, COLOURS[column]
        axes.text(left, 5.45, title, fontsize=10, fontweight="bold", color=colour)
        axes.text(left + 4.6, 5.45, "lesson", fontsize=8.5, ha="right", color=colour)
        for row, place in enumerate(places):
            _box(axes, place, left, 4.2 - 1.02 * row, colour)
    axes.annotate("", (9.8, -0.45), (0.1, -0.45), arrowprops={"arrowstyle": "->", "color": "#444444"})
    axes.text(0.1, -0.85, "domains close together: colour, texture", fontsize=9, color=COLOURS[0])
    axes.text(9.8, -0.85, "domains far apart: shape, drawing style, language", fontsize=9, color=COLOURS[1], ha="right")
    axes.text(5, -1.2, "Under both: the adversarial loss (01) and the contrastive loss (02).", fontsize=9, ha="center")
    key = "* placed here by this workbook, not by the notes      dashed: not built yet"
    axes.text(5, -1.5, key, fontsize=8.5, ha="center", color=style.GREY)
    return figure


def notes_links() -> str:
    """The same as links, in Markdown: a line for each approach, each system leading to its lesson."""
    lines = []
    for title, places in APPROACHES.items():
        links = [f"{place.name} {' '.join(_link(number) for number in place.lessons)}" for place in places]
        lines.append(f"- **{title}**: {' · '.join(links)}")
    lines.append(f"- **Under both**: the adversarial loss {_link('01')} · the contrastive loss {_link('02')}")
    return "\n".join(lines)


def _box(axes: Axes, place: Place, left: float, bottom: float, colour: str) -> None:
    notebooks = [_notebook(number) for number in place.lessons]
    look = {"fc": "white", "ec": colour, "lw": 1.4, "linestyle": "-" if all(notebooks) else "--"}
    box = axes.add_patch(FancyBboxPatch((left, bottom), 4.6, 0.84, boxstyle="round,pad=0.02", **look))
    if notebooks[0]:
        box.set_url(notebooks[0].replace(".ipynb", ".html"))
    name = f"{place.name} *" if place.ours else place.name
    axes.text(left + 0.15, bottom + 0.53, name, fontsize=9, fontweight="bold", va="center")
    axes.text(left + 0.15, bottom + 0.2, place.idea, fontsize=8.5, va="center", color="#444444")
    number = {"fontsize": 11, "fontweight": "bold", "ha": "right", "va": "center", "color": colour}
    axes.text(left + 4.45, bottom + 0.42, ", ".join(place.lessons), **number)


def _notebook(number: str) -> str | None:
    """The notebook's file of a lesson; None for one that is not built yet."""
    return next((f"{name}.ipynb" for name in lesson_names() if name.startswith(number)), None)


def _link(number: str) -> str:
    notebook = _notebook(number)
    return f"[{number}]({notebook})" if notebook else f"{number} (not built yet)"
