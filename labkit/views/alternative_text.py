"""What a figure says to someone who cannot see it: read off the figure itself."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure


def alternative_text(figure: Figure) -> str:
    """One sentence for the figure and one for each panel: rows of images by their names, plots by axes and lines.

    A figure whose label is set (a diagram's is) is described by it.
    """
    if label := str(figure.get_label()):
        return _one_line(label)
    title = [text.get_text() for text in figure.texts[:1]]
    panels = [_panel(axes) for axes in figure.axes]
    rows = [words for words, is_row in panels if is_row]
    plots = [words for words, is_row in panels if words and not is_row]
    sentences = [*title, *([f"Rows of images: {', '.join(rows)}"] if rows else []), *plots]
    return _one_line(". ".join(sentence.strip(". ") for sentence in sentences if sentence)) or "A figure"


def _panel(axes: Axes) -> tuple[str, bool]:
    """The words for a panel, and whether it is a row of images."""
    title = next((axes.get_title(loc) for loc in ("left", "center", "right") if axes.get_title(loc)), "")
    if axes.images and not axes.axison:
        return title or " ".join(text.get_text() for text in axes.texts[:1]), True
    names = [str(name) for name in axes.get_legend_handles_labels()[1]]
    measured = " against ".join(filter(None, (axes.get_ylabel(), axes.get_xlabel())))
    details = "; ".join(filter(None, (measured, ", ".join(names))))
    return (f"{title} ({details})" if title and details else title or details), False


def _one_line(text: str) -> str:
    return " ".join(text.split())
