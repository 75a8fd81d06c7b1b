"""The glossary of the first lesson as data, and as a page."""

from labkit.book.glossary import glossary_page, read_glossary
from labkit.notebooks import lesson_names
from labkit.paths import LESSONS

TABLE = """
| not | 不 | the notation's table | [03](03_cyclegan.ipynb) |

## Glossary

| word | 中文 | meaning | lesson |
|---|---|---|---|
| domain | 域 | a collection of pictures | [00](00_start_here.ipynb) |
| judge | | a frozen "classifier" | [01](01_gan_minmax.ipynb) |
"""


def test_entries_are_read_from_the_table_of_the_glossary_alone():
    terms = read_glossary(TABLE)
    assert list(terms) == ["domain", "judge"]
    assert terms["domain"].chinese == "域" and terms["judge"].chinese == ""
    assert 'title="a frozen &quot;classifier&quot;"' in terms["judge"].link("judges")
    assert 'title="域: a collection of pictures"' in terms["domain"].link("domains")


def test_the_page_is_sorted_both_ways():
    page = glossary_page(read_glossary(TABLE))
    english, _, chinese = page.partition("## 按中文")
    assert english.index("**domain** 域") < english.index("**judge**")
    assert "| 域 |" in chinese and "judge" not in chinese


def test_every_row_of_the_lessons_glossary_is_read():
    text = (LESSONS / f"{lesson_names()[0]}.md").read_text()
    rows = text.partition("\n## Glossary\n")[2].partition("\n## ")[0].count("](")
    terms = read_glossary(text)
    assert len(terms) == rows > 50
    assert {term.lesson for term in terms.values()} <= set(lesson_names())
