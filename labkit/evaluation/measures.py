"""What can be measured of a finished run, by name: used by `evaluate`, by studies, and by lessons.

Every measure looks at test images only. It needs something of the run's data (labels with a judge, the hidden truth,
two domains); `fitting` says which measures a run can have.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from inspect import signature
from pathlib import Path

import torch
from torch import Tensor

from labkit import judges, metrics
from labkit.data.augment import AUGMENTATIONS, random_view
from labkit.data.recipes.toy import ring, ring_centres
from labkit.errors import LabError
from labkit.judges.training import PLANS
from labkit.losses.contrastive import alignment, uniformity
from labkit.metrics import Measurement
from labkit.metrics.appearance import appearance_features
from labkit.nets.encoders import features_of
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


def generated_distance(run: Run) -> Measurement:
    """Fréchet distance between 1,000 samples of a GAN and the real test images, in features of their judge."""
    real = run.dataset.test["real"]
    judge = judges.load(real.name)
    fake, features = judge.embed(run.system.sample(1000)), judge.embed(real.images)
    return metrics.frechet_distance(fake, features, judge=judge.name, seed=run.spec.seed)


def modes_covered(run: Run) -> Measurement:
    """How many modes of a ring of Gaussians hold 50 or more of a GAN's 2,000 samples: a fifth of their share."""
    centres, std = _ring(run)
    return metrics.modes_covered(run.system.sample(2000), centres, std, least=50, seed=run.spec.seed)


def mode_divergence(run: Run) -> Measurement:
    """How unevenly a GAN's 2,000 samples spread over the modes of a ring of Gaussians, in nats."""
    centres, _ = _ring(run)
    return metrics.mode_divergence(run.system.sample(2000), centres, seed=run.spec.seed)


def few_label_accuracy(run: Run) -> Measurement:
    """Test accuracy of a linear probe on frozen features, with one label a class."""
    return metrics.linear_probe(*_features(run, "labels"), per_class=1, seed=run.spec.seed)


def many_label_accuracy(run: Run) -> Measurement:
    """Test accuracy of a linear probe on frozen features, with all labels."""
    return metrics.linear_probe(*_features(run, "labels"), seed=run.spec.seed)


def pixels_explained(run: Run) -> Measurement:
    """The share of the pixels' variance that is a linear function of frozen features."""
    return metrics.linear_reconstruction(*_features(run, "images"), seed=run.spec.seed)


def _features(run: Run, what: str) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Frozen features beside labels or images, of the training and of the test images."""
    parts = (run.dataset.train["real"], run.dataset.test["real"])
    return tuple((features_of(run.system.encoder, part.images), getattr(part, what)) for part in parts)


def score_gap(run: Run) -> Measurement:
    """Mean cosine similarity of two views of one test image minus that of views of two."""
    scores = metrics.pair_scores(*projected_views(run), run.dataset.test["real"].labels)
    return Measurement("score gap", scores.gap, len(scores.positive), seed=run.spec.seed)


def view_alignment(run: Run) -> Measurement:
    """Mean squared distance between the projections of two views of one test image."""
    views = projected_views(run)
    return Measurement("alignment", alignment(*views).item(), len(views[0]), seed=run.spec.seed)


def view_uniformity(run: Run) -> Measurement:
    """How evenly the projections of the test images' views cover the sphere; lower is more even."""
    view, _ = projected_views(run)
    return Measurement("uniformity", uniformity(view).item(), len(view), seed=run.spec.seed)


def projected_views(run: Run) -> tuple[Tensor, Tensor]:
    """Two random views of every test image as the run's loss sees them: unit vectors (N, dim), the same every time."""
    images, augmentation = run.dataset.test["real"].images, AUGMENTATIONS[run.system.settings.augmentation]
    with seeded("views"):
        views = [random_view(images, augmentation) for _ in range(2)]
    return tuple(features_of(run.system.projector(), view) for view in views)


def _ring(run: Run) -> tuple[Tensor, float]:
    """Centres and standard deviation of the modes, as the run's data settings (or the recipe's defaults) have them."""
    known = {name: p.default for name, p in signature(ring).parameters.items()} | run.spec.data_settings
    return ring_centres(known["modes"], known["radius"]), known["std"]


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
        generated_distance,
        modes_covered,
        mode_divergence,
        few_label_accuracy,
        many_label_accuracy,
        pixels_explained,
        score_gap,
        view_alignment,
        view_uniformity,
    )
}


def fitting(run: Run) -> list[str]:
    """The measures that the run's system and data allow."""
    if not isinstance(run.system, Translator):
        return []
    if run.spec.system == "funit":
        return ["top1_all_k1", "top5_test_k1", "class_distance_k1", "dipd_k1"]
    test = run.dataset.test
    judged = test["A"].labels is not None and test["B"].name in PLANS
    names = ["label_accuracy", "matched_label_accuracy", "feature_distance"] if judged else []
    if min(len(test["A"]), len(test["B"])) > 1:
        names += ["appearance_distance", "appearance_distance_copy"]
    if ("A", "B") in run.dataset.truth:
        names.append("truth_error")
    return names


def measure(run: Run, names: list[str] | None = None) -> dict[str, Measurement]:
    """Measure by name; by default all that fit.

    Raises LabError for a name that is none, or where nothing fits.
    """
    names = fitting(run) if names is None else names
    if not names:
        raise LabError(
            f"{run.folder}: its data allow no measure (labels, a hidden truth, or two test images a domain)."
        )
    from labkit.evaluation import (  # build on this module
        adaptation,
        few_shot,
        figure_and_ground,
        meaning,
        variety,
        way_home,
    )

    known = dict(MEASURES)
    for module in (way_home, adaptation, variety, meaning, figure_and_ground, few_shot):
        known |= module.MEASURES
    for name in names:
        if name not in known:
            raise LabError(f"There is no measure '{name}'; there are {', '.join(known)}.")
    return {name: known[name](run) for name in names}


def record(run: Run, results: dict[str, Measurement]) -> Path:
    """Write the results beside the run, as metrics.json; returns the file."""
    path = run.folder / "metrics.json"
    write_atomically(path, json.dumps({name: asdict(m) for name, m in results.items()}, indent=1) + "\n")
    return path


def _judge(run: Run) -> judges.Judge:
    return judges.load(run.dataset.test["B"].name)
