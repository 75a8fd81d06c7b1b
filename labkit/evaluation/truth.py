"""Is it the right picture? Translations against their true partners, which training never sees."""

import torch
from torch import Tensor

from labkit import metrics
from labkit.data.recipes.rendered import MAP_COLOURS
from labkit.evaluation.base import named, translated
from labkit.metrics import Measurement
from labkit.runs.run import Run


def truth_error(run: Run) -> Measurement:
    """Mean absolute difference, in [0, 2], of translations A → B from their hidden true partners."""
    return metrics.pixel_error(translated(run), run.dataset.truth["A", "B"], seed=run.spec.seed)


def truth_error_copy(run: Run) -> Measurement:
    """Mean absolute difference, in [0, 2], of images of A, as they are, from their hidden true partners."""
    return metrics.pixel_error(run.dataset.test["A"].images, run.dataset.truth["A", "B"], seed=run.spec.seed)


def truth_retrieval(run: Run) -> Measurement:
    """The share of translations A → B that lie nearer to their own true partner than to any other, in mean absolute
    difference: alignment, whatever the quality. Chance is 1 / n."""
    fake, truth = translated(run).flatten(1), run.dataset.truth["A", "B"].flatten(1)
    own = torch.cdist(fake, truth, p=1).argmin(1) == torch.arange(len(fake))
    return Measurement("truth retrieval", float(own.float().mean()), len(fake), "test", None, run.spec.seed)


def paired_rank(run: Run) -> Measurement:
    """How often a translation A → B is nearer to its true partner than to nine tenths of the test images of B, in mean
    absolute difference: chance is 0.1."""
    return _paired_rank(run, translated(run), "paired rank")


def paired_rank_copy(run: Run) -> Measurement:
    """The same for images of A as they are."""
    return _paired_rank(run, run.dataset.test["A"].images, "paired rank of a copy")


def _paired_rank(run: Run, images: Tensor, name: str) -> Measurement:
    truth = run.dataset.truth["A", "B"]
    distances = torch.cdist(images.flatten(1), truth.flatten(1), p=1)
    nearer = (distances < distances.diagonal()[:, None]).sum(1)
    return Measurement(name, float((nearer < len(truth) / 10).float().mean()), len(truth), seed=run.spec.seed)


# Maps -----------------------------------------------------------------------------------------------------------------


def map_accuracy(run: Run) -> Measurement:
    """The share of pixels of translated aerial photographs whose nearest map colour is the true one."""
    return metrics.palette_accuracy(translated(run), run.dataset.truth["A", "land"], MAP_COLOURS, seed=run.spec.seed)


def map_accuracy_renamed(run: Run) -> Measurement:
    """The same after the best one-to-one renaming of the colours: whether the kinds of land are told apart at all."""
    land = run.dataset.truth["A", "land"]
    return metrics.matched_palette_accuracy(translated(run), land, MAP_COLOURS, seed=run.spec.seed)


def map_one_colour(run: Run) -> Measurement:
    """The share of the most frequent kind of land: what one colour everywhere would score."""
    land = run.dataset.truth["A", "land"].flatten().long()
    share = float(land.bincount().max() / len(land))
    return Measurement("one colour", share, len(run.dataset.test["A"]), "test", None, run.spec.seed)


def map_copy(run: Run) -> Measurement:
    """The same for the photographs as they are: what a translator that does nothing would score."""
    photographs = run.dataset.test["A"].images
    return metrics.palette_accuracy(photographs, run.dataset.truth["A", "land"], MAP_COLOURS, seed=run.spec.seed)


MEASURES = named(
    truth_error,
    truth_error_copy,
    truth_retrieval,
    paired_rank,
    paired_rank_copy,
    map_accuracy,
    map_accuracy_renamed,
    map_one_colour,
    map_copy,
)
