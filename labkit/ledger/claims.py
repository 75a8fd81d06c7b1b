"""The claims that the workbook makes about the papers, read from lessons/claims.yml and checked.

A rule is data, never code: which measure, compared how, with what, by what margin, over which seeds.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from labkit import paths
from labkit.errors import LabError
from labkit.profiles import PROFILES
from labkit.settings import from_mapping
from labkit.yamlfile import is_number, read_yaml

Kind = Literal["exact", "direction", "number", "cost"]
Comparison = Literal["greater", "less", "equals"]


def number(value: float) -> str:
    """A number for readers: counts in full, all else with four digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 and value == round(value) else f"{value:.4g}"


@dataclass(frozen=True)
class Source:
    """Where the claim is made.

    paper: authors and year; arxiv: the id, None for work that is not there; where: section, table, figure or equation.
    """

    paper: str
    where: str
    arxiv: str | None = None


@dataclass(frozen=True)
class Published:
    """The figure in print.

    provenance: `checked` in the paper itself, `secondary` (quoted elsewhere), or `unverified`.
    """

    value: str | float
    provenance: Literal["checked", "secondary", "unverified"]


@dataclass(frozen=True)
class Rule:
    """What decides a claim at one profile.

    measure:    the name of a measured value.
    comparison: `greater` and `less` ask for a distance of at least `margin`; `equals` allows at most `margin`.
    reference:  a number, or the name of another measure.
    margin:     set before the run. Of a direction it must be above 0: what lies inside is undecided.
    seeds:      the seeds that the measured value is the mean of.
    """

    measure: str
    comparison: Comparison
    reference: float | str
    margin: float
    seeds: tuple[int, ...] = ()

    def words(self) -> str:
        """The rule as a reader would say it."""
        reference = self.reference if isinstance(self.reference, str) else number(self.reference)
        if self.comparison == "equals":
            return f"{self.measure} = {reference}" + (f" ± {number(self.margin)}" if self.margin else " exactly")
        if self.margin == 0:
            return f"{self.measure} {'at least' if self.comparison == 'greater' else 'at most'} {reference}"
        side = "above" if self.comparison == "greater" else "below"
        return f"{self.measure} {side} {reference} by at least {number(self.margin)}"


@dataclass(frozen=True)
class Claim:
    """One claim.

    id:        lesson number, dot, a short name: `01.optimal-d`.
    lesson:    the lesson that measures it, `01_gan_minmax`.
    statement: one sentence in a student's words.
    kind:      exact (a theorem or a count), direction (A beats B, from trained runs), number (a published figure on
               real data), cost (FLOPs or bytes at paper size).
    rules:     profile → rule; a profile without a rule does not judge the claim.
    published: the figure in print, None where the paper gives none.
    note:      why it does not hold, or what differs from the paper.
    """

    id: str
    lesson: str
    statement: str
    kind: Kind
    source: Source
    rules: dict[str, Rule] = field(hash=False)
    published: Published | None = None
    note: str | None = None


def read_claims(path: Path | str | None = None) -> list[Claim]:
    """All claims, in the file's order. Raises LabError, naming the claim, for anything the schema does not allow."""
    path = path or paths.LESSONS / "claims.yml"
    entries = read_yaml(path) or []
    if not isinstance(entries, list):
        raise LabError(f"{path}: expected a list of claims, found {type(entries).__name__}.")
    claims = [_claim(entry, f"{path}, claim {number}") for number, entry in enumerate(entries, start=1)]
    seen = set()
    for claim in claims:
        if claim.id in seen:
            raise LabError(f"{path}: the claim id '{claim.id}' stands twice; each claim needs its own.")
        seen.add(claim.id)
    return claims


def _claim(entry: Mapping, where: str) -> Claim:
    if isinstance(entry, Mapping):
        where = f"{where} ({entry['id']})" if "id" in entry else where
        # Part by part first: a dataclass inside the claim would ignore an unknown key.
        for name, part in (("source", Source), ("published", Published)):
            if entry.get(name) is not None:
                from_mapping(part, entry[name], f"{where}, {name}")
        if isinstance(entry.get("rules"), Mapping):
            for profile, rule in entry["rules"].items():
                from_mapping(Rule, rule, f"{where}, rule at {profile}")
    claim = from_mapping(Claim, entry, where)
    _check(claim, where)
    return claim


def _check(claim: Claim, where: str) -> None:
    number, dot, name = claim.id.partition(".")
    if not (dot and name and claim.lesson.split("_")[0] == number):
        raise LabError(f"{where}: the id must be the number of its lesson, a dot and a name, as in '01.optimal-d'.")
    if not claim.rules:
        raise LabError(f"{where}: needs a rule for at least one profile.")
    if claim.kind == "exact" and "smoke" not in claim.rules:
        raise LabError(f"{where}: an exact claim holds at every scale, so it needs a rule at 'smoke' too.")
    for profile, rule in claim.rules.items():
        here = f"{where}, rule at {profile}"
        if profile not in PROFILES:
            raise LabError(f"{here}: unknown profile; known are {', '.join(PROFILES)}.")
        if not (math.isfinite(rule.margin) and rule.margin >= 0):
            raise LabError(f"{here}: the margin must be a number of at least 0.")
        if isinstance(rule.reference, float) and not math.isfinite(rule.reference):
            raise LabError(f"{here}: the reference must be a finite number or the name of a measure.")
        if isinstance(rule.reference, str) and is_number(rule.reference):
            raise LabError(f"{here}: the reference '{rule.reference}' is text; write the number as 0.001, not as 1e-3.")
        if claim.kind == "direction":
            if rule.comparison == "equals":
                raise LabError(f"{here}: a direction is 'greater' or 'less'.")
            if rule.margin == 0:
                raise LabError(f"{here}: a direction needs a margin above 0, set before the run.")
        if claim.kind in ("direction", "number") and not rule.seeds:
            raise LabError(f"{here}: state the seeds that the measured value is the mean of.")
