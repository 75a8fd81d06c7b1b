"""A stored notebook as a page of the book: equations and figures with numbers, words and papers with links.

The lessons themselves stay plain Markdown, which JupyterLab and a code host can show. What only a book can do is added
here, on a copy. Nothing is executed, and no sentence is changed.
"""

import base64
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from labkit.book.glossary import Term

IMAGE = "image/png"
NO_PROSE = re.compile(  # code, formulas, links, HTML, headings
    r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$\n]+\$|!?\[[^\]]*\]\([^)]*\)|<a .*?</a>|<[^>]+>|^#.*?$", re.S | re.M
)
DISPLAYED = re.compile(r"^([ >]*)\$\$(.+?)\$\$[ \t]*$", re.S | re.M)
PAPER = re.compile(r"\[[^\]]+\]\(https?://arxiv\.org/abs/([\d.]+\d)(?:v\d+)?\)")
HEADING = re.compile(r"^#{1,4} +(.+)$", re.M)


@dataclass
class LessonPage:
    """notebook: what Sphinx reads. figures: file name -> PNG; the notebook looks for them in `figures/`."""

    notebook: NotebookNode
    figures: dict[str, bytes]


def lesson_page(
    stored: NotebookNode, number: str, terms: Mapping[str, Term], papers: Mapping[str, str], doors: str = ""
) -> LessonPage:
    """The page of the lesson with that `number` ("03").

    terms: word -> its entry in the glossary. papers: arXiv number -> key in the bibliography. doors: HTML that stands
    below the title.
    """
    page, figures, section = [], {}, ""
    equations, unexplained = 0, dict(terms)
    for cell in stored.cells:
        if cell.cell_type == "markdown":
            section = (HEADING.findall(cell.source) or [section])[-1]
            text, equations = with_labels(cell.source, number, equations)
            text = with_terms(with_citations(text, papers), unexplained)
            if doors and text.startswith("# "):
                title, _, rest = text.partition("\n")
                text, doors = f"{title}\n\n{doors}\n{rest}", ""
            page.append(new_markdown_cell(text))
        elif cell.cell_type == "code":
            page += _code(cell, number, section, figures)
    return LessonPage(new_notebook(cells=page, metadata={"kernelspec": stored.metadata["kernelspec"]}), figures)


def with_labels(text: str, number: str, count: int) -> tuple[str, int]:
    """`text` with a label behind every displayed equation, `eq-03-7` for the seventh of lesson 03; and the count.

    count: of the equations before.
    """
    counter = itertools.count(count + 1)
    labelled = DISPLAYED.sub(lambda match: f"{match[0].rstrip()} (eq-{number}-{next(counter)})", text)
    return labelled, next(counter) - 1


def with_citations(text: str, papers: Mapping[str, str]) -> str:
    """`text` with a citation behind every link to a paper that the bibliography has."""

    def cite(match: re.Match) -> str:
        return f"{match[0]} {{cite}}`{papers[match[1]]}`" if match[1] in papers else match[0]

    return PAPER.sub(cite, text)


def with_terms(text: str, unexplained: dict[str, Term]) -> str:
    """`text` in which the first mention of each of these words explains itself; those words are taken out.

    Code, formulas, links, headings and HTML are left alone.
    """
    for word in sorted(unexplained, key=len, reverse=True):  # "shared latent space" before "latent space"
        mention = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])", re.I)
        kept = [match.span() for match in NO_PROSE.finditer(text)]
        for found in mention.finditer(text):
            if not any(start < found.end() and found.start() < end for start, end in kept):
                text = f"{text[: found.start()]}{unexplained.pop(word).link(found[0])}{text[found.end() :]}"
                break
    return text


def _code(cell: NotebookNode, number: str, section: str, figures: dict[str, bytes]) -> list[NotebookNode]:
    """The cell without its pictures and its Markdown, which follow as parts of the page, all in the order they came."""
    cells = [new_code_cell(cell.source, execution_count=cell.execution_count)]
    for output in cell.outputs:
        data = output.get("data", {})
        if IMAGE in data:
            name = f"{number}-{len(figures) + 1}"
            figures[f"{name}.png"] = base64.b64decode(data[IMAGE])
            caption = f"Figure {int(number)}.{len(figures)} · {re.sub(r'[`*]', '', section)}"
            alt = output.metadata.get(IMAGE, {}).get("alt") or caption  # older outputs have none
            lines = [f":::{{figure}} figures/{name}.png", f":name: fig-{name}", f":alt: {' '.join(alt.split())}", ""]
            cells.append(new_markdown_cell("\n".join([*lines, caption, ":::"])))
        elif "text/markdown" in data:
            cells.append(new_markdown_cell(data["text/markdown"]))
        else:
            if cells[-1].cell_type == "markdown":  # outputs again, without their code
                cells.append(new_code_cell("", metadata={"tags": ["remove-input"]}))
            cells[-1].outputs.append(output)
    return cells
