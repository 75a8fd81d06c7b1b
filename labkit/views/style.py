"""One look for all figures: white ground, few lines, colours that colour-blind readers can tell apart (Okabe and Ito).

Domain A, and with it what is real, is always blue; domain B, and with it what is generated, is always orange.
"""

import io

import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageColor

from labkit.views.alternative_text import alternative_text

BLUE, ORANGE, GREEN, PURPLE, SKY, GREY = "#0072B2", "#D55E00", "#009E73", "#AA4499", "#56B4E9", "#666666"
A, B = BLUE, ORANGE
REAL, FAKE = BLUE, ORANGE
DISCRIMINATOR, GENERATOR = PURPLE, GREEN
KEPT = ("#000000", "#FFFFFF", BLUE, ORANGE, GREEN, PURPLE, SKY, GREY)  # in every palette, however colourful the figure

PANEL = (3.2, 2.4)  # inches
MAX_BYTES = 25_000  # of one figure; base64 in a notebook adds a third
CHART_COLOURS = 64  # of a figure without images
IMAGE_COLOURS = 192  # of a heavy figure with images

RC = {
    "figure.dpi": 100,
    "savefig.dpi": 100,
    "figure.facecolor": "white",
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
}


def use() -> None:
    """Set the look for all figures of this process, and let a notebook show a figure that ends a cell as a picture."""
    from IPython import get_ipython
    from matplotlib import rcParams

    rcParams.update(RC)
    if shell := get_ipython():
        shell.display_formatter.formatters["image/png"].for_type(Figure, _shown)


def panels(columns: int = 1, rows: int = 1, width: float = PANEL[0], height: float = PANEL[1], **options):
    """A figure of `rows` x `columns` panels of `width` x `height` inches: (figure, list of axes, row by row).

    The figure is not known to pyplot: a notebook shows it once, where it stands as the last line of a cell, and it is
    freed with its last name. `options` go to `Figure.subplots` (sharex, sharey, width_ratios).
    """
    figure = Figure(figsize=(columns * width, rows * height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **options)
    return figure, list(axes.flat)


def _shown(figure: Figure) -> tuple[bytes, dict[str, str]]:
    """What a notebook keeps of a figure: the picture, and its words where nbconvert and the book look for them."""
    return png(figure), {"alt": alternative_text(figure)}


def png(figure: Figure) -> bytes:
    """The figure as the bytes of a PNG file, cut to what is drawn.

    Notebooks are kept under version control, so colours are few, those of this module among them: `CHART_COLOURS` where
    lines and words alone are drawn, 256 where a figure full of photographs would weigh more than `MAX_BYTES`.
    """
    file, packed = io.BytesIO(), io.BytesIO()
    figure.savefig(file, format="png", dpi=RC["savefig.dpi"], bbox_inches="tight", pad_inches=0.05)
    weight, picture = file.tell(), Image.open(file)
    if not any(axes.images for axes in figure.axes):
        picture = _in_few_colours(picture, CHART_COLOURS)
    elif weight > MAX_BYTES:
        picture = _in_few_colours(picture, IMAGE_COLOURS)
    picture.save(packed, format="png", optimize=True)
    return packed.getvalue()


def _in_few_colours(picture: Image.Image, number: int) -> Image.Image:
    """The picture with a palette of at most `number` colours."""
    whole, palette = picture.convert("RGB"), Image.new("P", (1, 1))
    own = whole.quantize(number - len(KEPT)).getpalette()[: 3 * (number - len(KEPT))]
    palette.putpalette(own + [level for colour in KEPT for level in ImageColor.getrgb(colour)])
    few = whole.quantize(palette=palette, dither=Image.Dither.NONE)
    paper = (np.asarray(whole) == 255).all(2)  # which the search for the nearest colour may make a shade darker
    few.paste(len(own) // 3 + KEPT.index("#FFFFFF"), mask=Image.fromarray(paper))
    return few
