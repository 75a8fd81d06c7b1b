"""Is it still the same digit? Metrics on the classes that a frozen judge sees in translated images."""

from typing import Protocol

import torch
from torch import Tensor

from labkit.metrics.base import Measurement


class Judge(Protocol):
    """Whatever tells classes apart and has a name: `labkit.judges` holds such."""

    name: str

    def predict(self, images: Tensor) -> Tensor:
        """The class of each image (N, C, H, W): (N,) int64."""


def label_accuracy(
    images: Tensor, labels: Tensor, judge: Judge, *, split: str = "test", seed: int | None = None
) -> Measurement:
    """The part of `images` (N, C, H, W) in which `judge` sees the class in `labels` (N,), in [0, 1].

    For a translation, `labels` are those of the source images: content that survived. The judge's own ceiling
    (`judge.record["ceiling"]`) bounds what can be expected, and 1 / classes is chance.
    """
    _check_pair(images, labels)
    value = float((judge.predict(images) == labels).float().mean())
    return Measurement("label accuracy", value, len(images), split, judge.name, seed)


def matched_label_accuracy(
    images: Tensor, labels: Tensor, judge: Judge, *, split: str = "test", seed: int | None = None
) -> Measurement:
    """Label accuracy after the best renaming of the classes, found by the Hungarian method (Kuhn 1955), in [0, 1].

    A translator that turns every 3 into an 8 and every 8 into a 3 keeps the cycle and both distributions intact; it
    scores low in `label_accuracy` and high here. Best renaming is chosen on the same images, so chance lies above
    1 / classes.
    """
    _check_pair(images, labels)
    from scipy.optimize import linear_sum_assignment

    seen = judge.predict(images)
    classes = int(max(labels.max(), seen.max())) + 1
    table = torch.bincount(labels * classes + seen, minlength=classes**2).reshape(classes, classes).numpy()
    rows, columns = linear_sum_assignment(table, maximize=True)
    value = float(table[rows, columns].sum() / len(images))
    return Measurement("matched label accuracy", value, len(images), split, judge.name, seed)


def class_histogram_divergence(
    images: Tensor, labels: Tensor, judge: Judge, *, split: str = "test", seed: int | None = None
) -> Measurement:
    """Jensen-Shannon divergence, in nats, of the classes that `judge` sees in `images` from those in `labels`.

    0 where they are equally frequent, ln 2 where no class is in both; finite also where a class is never produced.
    `labels` (M,) need not belong to the same images: they may be those of the target domain.
    """
    seen = judge.predict(images)
    classes = int(max(labels.max(), seen.max())) + 1
    p, q = (torch.bincount(x, minlength=classes).double() / len(x) for x in (seen, labels))
    middle = (p + q) / 2
    value = sum(0.5 * torch.xlogy(x, x / middle.clamp_min(1e-12)).sum() for x in (p, q))
    n = min(len(images), len(labels))
    return Measurement("class histogram divergence", max(0.0, float(value)), n, split, judge.name, seed)


def _check_pair(images: Tensor, labels: Tensor) -> None:
    if len(images) != len(labels) or len(images) == 0:
        raise ValueError(f"one label for each image is needed, found {len(labels)} for {len(images)}")
