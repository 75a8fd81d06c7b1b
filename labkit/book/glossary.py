"""The glossary of the first lesson, read as data: a word, the study notes' word for it, what it means, and where."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

ROW = re.compile(
    r"^\| *(?P<word>[^|]+?) *\| *(?P<chinese>[^|]*?) *\| *(?P<meaning>[^|]+?) *\|"
    r" *\[\d\d\]\((?P<lesson>\w+)\.ipynb\) *\|$",
    re.M,
)


@dataclass(frozen=True)
class Term:
    """An entry. chinese may be empty; lesson: the name of the lesson that explains the word."""

    word: str
    chinese: str
    meaning: str
    lesson: str

    @property
    def anchor(self) -> str:
        return "term-" + re.sub(r"\W+", "-", self.word.lower()).strip("-")

    def link(self, words: str) -> str:
        """HTML: `words`, with the meaning as a hint, leading to the entry."""
        hint = html.escape(f"{self.chinese}: {self.meaning}" if self.chinese else self.meaning)
        return f'<a class="term" href="glossary.html#{self.anchor}" title="{hint}">{words}</a>'


def read_glossary(lesson: str) -> dict[str, Term]:
    """word -> entry, in the order of the table under the heading "Glossary" of a lesson's text."""
    _, _, table = lesson.partition("\n## Glossary\n")
    return {match["word"]: Term(**match.groupdict()) for match in ROW.finditer(table)}


def glossary_page(terms: Mapping[str, Term]) -> str:
    """Markdown: all entries by their English word, then the Chinese words with what they lead to."""
    lines = ["# Glossary", "", "## By the English word", ""]
    for term in sorted(terms.values(), key=lambda term: term.word.lower()):
        chinese = f" {term.chinese}" if term.chinese else ""
        lines += [
            f'<a id="{term.anchor}"></a>**{term.word}**{chinese}',
            f": {term.meaning} ([lesson {term.lesson[:2]}]({term.lesson}.ipynb))",
            "",
        ]
    lines += ["## 按中文", "", "| 中文 | word |", "|---|---|"]
    chinese = (term for term in terms.values() if term.chinese)
    for term in sorted(chinese, key=lambda term: term.chinese.encode("gb18030")):  # by pronunciation, for common signs
        lines.append(f"| {term.chinese} | {term.link(term.word)} |")
    return "\n".join(lines) + "\n"
