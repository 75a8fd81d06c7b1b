"""The pages of the book that are no lesson: the front, the claims, the networks, the diagrams, the map, the README."""

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from labkit.folders import Folders
from labkit.ledger.claims import Claim, number
from labkit.ledger.record import read_recorded
from labkit.ledger.verdicts import FAILS, HOLDS, UNDECIDED
from labkit.networks import store
from labkit.notebooks import title_of

SIGNS = {HOLDS: "✓ holds", FAILS: "✗ does not hold", UNDECIDED: "? undecided"}
FRONT = """\
Two collections of pictures, and nobody tells which belongs to which. Can a network learn to turn the one kind into the
other? These lessons teach how, from the min-max game of the GAN to few-shot translation, and **check what the papers
claim**. Every picture below came out of a network that was trained here."""
VERDICTS = """\
Each rule was written down before its run. *Holds*, *does not hold*, or *undecided*: the sign is right, but the effect
is smaller than the margin asked for."""
PROFILES = ("lesson", "study", "full")  # where verdicts are recorded


def opening_of(lesson: str) -> str:
    """The first sentences of a lesson's text: the paragraph that follows the table below its title."""
    _, _, body = lesson.partition("\n# ")
    paragraphs = (part.strip() for part in body.split("\n\n")[1:])
    return " ".join(next(part for part in paragraphs if part and part[0] not in "|`<#").split())


def front_page(lessons: Mapping[str, str], pictures: Mapping[str, bytes]) -> str:
    """The gallery: one row a lesson, with its picture and how it begins; then what else there is.

    lessons: name -> text. pictures: name -> PNG, laid into `pictures/`.
    """
    lines = [
        "# Unpaired image-to-image translation: a workbook",
        "",
        FRONT,
        "",
    ]
    for lesson, text in lessons.items():
        picture = f"![{title_of(text)}: its first result](pictures/{lesson}.png)" if lesson in pictures else ""
        lines += [f"## [{title_of(text)}]({lesson}.ipynb)", "", opening_of(text), "", picture, ""]
    chapters = "\n".join(lessons)
    lines += [
        *_toctree("Lessons", chapters),
        *_toctree("中文", "\n".join(f"zh/{lesson}" for lesson in lessons)),
        *_toctree("Look up", "glossary\nclaims\nnetworks/index\ndiagrams\nmap\nbibliography"),
        *_toctree("Use", "Commands <readme>\nTEACHING\nCONTRIBUTING\napi/index"),
    ]
    return "\n".join(lines)


def _toctree(caption: str, entries: str) -> list[str]:
    return ["```{toctree}", ":hidden:", f":caption: {caption}", "", entries, "```", ""]


def claims_page(
    lessons: Mapping[str, str], claims: Sequence[Claim], papers: Mapping[str, str], folders: Folders
) -> str:
    """All claims with what was recorded of them, by lesson.

    lessons: name -> text. papers: arXiv number -> key in the bibliography.
    """
    recorded = {profile: read_recorded(folders.verdicts(profile)) for profile in PROFILES}
    lines = [
        "# What the papers claim, and what we measured",
        "",
        VERDICTS,
        "",
    ]
    for lesson, text in lessons.items():
        lines += [
            f"## [{title_of(text)}]({lesson}.ipynb)",
            "",
            "| claim | verdict | measured, and the rule |",
            "|---|---|---|",
        ]
        for claim in claims:
            if claim.lesson == lesson:
                entries = [(p, r[lesson]["claims"].get(claim.id)) for p, r in recorded.items() if lesson in r]
                lines.append(_claim_row(claim, [(p, entry) for p, entry in entries if entry], papers))
        lines.append("")
    return "\n".join(lines)


def _claim_row(claim: Claim, entries: Sequence[tuple[str, dict]], papers: Mapping[str, str]) -> str:
    source = f"{claim.source.paper}, {claim.source.where}"
    if claim.source.arxiv in papers:
        source += f" {{cite}}`{papers[claim.source.arxiv]}`"
    if claim.published:
        source += f"; in print: {claim.published.value} ({claim.published.provenance})"
    verdicts = "<br>".join(f"{SIGNS[entry['verdict']]} ({profile})" for profile, entry in entries)
    values = [f"{number(entry['measured'])}<br>rule: `{entry['rule']}`" for _, entry in entries]
    rule = next(iter(claim.rules.values())).words()
    name = f'<a id="{claim.id}"></a>{claim.statement}<br>`{claim.id}` · {source}'
    cells = name, verdicts or "not recorded yet", "<br>".join(dict.fromkeys(values)) or f"`{rule}`"
    return "| " + " | ".join(_cell(text) for text in cells) + " |"


def _cell(text: str) -> str:
    return " ".join(str(text).replace("|", "\\|").split())


def network_pages(folders: Folders) -> dict[str, str | bytes]:
    """Path below `networks/` -> content: the card of each recorded network with its pictures, and a list of them."""
    pages: dict[str, str | bytes] = {}
    rows = ["| network | system | data | steps |", "|---|---|---|--:|"]
    names = []
    for name, entry in store.index().items():
        folder = folders.results / "networks" / name
        if not (folder / "README.md").exists():
            continue
        page = name.replace("/", "-")
        text = (folder / "README.md").read_text(encoding="utf8").replace("](../../LICENSE.md)", "](LICENSE.md)")
        for picture in re.findall(r"\]\((\w[\w.-]*\.(?:png|jpg))\)", text):
            pages[f"{page}-{picture}"] = (folder / picture).read_bytes()
            text = text.replace(f"]({picture})", f"]({page}-{picture})")
        pages[f"{page}.md"] = text
        names.append(page)
        rows.append(f"| [{name}]({page}.md) | `{entry['system']}` | `{entry['data']}` | {entry['steps']:,} |")
    pages["LICENSE.md"] = (folders.results / "networks" / "LICENSE.md").read_text(encoding="utf8")
    intro = "Lessons train for a minute, then open the same run, many times longer. Each of these networks has a card."
    listing = [
        "# Recorded networks",
        "",
        intro,
        "",
        *rows,
        "",
        "```{toctree}",
        ":hidden:",
        "",
        *names,
        "LICENSE",
        "```",
    ]
    pages["index.md"] = "\n".join(listing)
    return pages


def diagrams_page() -> tuple[str, dict[str, bytes]]:
    """All drawn diagrams below each other, and their pictures: file name -> PNG, to be laid into `diagrams/`."""
    from labkit.views import style
    from labkit.views.diagrams import DIAGRAMS, diagram

    lines = ["# All systems in one style", "", "Networks, what they feed, and where each loss sits.", ""]
    pictures = {}
    for name in DIAGRAMS:
        figure = diagram(name)
        pictures[f"{name}.png"] = style.png(figure)
        alt = " ".join(str(figure.get_label()).split())
        lines += [f"## {name}", "", f":::{{image}} diagrams/{name}.png", f":alt: {alt}", ":::", ""]
    return "\n".join(lines), pictures


def map_page() -> str:
    """The map of the notes as a drawing whose boxes lead to their lessons."""
    from labkit.views.notes_map import notes_map

    drawing = io.StringIO()
    notes_map().savefig(drawing, format="svg", bbox_inches="tight", metadata={"Date": None})
    svg = drawing.getvalue()[drawing.getvalue().index("<svg") :]
    lines = [
        "# The map of the notes",
        "",
        "Two approaches, by how far the two domains lie apart. A box leads to its lesson.",
        "",
    ]
    return "\n".join(
        [
            *lines,
            "```{raw} html",
            f'<div class="drawing" role="img" aria-label="map of the lessons">{svg}</div>',
            "```",
            "",
        ]
    )


def readme_page(readme: str) -> tuple[str, list[str]]:
    """The README as a page, and the pictures that it shows (paths from the README's folder)."""
    text = re.sub(r'<img src="(docs/[^"]+)" width="\d+" alt="">', r"![its first result](\1)", readme)
    text = re.sub(r"\]\(notebooks/(\w+)\.ipynb", r"](\1.ipynb", text)
    text = re.sub(r"<!--.*?-->\n", "", text)
    return text, re.findall(r"\]\((docs/[^)]+)\)", text)


def read_papers(bibliography: Path) -> dict[str, str]:
    """arXiv number -> key of the entry, of a BibTeX file."""
    entries = re.findall(r"@\w+\{(\S+?),.*?eprint = \{([\d.]+)\}", bibliography.read_text(encoding="utf8"), re.S)
    return {eprint: key for key, eprint in entries}
