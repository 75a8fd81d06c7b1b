"""The report: claim beside measurement, as one page that needs no network, and as Markdown.

report/index.html    all claims of all lessons at one profile
report/claims.md     the same as tables

The lessons themselves are pages of the book (`make book`), to which the report leads where it was written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from labkit.errors import LabError
from labkit.folders import Folders
from labkit.ledger import record
from labkit.ledger.claims import Claim, number, read_claims
from labkit.ledger.verdicts import FAILS, HOLDS, UNDECIDED, Verdict
from labkit.notebooks import lesson_names, read_notebook
from labkit.paths import write_atomically
from labkit.profiles import PROFILES

STYLES = {HOLDS: "holds", FAILS: "fails", UNDECIDED: "open", None: "none"}
BADGES = {HOLDS: "✓ holds", FAILS: "✗ does not hold", UNDECIDED: "? undecided", None: "not judged"}


@dataclass(frozen=True)
class Row:
    """One claim on the page. recorded: the verdict that counts as known; elsewhere: what other profiles recorded."""

    claim: Claim
    verdict: Verdict | None
    recorded: str | None
    elsewhere: tuple[str, ...]

    @property
    def style(self) -> str:
        return STYLES[self.verdict and self.verdict.outcome]

    @property
    def badge(self) -> str:
        return BADGES[self.verdict and self.verdict.outcome]

    @property
    def contradicts(self) -> bool:
        return self.verdict is not None and record.contradicts(self.verdict.outcome, self.recorded)

    @property
    def names_reference(self) -> bool:
        return isinstance(self.verdict.rule.reference, str)

    @property
    def details(self) -> str:
        """What the value was counted on and by whom."""
        measured, rule = self.verdict.measured, self.verdict.rule
        seeds = measured.seeds or rule.seeds
        parts = [
            f"n = {measured.n:,}" if measured.n is not None else "",
            measured.split or "",
            f"judge {measured.judge}" if measured.judge else "",
            f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}" if seeds else "",
        ]
        return " · ".join(part for part in parts if part)


@dataclass(frozen=True)
class LessonSection:
    name: str
    title: str
    state: record.LessonState | None
    rows: list[Row]
    page: str | None = None
    figures: list[str] = field(default_factory=list)
    problem_title: str = ""
    problem: str = ""

    @property
    def counts(self) -> list[int]:
        outcomes = [row.verdict.outcome for row in self.rows if row.verdict]
        return [outcomes.count(outcome) for outcome in (HOLDS, FAILS, UNDECIDED)]


@dataclass(frozen=True)
class Page:
    profile: str
    lessons: list[LessonSection]
    environment: list[tuple[str, str]]

    @property
    def rows(self) -> list[Row]:
        return [row for lesson in self.lessons for row in lesson.rows]

    @property
    def counts(self) -> list[tuple[str, int, str]]:
        """(style, count, words) of each outcome; claims without a verdict last."""
        outcomes = [row.verdict and row.verdict.outcome for row in self.rows]
        words = {HOLDS: "hold", FAILS: "do not hold", UNDECIDED: "undecided", None: "not judged"}
        return [(STYLES[outcome], outcomes.count(outcome), words[outcome]) for outcome in words]

    @property
    def contradictions(self) -> list[Row]:
        return [row for row in self.rows if row.contradicts]

    @property
    def known(self) -> bool:
        return any(row.verdict and row.recorded for row in self.rows)


def build(profile: str = "lesson", folders: Folders = Folders()) -> Path:  # noqa: B008 (frozen)
    """Write the report of what was last run at `profile`; the path of its first page.

    Judges anew, from the measured values, with the claims as they are now.
    """
    from jinja2 import Environment, PackageLoader, select_autoescape

    if profile not in PROFILES:
        raise LabError(f"unknown profile '{profile}'; known are {', '.join(PROFILES)}.")
    templates = Environment(
        loader=PackageLoader("labkit.ledger.report"), autoescape=select_autoescape(["html"]), keep_trailing_newline=True
    )
    templates.filters["number"] = number
    templates.filters["cell"] = lambda text: str(text).replace("|", "\\|").replace("\n", " ")
    claims = read_claims(folders.lessons / "claims.yml")
    recorded = {name: record.read_recorded(folders.verdicts(name)) for name in PROFILES}
    sections = []
    for lesson in lesson_names(folders.lessons):
        sections.append(_section(lesson, profile, claims, recorded, folders))
    page = Page(profile, sections, _where([section.state.environment for section in sections if section.state]))
    style = templates.get_template("style.css").render()
    write_atomically(folders.report / "claims.md", templates.get_template("claims.md").render(page=page))
    index = folders.report / "index.html"
    write_atomically(index, templates.get_template("index.html").render(page=page, style=style))
    return index


def _section(
    lesson: str, profile: str, claims: Sequence[Claim], recorded: Mapping[str, dict], folders: Folders
) -> LessonSection:
    from labkit.ledger.report.headline import headline_figures, title

    folder = folders.lesson_run(profile, lesson)
    state = record.read_state(folder)
    stored = folders.notebooks / f"{lesson}.ipynb"
    name = title(read_notebook(stored), lesson) if stored.exists() else lesson
    made = [claim for claim in claims if claim.lesson == lesson]
    problem_title, problem, verdicts, figures = "", "", {}, []
    page = f"../{folders.book.name}/{lesson}.html" if (folders.book / f"{lesson}.html").exists() else None
    if state and state.error:
        problem_title, problem = "This lesson failed; its claims are not judged.", state.error
    elif state:
        figures = headline_figures(read_notebook(folder / "notebook.ipynb"))
        try:
            verdicts = {item.claim.id: item for item in record.lesson_verdicts(lesson, profile, claims, folders)}
        except LabError as error:
            problem_title, problem = (
                "The claims cannot be judged from what was measured; run the lesson again.",
                str(error),
            )
    rows = []
    for claim in made:
        known = {name: entry[lesson]["claims"].get(claim.id) for name, entry in recorded.items() if lesson in entry}
        here = known.pop(profile, None)
        others = tuple(
            f"{other}: {entry['verdict']}, {number(entry['measured'])} ({recorded[other][lesson]['date']})"
            for other, entry in known.items()
            if entry
        )
        rows.append(Row(claim, verdicts.get(claim.id), here and here["verdict"], others))
    return LessonSection(lesson, name, state, rows, page, figures, problem_title, problem)


def _where(environments: Sequence[Mapping]) -> list[tuple[str, str]]:
    """The environments of all lessons as lines; where they differ, each value once."""
    lines: dict[str, list[str]] = {}
    for environment in environments:
        flat = {key: value for key, value in environment.items() if key != "packages"} | environment["packages"]
        for name, value in flat.items():
            if value is not None and str(value) not in lines.setdefault(name, []):
                lines[name].append(str(value))
    return [(name, ", ".join(values)) for name, values in lines.items() if values]
