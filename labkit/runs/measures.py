"""What can be measured of a finished run, by name: used by `evaluate`, by studies, and by lessons.

Every measure looks at test images only. It needs something of the run's data (labels with a judge, the hidden truth, two
domains); `fitting` says which measures a run can have.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from labkit import judges, metrics
from labkit.errors import LabError
from labkit.judges.training import PLANS
from labkit.metrics import Measurement
from labkit.metrics.appearance import appearance_features
from labkit.paths import write_atomically
from labkit.runs.run import Run
from labkit.systems.base import Translator
from labkit.train.seeding import seeded

AT_ONCE = 64  # images translated in one pass


def translated(run: Run, src: str = "A", dst: str = "B") -> Tensor:
    """All test images of `src` translated to `dst`: (N, C, H, W). What the system draws depends on the run's seed."""
    return translate_all(run.system, run.dataset.test[src].images, src, dst, run.spec.seed)


@torch.no_grad()
def translate_all(system: Translator, images: Tensor, src: str = "A", dst: str = "B", seed: int = 0) -> Tensor:
    """Images (N, C, H, W) of `src` translated to `dst`, a few at a time, in evaluation mode and without gradients."""
    training = system.training
    system.eval()
    with seeded(seed, "translate"):
        result = torch.cat([system.translate(part, src, dst) for part in images.split(AT_ONCE)])
    system.train(training)
    return result


def label_accuracy(run: Run) -> Measurement:
    """Of the translations A → B, the share in which the judge of B sees the label of the source."""
    labels = run.dataset.test["A"].labels
    return metrics.label_accuracy(translated(run), labels, _judge(run), seed=run.spec.seed)


def matched_label_accuracy(run: Run) -> Measurement:
    """The same after the best renaming of the classes: high, where a consistent permutation was learnt."""
    labels = run.dataset.test["A"].labels
    return metrics.matched_label_accuracy(translated(run), labels, _judge(run), seed=run.spec.seed)


def feature_distance(run: Run) -> Measurement:
    """Fréchet distance between translations A → B and real images of B, in features of B's judge."""
    judge = _judge(run)
    fake, real = judge.embed(translated(run)), judge.embed(run.dataset.test["B"].images)
    return metrics.frechet_distance(fake, real, judge=judge.name, seed=run.spec.seed)


def appearance_distance(run: Run) -> Measurement:
    """Fréchet distance between translations A → B and real images of B, in colour and texture statistics."""
    fake, real = (appearance_features(x) for x in (translated(run), run.dataset.test["B"].images))
    return metrics.frechet_distance(fake, real, judge="appearance", seed=run.spec.seed)


def appearance_distance_copy(run: Run) -> Measurement:
    """The same for images of A as they are: what a translator that does nothing would score."""
    copy, real = (appearance_features(run.dataset.test[key].images) for key in "AB")
    return metrics.frechet_distance(copy, real, judge="appearance", seed=run.spec.seed)


def truth_error(run: Run) -> Measurement:
    """Mean absolute difference, in [0, 2], of translations A → B from their hidden true partners."""
    return metrics.pixel_error(translated(run), run.dataset.truth["A", "B"], seed=run.spec.seed)


def cycle_error(run: Run) -> Measurement:
    """Mean absolute difference, in [0, 2], of images of A from their round trip A → B → A."""
    source = run.dataset.test["A"].images
    back = translate_all(run.system, translated(run), "B", "A", run.spec.seed)
    return metrics.pixel_error(back, source, seed=run.spec.seed)


MEASURES: dict[str, Callable[[Run], Measurement]] = {
    function.__name__: function
    for function in (
        label_accuracy,
        matched_label_accuracy,
        feature_distance,
        appearance_distance,
        appearance_distance_copy,
        truth_error,
        cycle_error,
    )
}


def fitting(run: Run) -> list[str]:
    """The measures that the run's system and data allow."""
    if not isinstance(run.system, Translator):
        return []
    test = run.dataset.test
    judged = test["A"].labels is not None and test["B"].name in PLANS
    names = ["label_accuracy", "matched_label_accuracy", "feature_distance"] if judged else []
    if min(len(test["A"]), len(test["B"])) > 1:
        names += ["appearance_distance", "appearance_distance_copy"]
    if ("A", "B") in run.dataset.truth:
        names.append("truth_error")
    return names


def measure(run: Run, names: list[str] | None = None) -> dict[str, Measurement]:
    """Measure by name; by default all that fit. Raises LabError for a name that is none, or that the data cannot serve."""
    names = fitting(run) if names is None else names
    if not names:
        raise LabError(f"{run.folder}: its data allow no measure (labels, a hidden truth, or two test images a domain).")
    for name in names:
        if name not in MEASURES:
            raise LabError(f"There is no measure '{name}'; there are {', '.join(MEASURES)}.")
    return {name: MEASURES[name](run) for name in names}


def record(run: Run, results: dict[str, Measurement]) -> Path:
    """Write the results beside the run, as metrics.json; returns the file."""
    path = run.folder / "metrics.json"
    write_atomically(path, json.dumps({name: asdict(m) for name, m in results.items()}, indent=1) + "\n")
    return path


def _judge(run: Run) -> judges.Judge:
    return judges.load(run.dataset.test["B"].name)
