"""The book: all lessons as a static site, with search, numbers, citations and a glossary; nothing in it is executed.

book/index.html   needs no server and no network
"""

import io
import os
import shutil
from pathlib import Path

import nbformat

from labkit.errors import LabError
from labkit.folders import Folders
from labkit.notebooks import lesson_names, read_notebook
from labkit.paths import ROOT

REPOSITORY = "LABKIT_REPOSITORY"  # address of a code host: launch buttons appear when it is set
STATIC = Path(__file__).parent / "static"


def build(root: Path = ROOT, out: Path | None = None) -> Path:
    """Write the book of the workbook at `root` into `out` (default: `root`/book); the path of its first page.

    Raises LabError where Sphinx is missing, or says what it does not like.
    """
    folders = Folders.under(root)
    out = out or folders.book
    work = folders.runs / "book"
    shutil.rmtree(work, ignore_errors=True)
    write_source(root, work / "source")
    problems = _sphinx(work / "source", work / "html")  # not into `out`: myst-nb leaves a folder of its own beside it
    if problems:
        raise LabError("the book has problems:\n" + "\n".join(problems))
    shutil.copytree(work / "html", out, dirs_exist_ok=True)
    for lesson in lesson_names(folders.lessons):  # what a reader downloads is the notebook itself, not our copy
        shutil.copy(folders.notebooks / f"{lesson}.ipynb", out / "_sources" / f"{lesson}.ipynb")
    return out / "index.html"


def write_source(root: Path, source: Path) -> None:
    """Lay out below `source` all that Sphinx is to read."""
    from labkit.book import api, glossary, pages
    from labkit.book.lesson_pages import lesson_page
    from labkit.ledger import readme
    from labkit.ledger.claims import read_claims

    folders = Folders.under(root)
    lessons = {
        name: (folders.lessons / f"{name}.md").read_text(encoding="utf8") for name in lesson_names(folders.lessons)
    }
    terms = glossary.read_glossary(next(iter(lessons.values())))
    papers = pages.read_papers(folders.lessons / "references.bib")
    pictures = readme.pictures(folders)
    files: dict[str, str | bytes] = {"references.bib": (folders.lessons / "references.bib").read_bytes()}
    for name in lessons:
        page = lesson_page(read_notebook(folders.notebooks / f"{name}.ipynb"), name[:2], terms, papers)
        text = nbformat.writes(page.notebook).replace("](../README.md)", "](readme.md)")
        files[f"{name}.ipynb"] = text.replace("](../lessons/zh/", "](zh/")
        files[f"zh/{name}.md"] = (folders.lessons / "zh" / f"{name}.md").read_bytes()
        files |= {f"figures/{figure}": png for figure, png in page.figures.items()}
    files |= {f"pictures/{name}.png": png for name, png in pictures.items()}
    files["index.md"] = pages.front_page(lessons, pictures)
    files["glossary.md"] = glossary.glossary_page(terms)
    files["claims.md"] = pages.claims_page(lessons, read_claims(folders.lessons / "claims.yml"), papers, folders)
    files |= {f"networks/{path}": content for path, content in pages.network_pages(folders).items()}
    files["diagrams.md"], drawn = pages.diagrams_page()
    files |= {f"diagrams/{path}": png for path, png in drawn.items()}
    files["map.md"] = pages.map_page()
    files |= {name: (root / name).read_bytes() for name in ("TEACHING.md", "CONTRIBUTING.md")}
    files["readme.md"], shown = pages.readme_page((root / "README.md").read_text(encoding="utf8"))
    files |= {path: (root / path).read_bytes() for path in shown}
    files["bibliography.md"] = "# Papers\n\n```{bibliography}\n:all:\n```\n"
    files |= {f"api/{path}": text for path, text in api.pages().items()}
    for path, content in files.items():
        target = source / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)


def _sphinx(source: Path, out: Path) -> list[str]:
    """Run Sphinx over `source`; its warnings."""
    try:
        from sphinx.application import Sphinx
        from sphinx.util.docutils import docutils_namespace, patch_docutils
    except ImportError:
        raise LabError("the book needs Sphinx: pip install -c constraints.txt -e '.[book]'") from None
    warnings = io.StringIO()
    with patch_docutils(), docutils_namespace():
        app = Sphinx(
            srcdir=source,
            confdir=None,
            outdir=out,
            doctreedir=source / ".doctrees",
            buildername="html",
            confoverrides=_settings(),
            status=None,
            warning=warnings,
            freshenv=True,
        )
        app.connect("doctree-resolved", _number_equations)
        app.build()
    return [line for line in warnings.getvalue().splitlines() if line.strip()]


def _settings() -> dict:
    repository = os.environ.get(REPOSITORY, "").rstrip("/")
    theme = {"use_download_button": True, "use_fullscreen_button": False, "show_toc_level": 2, "navbar_persistent": []}
    if repository:
        theme |= {
            "repository_url": repository,
            "repository_branch": "main",
            "path_to_docs": "notebooks",
            "use_repository_button": True,
            "launch_buttons": {"notebook_interface": "jupyterlab", "binderhub_url": "https://mybinder.org"}
            | {"colab_url": "https://colab.research.google.com"},
        }
    return {
        "project": "Unpaired image-to-image translation",
        "author": "",
        "html_title": "Unpaired image-to-image translation",
        "extensions": ",".join(
            [
                "myst_nb",
                "sphinx.ext.mathjax",
                "sphinx-mathjax-offline",
                "sphinxcontrib.bibtex",
                "sphinx_design",
                "sphinx_copybutton",
            ]
        ),
        "html_theme": "sphinx_book_theme",
        "html_theme_options": theme,
        "html_context": {"default_mode": "auto"},
        "html_static_path": [str(STATIC)],
        "html_css_files": ["book.css"],
        "html_show_copyright": False,
        "html_last_updated_fmt": None,
        "html_show_sphinx": False,
        "nb_execution_mode": "off",
        "nb_merge_streams": True,
        "myst_enable_extensions": ["dollarmath", "amsmath", "colon_fence", "deflist", "html_image", "attrs_inline"],
        "myst_heading_anchors": 4,
        "myst_heading_slug_func": "labkit.book.anchor",
        "bibtex_bibfiles": ["references.bib"],
        "suppress_warnings": ["mystnb.unknown_mime_type"],
    }


def anchor(heading: str) -> str:
    """What JupyterLab calls a heading in an address; the lessons link to their sections by it."""
    return heading.strip().replace(" ", "-")


def _number_equations(app, doctree, name: str) -> None:
    """Equations count within their lesson: eq-03-7 is (3.7)."""
    from docutils import nodes

    for node in doctree.findall(nodes.math_block):
        label = node.get("label") or ""
        if label.startswith("eq-"):
            _, lesson, count = label.split("-")
            node["number"] = f"{int(lesson)}.{count}"
