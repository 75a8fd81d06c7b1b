"""What the runner left of each lesson, and the verdicts that count as known.

runs/reproduce/<profile>/<lesson>/   notebook.ipynb (executed), measured.json (from `judge`), state.json (below)
results/<profile>/verdicts.json      lesson → date, seconds, environment, and for each claim its verdict and figures
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from labkit.errors import LabError
from labkit.folders import Folders
from labkit.ledger.claims import Claim
from labkit.ledger.verdicts import UNDECIDED, Verdict, Verdicts, from_json, judge_measured
from labkit.paths import write_atomically


@dataclass(frozen=True)
class LessonState:
    """How the last run of a lesson ended.

    stamp:       fingerprint of all that its result depends on.
    environment: of the machine that ran it (`labkit.environment`).
    error:       what stopped it, None where it ran to its end.
    """

    stamp: str
    date: str
    seconds: float
    environment: dict
    error: str | None = None


def read_state(folder: Path) -> LessonState | None:
    """The state that a run left in `folder`; None where none ended there."""
    try:
        return LessonState(**json.loads((folder / "state.json").read_text()))
    except (OSError, ValueError, TypeError):  # never run, or a file from another version: run again
        return None


def write_state(folder: Path, state: LessonState) -> None:
    write_atomically(folder / "state.json", json.dumps(asdict(state), indent=1) + "\n")


def lesson_verdicts(lesson: str, profile: str, claims: Sequence[Claim], folders: Folders) -> Verdicts:
    """Judge, with the claims as they are now, what the last run of the lesson measured.

    Raises LabError where the lesson left no values though it has claims, or lacks one that a rule now asks for.
    """
    path = folders.lesson_run(profile, lesson) / "measured.json"
    try:
        text = path.read_text()
        measured, judged = from_json(text), json.loads(text)
        if (judged["lesson"], judged["profile"]) != (lesson, profile):
            raise LabError(f"{lesson} judged the claims of {judged['lesson']} at profile '{judged['profile']}'.")
    except FileNotFoundError:
        if any(claim.lesson == lesson and profile in claim.rules for claim in claims):
            raise LabError(f"{lesson} has claims at profile '{profile}' but did not call `judge`.") from None
        measured = {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LabError(f"{path}: cannot be read ({error}); run `reproduce --force` for this lesson.") from None
    return judge_measured(lesson, profile, measured, claims)


def read_recorded(path: Path) -> dict[str, dict]:
    """lesson → what was recorded of it; empty where nothing was recorded yet."""
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text())
        recorded_verdicts(content)  # looks at every entry, so that a broken file is told here
        return content
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LabError(f"{path}: not a record of verdicts ({error!r}); restore it with git.") from None


def recorded_verdicts(recorded: Mapping[str, dict]) -> dict[str, str]:
    """claim id → recorded verdict."""
    return {name: claim["verdict"] for entry in recorded.values() for name, claim in entry["claims"].items()}


def write_recorded(path: Path, judged: Mapping[str, tuple[LessonState, Verdicts]]) -> None:
    """Record the verdicts of `judged` (lesson → its state and verdicts); the other lessons keep what they had."""
    recorded = read_recorded(path)
    for lesson, (state, verdicts) in judged.items():
        claims = {item.claim.id: _entry(item) for item in verdicts}
        recorded[lesson] = {
            "date": state.date,
            "seconds": round(state.seconds),
            "environment": state.environment,
            "claims": claims,
        }
    content = {lesson: recorded[lesson] for lesson in sorted(recorded)}
    write_atomically(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def contradicts(outcome: str, recorded: str | None) -> bool:
    """Whether a verdict turned round. What is undecided, then or now, contradicts nothing."""
    return recorded is not None and UNDECIDED not in (outcome, recorded) and outcome != recorded


def _entry(item: Verdict) -> dict:
    return {
        "verdict": item.outcome,
        "measured": item.measured.value,
        "spread": item.measured.spread,
        "n": item.measured.n,
        "reference": item.reference,
        "rule": item.rule.words(),
    }
