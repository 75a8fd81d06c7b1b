"""reading B without its labels, pairs from one code,
maps, and whether there is one code for both domains.

Like those, every measure looks at test images only, or at what a generator makes of nothing but noise.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit import judges, metrics
from labkit.data.recipes.rendered import MAP_COLOURS
from labkit.evaluation.measures import AT_ONCE, translated
from labkit.metrics import Measurement
from labkit.runs.run import Run, kept
from labkit.systems.base import System

PAIRS = 500  # pairs that a generator is asked for


# Domain adaptation ----------------------------------------------------------------------------------------------------


def target_accuracy(run: Run) -> Measurement:
    """The share of test images of B that a classifier with labels of A alone reads right, after the last step."""
    return _accuracy(run, run.system, "B")


def source_accuracy(run: Run) -> Measurement:
    """The same for test images of A, whose kind it was shown labels of."""
    return _accuracy(run, run.system, "A")


@torch.no_grad()
def translation_accuracy(run: Run) -> Measurement:
    """The share of translations A → B in which the classifier, for B, reads the digit of the source: whether what holds
    for A has come as far as the pictures of B that the system paints itself."""
    seen = torch.cat([run.system.classify(part, "B").argmax(1) for part in translated(run).split(500)])
    test = run.dataset.test["A"]
    value = float((seen == test.labels).float().mean())
    return Measurement("accuracy on translations", value, len(test), "test", None, run.spec.seed)


def target_accuracy_best(run: Run) -> Measurement:
    """The best target accuracy over all the steps at which the run was kept: an oracle that looks at the test labels of
    B, as the official protocol does. Never a result, only a number to be put beside one."""
    return max((_accuracy(run, system, "B") for system in (*kept(run).values(), run.system)), key=float)


@torch.no_grad()
def _accuracy(run: Run, system: System, domain: str) -> Measurement:
    test = run.dataset.test[domain]
    seen = torch.cat([system.classify(part, domain).argmax(1) for part in test.images.split(500)])
    value = float((seen == test.labels).float().mean())
    return Measurement(f"accuracy on {domain}", value, len(test), "test", None, run.spec.seed)


# Pairs from one code (A: digits, B: their negatives) ------------------------------------------------------------------


def pair_agreement(run: Run) -> Measurement:
    """The share of pixels of generated pairs that agree: dark in A's image where its partner in B is light (section 4.1
    of CoGAN's paper, for negatives)."""
    return _agreement(run, *run.system.sample_pairs(PAIRS, run.spec.seed))


def pair_agreement_chance(run: Run) -> Measurement:
    """The same for images of two codes."""
    A, B = run.system.sample_pairs(PAIRS, run.spec.seed)
    return _agreement(run, A, B.roll(1, 0))


def pair_same_digit(run: Run) -> Measurement:
    """The share of generated pairs in which the judge of handwriting reads one digit twice, B's image inverted."""
    A, B = run.system.sample_pairs(PAIRS, run.spec.seed)
    judge = judges.load("optdigits")
    value = float((judge.predict(A) == judge.predict(-B)).float().mean())
    return Measurement("pairs of one digit", value, PAIRS, "generated", judge.name, run.spec.seed)


def _agreement(run: Run, A: Tensor, B: Tensor) -> Measurement:
    value = float(((A > 0) == (-B > 0)).float().mean())
    return Measurement("pair agreement", value, len(A), "generated", None, run.spec.seed)


# Maps -----------------------------------------------------------------------------------------------------------------


def map_accuracy(run: Run) -> Measurement:
    """The share of pixels of translated aerial photographs whose nearest map colour is the true one."""
    return metrics.palette_accuracy(translated(run), run.dataset.truth["A", "land"], MAP_COLOURS, seed=run.spec.seed)


def map_copy(run: Run) -> Measurement:
    """The same for the photographs as they are: what a translator that does nothing would score."""
    photographs = run.dataset.test["A"].images
    return metrics.palette_accuracy(photographs, run.dataset.truth["A", "land"], MAP_COLOURS, seed=run.spec.seed)


# One code for both domains --------------------------------------------------------------------------------------------


def latent_distance(run: Run) -> Measurement:
    """How far E_B(translation of x) lies from E_A(x), in units of its distance from the E_A of another image: 0 where
    a picture and its translation have one code, 1 where they have no more in common than any two."""
    return _distance(run, translated(run))


def latent_distance_truth(run: Run) -> Measurement:
    """The same for the true partner of x instead of its translation: the assumption itself, E_A(x_A) = E_B(x_B)."""
    return _distance(run, run.dataset.truth["A", "B"])


def latent_retrieval_truth(run: Run) -> Measurement:
    """The share of test images whose own true partner has, of all, the nearest code. Chance is 1 / n."""
    A, B = codes(run.system, run.dataset.test["A"].images, "A"), codes(run.system, run.dataset.truth["A", "B"], "B")
    value = float((torch.cdist(A, B).argmin(1) == torch.arange(len(A))).float().mean())
    return Measurement("latent retrieval", value, len(A), "test", None, run.spec.seed)


@torch.no_grad()
def codes(system: System, images: Tensor, domain: str) -> Tensor:
    """The codes of images, without noise, one row an image."""
    return torch.cat([system.encode(part, domain).flatten(1) for part in images.split(AT_ONCE)])


def _distance(run: Run, partners: Tensor) -> Measurement:
    A, B = codes(run.system, run.dataset.test["A"].images, "A"), codes(run.system, partners, "B")
    distance = torch.cdist(A, B)
    others = (distance.sum() - distance.trace()) / (distance.numel() - len(distance))
    value = float(distance.diagonal().mean() / others)
    return Measurement("latent distance", value, len(A), "test", None, run.spec.seed)


MEASURES: dict[str, Callable[[Run], Measurement]] = {
    function.__name__: function
    for function in (
        target_accuracy,
        source_accuracy,
        translation_accuracy,
        target_accuracy_best,
        pair_agreement,
        pair_agreement_chance,
        pair_same_digit,
        map_accuracy,
        map_copy,
        latent_distance,
        latent_distance_truth,
        latent_retrieval_truth,
    )
}
