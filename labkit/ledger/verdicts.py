"""Measured values and rules become verdicts.

`judge` is the last step of every lesson. The same judging runs again, from the measured values that the lesson left,
when the report is built: a changed rule needs no new run.
"""

import html
import json
import math
import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from labkit.errors import LabError
from labkit.ledger.claims import Claim, Rule, number, read_claims
from labkit.paths import write_atomically

HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "undecided"
Outcome = Literal["holds", "does not hold", "undecided"]
DISTANCES = ("KID", "FID", "Fréchet distance")  # what their names begin with: each has its unit from its features


@dataclass(frozen=True)
class Measured:
    """One measured value as the ledger keeps it.

    value:  the mean over `values` where there are several seeds.
    values: one value a seed; empty where the value is a single one.
    spread: the standard deviation over the seeds, or the one the measurement came with; None where there is none.
    n:      what was counted (images, points), `split` where from, `judge` by which classifier or in whose features;
            None where it has none. name: what a Measurement calls itself.
    """

    value: float
    values: tuple[float, ...] = ()
    spread: float | None = None
    n: int | None = None
    split: str | None = None
    judge: str | None = None
    seeds: tuple[int, ...] = ()
    name: str | None = None

    def text(self) -> str:
        spread = f" ± {self.spread:.2g}" if self.spread is not None else ""
        return f"{number(self.value)}{spread}"


@dataclass(frozen=True)
class Verdict:
    """What became of one claim: the outcome, the measured value, and the number that it was compared with."""

    claim: Claim
    rule: Rule
    outcome: Outcome
    measured: Measured
    reference: float


class Verdicts:
    """The verdicts of one lesson at one profile, in the order of claims.yml."""

    def __init__(self, lesson: str, profile: str, items: Sequence[Verdict]):
        self.lesson, self.profile, self.items = lesson, profile, tuple(items)

    def __iter__(self):
        return iter(self.items)

    def __len__(self):
        return len(self.items)

    def verdicts(self) -> str:
        """Plain text, one line a claim: id, verdict, statement; no measured digit, so that two runs are equal."""
        if not self.items:
            return f"No claims of {self.lesson} are judged at profile '{self.profile}'."
        width = max(len(item.claim.id) for item in self.items)
        rows = (f"{item.claim.id:{width}} | {item.outcome:13} | {item.claim.statement}" for item in self.items)
        return "\n".join(rows)

    def table(self) -> "VerdictTable":
        """The measured values beside what is published, as HTML. Digits vary: tag the cell `nbval-ignore-output`."""
        return VerdictTable(self)


class VerdictTable:
    """Shows itself in a notebook; its plain text is a summary without digits."""

    def __init__(self, verdicts: Verdicts):
        self.verdicts = verdicts

    def __repr__(self):
        return f"{len(self.verdicts)} claims of {self.verdicts.lesson} at profile '{self.verdicts.profile}'"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ("claim", "published", "measured", "n", "rule", "verdict"))
        rows = "".join(_html_row(item) for item in self.verdicts)
        return f'<table style="text-align:left"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def judge(lesson: str, profile: str, measures: Mapping[str, Any], claims_path: Path | str | None = None) -> Verdicts:
    """Judge the claims of `lesson` that have a rule at `profile`, and leave the measured values for the report.

    measures: name → a number, a `labkit.metrics.Measurement`, or a list of either with one item a seed.
    The measured values go to the file that `LABKIT_LEDGER` names, where it is set.
    Raises LabError for a measure that is missing or not finite, or whose seeds are not those of the rule, and for
    distances that were measured in different features: they cannot be compared.
    """
    measured = {name: _measured(name, value) for name, value in measures.items()}
    verdicts = judge_measured(lesson, profile, measured, read_claims(claims_path))
    target = os.environ.get("LABKIT_LEDGER")
    if target:
        write_atomically(Path(target), to_json(lesson, profile, measured))
    return verdicts


def judge_measured(lesson: str, profile: str, measured: Mapping[str, Measured], claims: Sequence[Claim]) -> Verdicts:
    """As `judge`, from values that were measured before."""
    judged = [claim for claim in claims if claim.lesson == lesson and profile in claim.rules]
    return Verdicts(lesson, profile, [_verdict(claim, claim.rules[profile], measured) for claim in judged])


def to_json(lesson: str, profile: str, measured: Mapping[str, Measured]) -> str:
    content = {"lesson": lesson, "profile": profile, "measured": {k: asdict(v) for k, v in measured.items()}}
    return json.dumps(content, indent=1) + "\n"


def from_json(text: str) -> dict[str, Measured]:
    """The measured values of a lesson from what `judge` left."""
    tuples = ("values", "seeds")
    return {
        name: Measured(**{key: tuple(item) if key in tuples else item for key, item in entry.items()})
        for name, entry in json.loads(text)["measured"].items()
    }


def decide(comparison: str, value: float, reference: float, margin: float) -> Outcome:
    """The rule of all rules.

    greater, less: holds from a signed distance of `margin` on; does not hold at 0 or on the wrong side; between them,
    where the sign is right and the distance smaller than was asked for, undecided. equals: holds within `margin`.
    """
    if comparison == "equals":
        return HOLDS if abs(value - reference) <= margin else FAILS
    distance = value - reference if comparison == "greater" else reference - value
    if distance >= margin:
        return HOLDS
    return UNDECIDED if distance > 0 else FAILS


def _verdict(claim: Claim, rule: Rule, measured: Mapping[str, Measured]) -> Verdict:
    value = _look_up(claim, rule.measure, rule, measured)
    reference = rule.reference
    if isinstance(reference, str):
        other = _look_up(claim, reference, rule, measured)
        _demand_one_space(f"claim {claim.id}", [value, other])
        reference = other.value
    return Verdict(claim, rule, decide(rule.comparison, value.value, reference, rule.margin), value, reference)


def _look_up(claim: Claim, name: str, rule: Rule, measured: Mapping[str, Measured]) -> Measured:
    if name not in measured:
        known = ", ".join(sorted(measured)) or "nothing"
        raise LabError(f"claim {claim.id}: the lesson does not measure '{name}' (it measures {known}).")
    value = measured[name]
    if value.values and rule.seeds and len(value.values) != len(rule.seeds):
        raise LabError(
            f"claim {claim.id}: '{name}' was measured over {len(value.values)} seeds, its rule states "
            f"{len(rule.seeds)}."
        )
    if value.seeds and rule.seeds and set(value.seeds) != set(rule.seeds):
        raise LabError(
            f"claim {claim.id}: '{name}' was measured with seeds {sorted(value.seeds)}, its rule states "
            f"{sorted(rule.seeds)}."
        )
    if name == rule.measure and len(rule.seeds) > 1 and not value.values and value.spread is None:
        raise LabError(f"claim {claim.id}: the rule states {len(rule.seeds)} seeds, '{name}' is a single value.")
    return value


def _demand_one_space(where: str, items: Sequence[Measured]) -> None:
    """Raise LabError where distances come from the features of more than one judge."""
    spaces = {item.judge for item in items if item.name and item.name.startswith(DISTANCES)}
    if len(spaces) > 1:
        names = " and ".join(sorted(map(str, spaces)))
        raise LabError(f"{where}: distances in the features of {names} cannot be compared.")


def _measured(name: str, value: Any) -> Measured:
    """From a number, a Measurement, or a list of either."""
    if isinstance(value, list | tuple):
        if not value:
            raise LabError(f"measure '{name}' is an empty list.")
        each = [_measured(name, item) for item in value]
        values = tuple(item.value for item in each)
        spread = statistics.stdev(values) if len(values) > 1 else None
        first = each[0]
        _demand_one_space(f"measure '{name}'", each)
        seeds = tuple(seed for item in each for seed in item.seeds)
        return Measured(statistics.fmean(values), values, spread, first.n, first.split, first.judge, seeds, first.name)
    if hasattr(value, "value"):  # labkit.metrics.Measurement, not imported: a ledger needs no torch
        seeds = () if value.seed is None else (int(value.seed),)
        spread = None if value.spread is None else float(value.spread)
        return Measured(_finite(name, value.value), (), spread, value.n, value.split, value.judge, seeds, value.name)
    return Measured(_finite(name, value))


def _finite(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise LabError(f"measure '{name}' is {value!r}, which is not a number.") from None
    if not math.isfinite(number):
        raise LabError(f"measure '{name}' is {number}: it cannot be judged; look for the first step that diverged.")
    return number


def _html_row(item: Verdict) -> str:
    published = item.claim.published
    in_print = f"{published.value} ({published.provenance})" if published else "–"
    compared = f"{item.rule.words()}"
    if isinstance(item.rule.reference, str):
        compared += f" ({number(item.reference)})"
    count = "–" if item.measured.n is None else f"{item.measured.n:,}"
    title = f"<b>{html.escape(item.claim.id)}</b><br>{html.escape(item.claim.statement)}"
    plain = (in_print, item.measured.text(), count, compared, item.outcome)
    return f"<tr><td>{title}</td>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in plain) + "</tr>"
