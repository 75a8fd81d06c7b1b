"""What the report and the README show of a notebook: its title and its first pictures."""

import re

from nbformat import NotebookNode


def title(notebook: NotebookNode, name: str) -> str:
    """The first heading of the notebook, as plain text."""
    for cell in notebook.cells:
        heading = re.search(r"^# +(.+)$", cell.source, re.MULTILINE) if cell.cell_type == "markdown" else None
        if heading:
            return re.sub(r"[$`*]", "", heading[1]).strip()
    return name


def headline_figures(notebook: NotebookNode) -> list[str]:
    """The PNG figures (base64) of the cells tagged `headline`."""
    tagged = [cell for cell in notebook.cells if "headline" in cell.metadata.get("tags", [])]
    outputs = [output.get("data", {}) for cell in tagged for output in cell.get("outputs", [])]
    return [data["image/png"].replace("\n", "") for data in outputs if "image/png" in data]
