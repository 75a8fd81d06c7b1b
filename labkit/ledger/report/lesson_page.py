"""An executed notebook as one HTML file that needs no network and no script."""

import re

import nbformat
from jinja2 import Environment
from nbformat import NotebookNode

from labkit.ledger.report.mathml import Formulas
from labkit.notebooks import WIDGET_TEXT, WIDGET_VIEW


def lesson_page(notebook: NotebookNode, name: str, templates: Environment) -> str:
    """The page of a lesson: figures embedded, formulas as MathML, live widgets as a note."""
    import logging

    from nbconvert import HTMLExporter
    from pygments.formatters import HtmlFormatter

    formulas = Formulas()
    exporter = HTMLExporter(
        template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True, exclude_anchor_links=True
    )
    exporter.log.setLevel(logging.ERROR)  # it warns of every figure without alternative text
    body, _ = exporter.from_notebook_node(_prepared(notebook, formulas))
    sheets = [templates.get_template(sheet).render() for sheet in ("style.css", "lesson.css")]
    style = "\n".join([*sheets, HtmlFormatter(style="friendly").get_style_defs(".highlight")])
    body = re.sub(r'href="(\d\d_\w+)\.ipynb', r'href="\1.html', body)  # from lesson to lesson
    page = templates.get_template("lesson.html")
    return page.render(title=title(notebook, name), name=name, style=style, body=formulas.put_back(body))


def title(notebook: NotebookNode, name: str) -> str:
    """The first heading of the notebook, as plain text."""
    for cell in notebook.cells:
        heading = re.search(r"^# +(.+)$", cell.source, re.MULTILINE) if cell.cell_type == "markdown" else None
        if heading:
            return re.sub(r"[$`*]", "", heading[1]).strip()
    return name


def headline_figures(notebook: NotebookNode) -> list[str]:
    """The PNG figures (base64) of the cells tagged `headline`: what the report shows of the lesson."""
    tagged = [cell for cell in notebook.cells if "headline" in cell.metadata.get("tags", [])]
    outputs = [output.get("data", {}) for cell in tagged for output in cell.get("outputs", [])]
    return [data["image/png"].replace("\n", "") for data in outputs if "image/png" in data]


def _prepared(notebook: NotebookNode, formulas: Formulas) -> NotebookNode:
    copy = nbformat.from_dict(notebook)
    copy.metadata.pop("widgets", None)
    for cell in copy.cells:
        if cell.cell_type == "markdown":
            cell.source = formulas.take_out(cell.source)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if WIDGET_VIEW in data:
                output["data"] = {"text/plain": WIDGET_TEXT}
            elif "text/latex" in data and "image/png" not in data:
                output["data"] = {"text/html": f"<p>{formulas.take_out(data['text/latex'])}</p>"}
            elif "text/markdown" in data:
                data["text/markdown"] = formulas.take_out(data["text/markdown"])
    return copy
