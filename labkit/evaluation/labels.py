"""Does a translation keep what its source shows? The class that a frozen judge sees, against the source's label."""

from labkit import judges, metrics
from labkit.evaluation.base import judge_of, named, translated
from labkit.metrics import Measurement
from labkit.runs.run import Run


def label_accuracy(run: Run) -> Measurement:
    """Of the translations A → B, the share in which the judge of B sees the label of the source."""
    labels = run.dataset.test["A"].labels
    return metrics.label_accuracy(translated(run), labels, judge_of(run), seed=run.spec.seed)


def matched_label_accuracy(run: Run) -> Measurement:
    """The same after the best renaming of the classes: high, where a consistent permutation was learnt."""
    labels = run.dataset.test["A"].labels
    return metrics.matched_label_accuracy(translated(run), labels, judge_of(run), seed=run.spec.seed)


def label_accuracy_back(run: Run) -> Measurement:
    """Of the translations B → A, the share in which the judge of A sees the label of the source."""
    test = run.dataset.test
    judge = judges.load(test["A"].name)
    return metrics.label_accuracy(translated(run, "B", "A"), test["B"].labels, judge, seed=run.spec.seed)


def label_accuracy_worse_way(run: Run) -> Measurement:
    """The label accuracy of the worse of the two ways."""
    return min(label_accuracy(run), label_accuracy_back(run), key=float)


def label_accuracy_copy(run: Run) -> Measurement:
    """The share of images of A, as they are, in which the judge of B sees their label: nothing is translated."""
    source = run.dataset.test["A"]
    judge = judges.load(run.dataset.test["B"].name)
    return metrics.label_accuracy(source.images, source.labels, judge, seed=run.spec.seed)


def three_accuracy(run: Run) -> Measurement:
    """Label accuracy of the translations A → B of the threes, whether training showed any or not."""
    source = run.dataset.test["A"]
    chosen = (source.labels == 3).nonzero().flatten()
    judge = judges.load(run.dataset.test["B"].name)
    return metrics.label_accuracy(translated(run)[chosen], source.labels[chosen], judge, seed=run.spec.seed)


def turned_back_accuracy(run: Run) -> Measurement:
    """For data whose B is handwriting after a quarter turn to the left: label accuracy of the translations A → B after
    the turn is undone, by the judge of handwriting."""
    judge, source = judges.load("optdigits"), run.dataset.test["A"]
    upright = translated(run).rot90(-1, (2, 3))
    return metrics.label_accuracy(upright, source.labels, judge, seed=run.spec.seed)


MEASURES = named(
    label_accuracy,
    matched_label_accuracy,
    label_accuracy_back,
    label_accuracy_worse_way,
    label_accuracy_copy,
    three_accuracy,
    turned_back_accuracy,
)
