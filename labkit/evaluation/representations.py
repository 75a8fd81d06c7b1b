"""What do frozen features hold, and how do the views of one image lie to each other?

Linear probes are fitted to training images.
"""

from torch import Tensor

from labkit import metrics
from labkit.data.augment import AUGMENTATIONS, random_view
from labkit.evaluation.base import named
from labkit.losses.contrastive import alignment, uniformity
from labkit.metrics import Measurement
from labkit.nets.encoders import features_of
from labkit.runs.run import Run
from labkit.train.seeding import seeded


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


# Two views of an image ------------------------------------------------------------------------------------------------


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


MEASURES = named(
    few_label_accuracy,
    many_label_accuracy,
    pixels_explained,
    score_gap,
    view_alignment,
    view_uniformity,
)
