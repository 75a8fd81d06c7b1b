"""What can be measured of a finished run, by name: used by `evaluate`, by studies, and by lessons.

Each module answers one question and ends with its `MEASURES`; this one knows them all, and none of them knows this one.
A new measure is a function of a run in the module of its question, named there in `MEASURES`.
"""

import json
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path

from labkit.errors import LabError
from labkit.evaluation import (
    adaptation,
    attributes,
    cost,
    few_shot,
    figure_and_ground,
    labels,
    looks,
    meaning,
    patches,
    photographs,
    representations,
    truth,
    variety,
    way_home,
)
from labkit.evaluation.base import Measure, translate_all, translated
from labkit.judges.training import PLANS
from labkit.metrics import Measurement
from labkit.paths import write_atomically
from labkit.runs.run import Run
from labkit.systems.base import Translator

__all__ = ["MEASURES", "fitting", "measure", "record", "translate_all", "translated"]

QUESTIONS = (
    looks,
    photographs,
    labels,
    truth,
    attributes,
    figure_and_ground,
    patches,
    way_home,
    adaptation,
    variety,
    meaning,
    few_shot,
    representations,
    cost,
)
MEASURES: dict[str, Measure] = {name: measure for module in QUESTIONS for name, measure in module.MEASURES.items()}


def fitting(run: Run) -> list[str]:
    """The measures that the run's system and data allow."""
    if not isinstance(run.system, Translator):
        return []
    if run.spec.system == "funit":
        return ["top1_all_k1", "top5_test_k1", "class_distance_k1", "dipd_k1"]
    test = run.dataset.test
    if attributes.changes(run) or not {"A", "B"} <= test.keys():  # many attributes, or many domains
        return attributes.fitting(run)
    judged = test["A"].labels is not None and test["B"].name in PLANS
    names = ["label_accuracy", "matched_label_accuracy", "feature_distance"] if judged else []
    if min(len(test["A"]), len(test["B"])) > 1:
        names += ["appearance_distance", "appearance_distance_copy"]
    if ("A", "B") in run.dataset.truth:
        names.append("truth_error")
    return names + photographs.fitting(run) + attributes.fitting(run)


def measure(run: Run, names: list[str] | None = None) -> dict[str, Measurement]:
    """Measure by name; by default all that fit.

    Raises LabError for a name that is none, or where nothing fits.
    """
    names = fitting(run) if names is None else names
    if not names:
        raise LabError(
            f"{run.folder}: its data allow no measure (labels, a hidden truth, or two test images a domain)."
        )
    for name in names:
        if name not in MEASURES:
            close = get_close_matches(name, MEASURES, n=1)
            hint = f"did you mean '{close[0]}'?" if close else "they are listed in labkit/evaluation."
            raise LabError(f"There is no measure '{name}'; {hint}")
    return {name: MEASURES[name](run) for name in names}


def record(run: Run, results: dict[str, Measurement]) -> Path:
    """Write the results beside the run, as metrics.json; returns the file."""
    path = run.folder / "metrics.json"
    write_atomically(path, json.dumps({name: asdict(m) for name, m in results.items()}, indent=1) + "\n")
    return path
