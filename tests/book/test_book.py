"""The book as it is built from the stored notebooks: whole, offline, and readable on a screen of any width."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from browser import lab
from labkit import book
from labkit.book import pages
from labkit.ledger.claims import read_claims
from labkit.notebooks import lesson_names
from labkit.paths import LESSONS, NOTEBOOKS


class Page(HTMLParser):
    """ids, links, sources of scripts, styles and images, and images without words, of one page."""

    def __init__(self, path: Path):
        super().__init__()
        self.ids, self.links, self.loaded, self.wordless = set(), [], [], []
        self.feed(path.read_text(encoding="utf8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids |= {found[key] for key in ("id", "name") if found.get(key)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag in ("script", "img", "iframe") and found.get("src"):
            self.loaded.append(found["src"])
        if tag == "link" and found.get("rel") != "canonical" and found.get("href"):
            self.loaded.append(found["href"])
        if tag == "img" and not found.get("alt", "").strip():
            self.wordless.append(found.get("src"))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The site, built once; a warning of Sphinx would have stopped it."""
    return book.build(out=tmp_path_factory.mktemp("site") / "book").parent


@pytest.fixture(scope="module")
def site(built):
    return {
        path.relative_to(built).as_posix(): Page(path) for path in built.rglob("*.html") if "_static" not in path.parts
    }


def test_every_lesson_has_its_page_and_can_be_downloaded_as_it_is(built, site):
    for lesson in lesson_names():
        assert f"{lesson}.html" in site
        assert (built / "_sources" / f"{lesson}.ipynb").read_bytes() == (NOTEBOOKS / f"{lesson}.ipynb").read_bytes()


def test_nothing_is_left_beside_it(built):
    assert [path.name for path in built.parent.iterdir()] == [built.name]


def test_every_link_within_the_book_leads_somewhere(built, site):
    broken = []
    for name, page in site.items():
        for link in page.links:
            address, fragment = urldefrag(link)
            if re.match(r"[a-z]+:", address) or (name in ("genindex.html", "search.html") and not address):
                continue
            target = ((built / name).parent / unquote(address)).resolve() if address else built / name
            if not target.exists():
                broken.append(f"{name}: {link}")
            elif fragment and target.suffix == ".html":
                known = site[target.relative_to(built.resolve()).as_posix()].ids
                if unquote(fragment) not in known:
                    broken.append(f"{name}: {link}")
    assert broken == []


def test_nothing_is_loaded_from_elsewhere(site):
    loaded = {source for page in site.values() for source in page.loaded}
    assert [source for source in loaded if re.match(r"(https?:)?//", source)] == []


def test_every_picture_has_words(site):
    assert {name: page.wordless for name, page in site.items() if page.wordless} == {}


def test_no_role_or_directive_is_left_in_the_text(built):
    for lesson in lesson_names():
        text = re.sub(r"<pre>.*?</pre>|<code.*?</code>", "", (built / f"{lesson}.html").read_text(), flags=re.S)
        assert not re.findall(r"\{(?:cite|term|eq)\}|:::|\(eq-\d\d-\d+\)", text)


def test_every_paper_of_the_lessons_is_in_the_bibliography():
    papers = pages.read_papers(LESSONS / "references.bib")
    linked = {
        found for path in LESSONS.glob("*.md") for found in re.findall(r"arxiv\.org/abs/([\d.]+\d)", path.read_text())
    }
    claimed = {claim.source.arxiv for claim in read_claims() if claim.source.arxiv}
    assert linked | claimed <= set(papers)
    assert len(set(papers.values())) == len(papers)


def test_every_claim_has_its_place(site):
    assert {claim.id for claim in read_claims()} <= site["claims.html"].ids


def test_a_broken_link_in_a_page_stops_the_build(tmp_path):
    (tmp_path / "index.md").write_text("# Title\n\n[nowhere](missing.md)\n")
    (tmp_path / "references.bib").write_text("")
    assert any("missing.md" in problem for problem in book._sphinx(tmp_path, tmp_path / "out"))


@pytest.mark.skipif(lab.CHROMIUM is None, reason="no Chromium is installed: the book was not opened")
@pytest.mark.parametrize("width", [1280, 390])
def test_the_book_opens_in_a_browser(built, width):
    """No error in the console or in a formula, and no page wider than the screen.

    A request to elsewhere would fail in `browser_page`.
    """
    names = ["index.html", "glossary.html", "claims.html", "map.html", *(f"{lesson}.html" for lesson in lesson_names())]
    with lab.browser_page() as page:
        page.set_viewport_size({"width": width, "height": 900})
        errors, too_wide, unset = [], {}, {}
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        for name in names:
            page.goto(f"file://{built / name}")
            page.evaluate("window.MathJax?.startup?.promise")  # until all formulas are set
            found = page.evaluate("document.documentElement.scrollWidth")
            if found > width:
                too_wide[name] = found
            if formulas := page.locator("mjx-merror").all_text_contents():
                unset[name] = formulas
        assert (errors, too_wide, unset) == ([], {}, {})
