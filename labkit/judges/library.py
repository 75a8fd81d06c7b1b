"""Judges by name or by plan: the committed one, or one that is trained when it is first asked for, and kept."""

import json
from pathlib import Path

from filelock import FileLock

from labkit.errors import LabError
from labkit.judges.judge import FROZEN, Judge, open_judge
from labkit.judges.training import PLANS, Plan, train
from labkit.paths import cache_dir


def load(name: str) -> Judge:
    """The frozen judge `name`: "optdigits" or "glyph_digits" (committed), "mnist" or "usps".

    The last two are trained when they are first asked for, from LABKIT_DATA, and kept in the cache (minutes on a CPU).
    Raises LabError for an unknown name, missing data, or weights whose sha256 is not the recorded one.
    """
    if name not in PLANS:
        raise LabError(f"there is no judge '{name}'; there are {', '.join(PLANS)}.")
    if (FROZEN / f"{name}.json").is_file():
        return open_judge(FROZEN / f"{name}.json")
    return cached(name, PLANS[name])


def cached(name: str, plan: Plan) -> Judge:
    """The judge of a plan, trained when it is first asked for and kept in the cache under `name`.

    Where a judge of that name and plan is committed, it is that one.
    """
    if _is_of(FROZEN / f"{name}.json", plan):
        return open_judge(FROZEN / f"{name}.json")
    record = cache_dir() / "judges" / f"{name}.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(record.with_suffix(".lock")):  # notebooks that run side by side train it once
        if not _is_of(record, plan):
            train(name, record.parent, plan)
        return open_judge(record)


def _is_of(record: Path, plan: Plan) -> bool:
    return record.is_file() and json.loads(record.read_text())["plan"] == plan.as_dict()
