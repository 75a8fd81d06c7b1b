"""The report from what a run left: built from files, without a kernel."""

import json
import re
from html.parser import HTMLParser

import nbformat
import pytest
import yaml

from fixture_lessons import claim, write_claims, write_lesson
from labkit.folders import Folders
from labkit.ledger.record import LessonState, write_state
from labkit.ledger.report import build
from labkit.ledger.verdicts import Measured, to_json

ONE, TWO = "01_one", "02_two"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture
def folders(tmp_path):
    folders = Folders.under(tmp_path)
    write_claims(folders, claim(ONE), claim(ONE, "never", rules={"full": claim()["rules"]["smoke"]}), claim(TWO))
    for lesson in (ONE, TWO):
        write_lesson(folders, lesson)
    leave_run(folders, ONE, a=Measured(3.0, (), 1.41, 100, "test", "digits", (0,)), b=Measured(1.0))
    return folders


def leave_run(folders, lesson, error=None, **measured):
    """The files of a run of `lesson`, as the runner leaves them."""
    folder = folders.lesson_run("smoke", lesson)
    write_state(
        folder, LessonState("stamp", "2026-01-02", 12.3, {"commit": "abc", "packages": {"torch": lesson}}, error)
    )
    figure = nbformat.v4.new_output("display_data", {"image/png": PIXEL, "text/plain": "<Figure>"})
    cells = [
        nbformat.v4.new_markdown_cell("# One `and` $x^2$"),
        nbformat.v4.new_code_cell("1 < 2", outputs=[figure], metadata={"tags": ["headline"]}),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "notebook.ipynb")
    (folder / "measured.json").write_text(to_json(lesson, "smoke", measured))


def pages(folders) -> dict[str, str]:
    build("smoke", folders)
    return {path.name: path.read_text() for path in folders.report.iterdir()}


class Resources(HTMLParser):
    """What a browser would load, and the tags that are not closed."""

    def __init__(self):
        super().__init__()
        self.loaded, self.open, self.scripts = [], [], 0

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.scripts += tag == "script"
        if tag not in ("meta", "img", "br", "hr", "input", "link"):
            self.open.append(tag)
        self.loaded += [attributes["src"]] if attributes.get("src") else []
        self.loaded += [attributes["href"]] if tag == "link" else []

    def handle_startendtag(self, tag, attributes):
        self.loaded += [dict(attributes).get("src", "data:")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing(folders):
    page = pages(folders)["index.html"]
    resources = Resources()
    resources.feed(page)
    assert resources.open == [] and resources.scripts == 0
    assert resources.loaded and all(source.startswith("data:") for source in resources.loaded)
    assert "@import" not in page and "url(" not in page


def test_claim_beside_measurement(folders):
    page = pages(folders)["index.html"]
    row = re.search(r'<tr id="01.a-over-b".*?</tr>', page, re.DOTALL)[0]
    expected = (
        "✓ holds",
        "Somebody et al. 2017",
        "1703.10593",
        "Table 1",
        "checked",
        "3 ± 1.4",
        "n = 100",
        "judge digits",
    )
    for words in (*expected, "a above b by at least 0.5", "(1)", "not recorded yet"):
        assert words in row
    assert "not judged" in re.search(r'<tr id="01.never".*?</tr>', page, re.DOTALL)[0]
    assert "2026-01-02, 12 s" in page and PIXEL in page
    assert "Not run at this profile" in page  # lesson 02


def test_the_lesson_is_a_page_of_the_book_where_that_was_written(folders):
    assert "The lesson in the book" not in pages(folders)["index.html"]
    folders.book.mkdir()
    (folders.book / f"{ONE}.html").touch()
    assert f'<a href="../book/{ONE}.html">The lesson in the book</a>' in pages(folders)["index.html"]


def test_where_it_was_measured_names_each_value_once(folders):
    leave_run(folders, TWO, a=Measured(3.0), b=Measured(1.0))
    page = pages(folders)["index.html"]
    assert "<dt>commit</dt><dd>abc</dd>" in page and "<dt>torch</dt><dd>01_one, 02_two</dd>" in page


def test_markdown_tables_keep_their_columns(folders):
    write_claims(folders, claim(ONE, statement="|a| is above |b|."))
    table = [line for line in pages(folders)["claims.md"].splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {8}
    assert "**holds**" in table[-1] and "2.0 (checked)" in table[-1]


def test_a_failed_lesson_shows_its_traceback_and_no_verdict(folders):
    leave_run(folders, ONE, error="ZeroDivisionError: <b>", a=Measured(3.0), b=Measured(1.0))
    page = pages(folders)["index.html"]
    assert "ZeroDivisionError: &lt;b&gt;" in page and "✓ holds" not in page


def test_recorded_verdicts_here_and_elsewhere(folders):
    for profile in ("smoke", "study"):
        entry = {"verdict": "does not hold", "measured": 0.25, "spread": None}
        path = folders.verdicts(profile)
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({ONE: {"date": "2026-01-01", "seconds": 3, "claims": {"01.a-over-b": entry}}}))
    page = pages(folders)["index.html"]
    assert "Contradicts the recorded verdict" in page and "recorded: does not hold" in page
    assert "study: does not hold, 0.25 (2026-01-01)" in page
    assert "smoke: does not hold" not in page


def test_rules_are_read_anew(folders):
    claims = yaml.safe_load((folders.lessons / "claims.yml").read_text())
    claims[0]["rules"]["smoke"]["margin"] = 2.5
    write_claims(folders, *claims)
    assert "? undecided" in pages(folders)["index.html"]
    claims[0]["rules"]["smoke"]["measure"] = "c"
    write_claims(folders, *claims)
    assert "does not measure &#39;c&#39;" in pages(folders)["index.html"]
