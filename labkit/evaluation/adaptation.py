"""Can B be read without its labels, and do pairs from one code belong together?"""

import torch
from torch import Tensor

from labkit import judges
from labkit.evaluation.base import named, translated
from labkit.metrics import Measurement
from labkit.runs.run import Run, kept
from labkit.systems.base import System

PAIRS = 500  # pairs that a generator is asked for


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


MEASURES = named(
    target_accuracy,
    source_accuracy,
    translation_accuracy,
    target_accuracy_best,
    pair_agreement,
    pair_agreement_chance,
    pair_same_digit,
)
