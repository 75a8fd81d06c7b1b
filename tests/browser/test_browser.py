"""The lessons in JupyterLab, in a real browser: run all, move a slider, see the picture change, save."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest

from browser import lab
from labkit.paths import LESSONS, NOTEBOOKS, ROOT

pytestmark = pytest.mark.skipif(lab.CHROMIUM is None, reason="no Chromium is installed: the browser tests were not run")

WIDGET = """
import io
import ipywidgets
from matplotlib import pyplot as plt

def draw(x):
    figure, axes = plt.subplots(figsize=(2, 2))
    axes.bar([0], [x])
    axes.set_ylim(0, 10)
    file = io.BytesIO()
    figure.savefig(file, format="png")
    plt.close(figure)
    return file.getvalue()

slider = ipywidgets.IntSlider(value=2, min=0, max=10)
picture = ipywidgets.Image(value=draw(2))
slider.observe(lambda change: setattr(picture, "value", draw(change["new"])), "value")
ipywidgets.VBox([slider, picture])
"""


@pytest.fixture
def house(tmp_path):
    """A copy of the lessons at smoke scale, paired as in the project, and the fixture notebook."""
    root = tmp_path / "house"
    for folder in (LESSONS, NOTEBOOKS):
        shutil.copytree(folder, root / folder.name)
    shutil.copy(ROOT / "jupytext.toml", root)
    for path in [*root.glob("lessons/*.md"), *root.glob("notebooks/*.ipynb")]:
        text = path.read_text()
        for quote in ('"', r"\""):  # as it stands in the text, and inside the JSON of the notebook
            text = text.replace(f"profile = {quote}lesson{quote}", f"profile = {quote}smoke{quote}")
        path.write_text(text)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
    fixture = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(WIDGET)], metadata=kernel)
    nbformat.write(fixture, root / "widget.ipynb")
    return root


def check_in_browser(root: Path, state: Path, notebook: str, seconds: float, slider: bool) -> dict:
    state.mkdir()
    with lab.jupyterlab(root, state) as (url, token), lab.browser_page() as page:
        errors = lab.open_and_run(page, url, token, notebook, seconds)
        assert errors == []
        if slider:
            before, after = lab.move_first_slider(page)
            assert before != after
            assert before.startswith("89504e47")  # a PNG was on the page
        lab.save(page)
    saved = json.loads((root / notebook).read_text())
    code = [cell for cell in saved["cells"] if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]
    assert all(cell["execution_count"] for cell in code)
    assert not [o for cell in code for o in cell["outputs"] if o["output_type"] == "error"]
    return saved


def test_a_widget_redraws_its_picture(house, tmp_path):
    saved = check_in_browser(house, tmp_path / "state", "widget.ipynb", 60, slider=True)
    assert [cell["cell_type"] for cell in saved["cells"]] == ["code"]


@pytest.mark.parametrize("lesson", [path.stem for path in sorted(LESSONS.glob("[0-9][0-9]_*.md"))])
def test_a_lesson_runs_and_is_saved_with_its_text(house, tmp_path, lesson):
    text = house / "lessons" / f"{lesson}.md"
    before = text.read_text()
    notebook = f"notebooks/{lesson}.ipynb"
    saved = check_in_browser(house, tmp_path / "state", notebook, 300, slider="labkit.views.widgets" in before)
    assert text.read_text() == before  # Lab writes both halves of the pair; nothing was changed, so nothing differs
    assert any("smoke" in "".join(cell["source"]) for cell in saved["cells"])
