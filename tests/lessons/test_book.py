"""The lessons as one book: a path from each to the next, links that lead somewhere, one notation, one glossary."""

import re
from functools import cache

import pytest

from labkit.notebooks import lesson_names, read_lesson
from labkit.paths import LESSONS, NOTEBOOKS, ROOT

NAMES = lesson_names()
FIRST, LATER = NAMES[0], NAMES[1:]
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
CHINESE = re.compile(r"[\u4e00-\u9fff]+")
# What the notes say in a sentence, and no term of the field.
SAYINGS = {
    "两堆数据",
    "与原来的输入无关",
    "问题",
    "两者没有联系",
    "做法",
    "做法二",
    "无视这个问题",
    "直接做",
    "风险",
    "太严苛",
    "中文",
    "一页小结",
}


@cache
def prose(lesson: str) -> str:
    """All that a lesson says outside its code and its folded solutions, without the appendices of the first lesson."""
    cells = [cell.source for cell in read_lesson(LESSONS / f"{lesson}.md").cells if cell.cell_type == "markdown"]
    text = re.sub(r"```.*?```", "", "\n\n".join(cells), flags=re.DOTALL)
    return (
        text if lesson != FIRST else text.replace(section(text, "Notation"), "").replace(section(text, "Glossary"), "")
    )


def whole(lesson: str) -> str:
    return (LESSONS / f"{lesson}.md").read_text(encoding="utf8")


def section(text: str, heading: str) -> str:
    """From a heading of second rank to the next one."""
    return re.search(rf"^## {heading}$.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[0]


def title(lesson: str) -> str:
    return re.search(r"^# (.+)$", prose(lesson), re.MULTILINE)[1]


def card(lesson: str) -> dict[str, str]:
    """The rows of the header card: name -> content."""
    return dict(re.findall(r"^\| \*\*(.+?)\*\* \| (.+) \|$", prose(lesson).partition("\n## ")[0], re.MULTILINE))


def links(text: str) -> dict[str, str]:
    """Target -> text of all links that stay in the workbook."""
    return {target: words for words, target in LINK.findall(text) if "://" not in target}


def anchors(lesson: str) -> set[str]:
    """The names under which JupyterLab finds the headings of a notebook."""
    return {heading.replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", whole(lesson), re.MULTILINE)}


def rows(heading: str) -> list[list[str]]:
    """The rows of an appendix of the first lesson, cell by cell."""
    lines = [line for line in section(whole(FIRST), heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def lesson_of(cell: str) -> str:
    (target,) = links(cell)
    return target.removesuffix(".ipynb")


def plain(text: str) -> str:
    """Words only, so that emphasis and line breaks do not hide them."""
    return re.sub(r"\s+", " ", text.replace("*", "")).lower()


@pytest.mark.parametrize("lesson", LATER)
def test_the_header_card_has_the_same_rows_in_each_lesson(lesson):
    named = [name.removesuffix("s") if name != "Words" else name for name in card(lesson)]
    assert named == ["Paper", "System", "You need", "Reading", "Running", "Words", "中文", "Next"]


@pytest.mark.parametrize("lesson, following", zip(NAMES, LATER, strict=False))
def test_each_lesson_leads_to_the_next(lesson, following):
    assert links(card(lesson)["Next"])[f"{following}.ipynb"] == title(following)
    end = section(prose(lesson), "Next")
    assert prose(lesson).rstrip().endswith(end.rstrip())
    assert links(end)[f"{following}.ipynb"] == title(following)


@pytest.mark.parametrize("lesson", LATER)
def test_what_a_lesson_needs_came_before_it(lesson):
    needed = links(card(lesson)["You need"])
    assert needed
    for target, words in needed.items():
        before = target.removesuffix(".ipynb")
        assert before in NAMES[: NAMES.index(lesson)] and words == title(before)


@pytest.mark.parametrize("lesson", NAMES)
def test_no_link_within_the_workbook_leads_nowhere(lesson):
    for target in links(whole(lesson)):
        file, _, anchor = target.partition("#")
        name = file.removesuffix(".ipynb") or lesson
        assert name in NAMES or (NOTEBOOKS / file).resolve().is_file(), target
        assert not anchor or (name in NAMES and anchor in anchors(name)), target


@pytest.mark.parametrize("lesson", LATER)
def test_each_lesson_links_to_the_notation_and_to_the_glossary(lesson):
    where = {f"{FIRST}.ipynb#Notation", f"{FIRST}.ipynb#Glossary"}
    assert where <= set(links(card(lesson)["Words"]))
    tables = [line for line in whole(lesson).splitlines() if f"| [here]({FIRST}.ipynb#Notation)" in line]
    assert len(tables) == 1  # the lesson's own names beside the paper's


@pytest.mark.parametrize("row", rows("Notation"), ids=lambda row: row[0])
def test_each_name_of_the_notation_is_used_where_it_says(row):
    names, _, where = row
    text = whole(lesson_of(where)).replace(section(whole(FIRST), "Notation"), "")
    for name in re.findall(r"`([^`]+)`", names):
        word = rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])"
        assert re.search(word, text), name
    for symbol in re.findall(r"\$([^$]+)\$", names):
        assert symbol in text, symbol


@pytest.mark.parametrize("row", rows("Glossary"), ids=lambda row: row[0])
def test_each_word_of_the_glossary_is_explained_where_it_says(row):
    word, chinese, meaning, where = row
    text = plain(prose(lesson_of(where)))
    assert word.lower() in text and chinese in text
    assert meaning


def test_the_glossary_is_in_the_order_of_the_lessons_and_names_no_word_twice():
    words = [row[0] for row in rows("Glossary")]
    assert len(set(words)) == len(words)
    order = [NAMES.index(lesson_of(row[3])) for row in rows("Glossary")]
    assert order == sorted(order) and set(order) == set(range(len(NAMES)))


@pytest.mark.parametrize("lesson", NAMES)
def test_each_term_of_the_notes_stands_in_the_glossary(lesson):
    known = [row[1] for row in rows("Glossary") if row[1]]
    found = set(CHINESE.findall(prose(lesson))) - SAYINGS
    assert {term for term in found if not any(word in term for word in known)} == set()


@pytest.mark.parametrize("lesson", NAMES)
def test_figures_of_a_lesson_come_from_the_views_and_their_style(lesson):
    code = [cell.source for cell in read_lesson(LESSONS / f"{lesson}.md").cells if cell.cell_type == "code"]
    assert sum("style.use()" in source for source in code) == 1
    assert not [source for source in code if re.search(r"matplotlib|pyplot|\bplt\.|seaborn", source)]


def test_the_readme_leads_to_every_lesson():
    linked = links((ROOT / "README.md").read_text(encoding="utf8"))
    assert {f"notebooks/{lesson}.ipynb" for lesson in NAMES} <= set(linked)


@pytest.mark.parametrize("lesson", NAMES)
def test_a_chinese_page_is_reached_from_the_header_and_speaks_the_notes_terms(lesson):
    assert f"[一页小结](../lessons/zh/{lesson}.md)" in whole(lesson).partition("\n\n")[0] + whole(lesson)[:3000]
    page = (LESSONS / "zh" / f"{lesson}.md").read_text(encoding="utf8")
    rows = re.findall(rf"^\| [^|]+ \| ([^| ]+) \| [^|]+ \| \[\d\d\]\({lesson}", whole(FIRST), re.MULTILINE)
    used = [term for term in rows if term in page]
    assert len(used) >= min(3, len(rows)) and page.startswith(f"# {lesson[:2]} · ")
