"""held-out digits, what f and the embedding hold.

Like those, every measure looks at test images only, but for the probes, which are fitted to training images.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from labkit import judges, metrics
from labkit.evaluation.measures import translated
from labkit.metrics import Measurement
from labkit.runs.run import Run

PROBED = 500  # images of a domain that a probe is fitted to


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


# What f and the embedding hold ----------------------------------------------------------------------------------------


def constancy_error(run: Run) -> Measurement:
    """Mean squared distance of f(x) and f(G(x)), with the frozen judge as f, whatever became of the run's own f.

    In units of the features' variance: two unrelated digits are about 2 apart.
    """
    f = judges.load(run.system.settings.f)
    distance = (f.embed(run.dataset.test["A"].images) - f.embed(translated(run))).square().mean()
    return Measurement("constancy error", float(distance), len(run.dataset.test["A"]), seed=run.spec.seed)


@torch.no_grad()
def f_spread(run: Run) -> Measurement:
    """How far the features of the run's own f spread over the test images of A: their standard deviation, averaged over
    features. About 1 for a frozen f, 0 for a constant one."""
    spread = run.system.f.features(run.dataset.test["A"].images).std(0).mean()
    return Measurement("spread of f", float(spread), len(run.dataset.test["A"]), seed=run.spec.seed)


@torch.no_grad()
def embeddings(run: Run, part: str) -> tuple[Tensor, Tensor]:
    """Embeddings of the images of A and then of B in the `part` "train" (at most PROBED each) or "test", and the domain
    of each: (N, latent) and (N,)."""
    domains = getattr(run.dataset, part)
    n = min(PROBED, *(len(domains[key]) for key in "AB"))
    codes = [run.system.embed(domains[key].take(range(n)), key) for key in "AB"]
    return torch.cat(codes), torch.arange(2).repeat_interleave(n)


def domain_probe(run: Run) -> Measurement:
    """Test accuracy of a linear probe that guesses the domain from the embedding; chance is 0.5."""
    return metrics.linear_probe(embeddings(run, "train"), embeddings(run, "test"), seed=run.spec.seed)


def embedded_digit(run: Run) -> Measurement:
    """Test accuracy on B of a linear probe for the digit that was fitted to embeddings of A alone: one meaning, one
    place, whichever the domain. Chance is 0.1."""
    parts = []
    for part, key in (("train", "A"), ("test", "B")):
        domain = getattr(run.dataset, part)[key]
        with torch.no_grad():
            parts.append((run.system.embed(domain.images, key), domain.labels))
    return metrics.linear_probe(*parts, seed=run.spec.seed)


def semantic_error(run: Run) -> Measurement:
    """Mean absolute distance of the embeddings of x and of its translation A → B, in units of the embeddings' mean
    absolute deviation over the test images of A."""
    source = run.dataset.test["A"].images
    with torch.no_grad():
        code, after = run.system.embed(source, "A"), run.system.embed(translated(run), "B")
    value = (code - after).abs().mean() / (code - code.mean(0)).abs().mean().clamp_min(1e-8)
    return Measurement("semantic error", float(value), len(source), seed=run.spec.seed)


# Shapes that turn, and pictures with a true partner -------------------------------------------------------------------


def turned_back_accuracy(run: Run) -> Measurement:
    """For data whose B is handwriting after a quarter turn to the left: label accuracy of the translations A → B after
    the turn is undone, by the judge of handwriting."""
    judge, source = judges.load("optdigits"), run.dataset.test["A"]
    upright = translated(run).rot90(-1, (2, 3))
    return metrics.label_accuracy(upright, source.labels, judge, seed=run.spec.seed)


def paired_rank(run: Run) -> Measurement:
    """How often a translation A → B is nearer to its true partner than to nine tenths of the test images of B, in mean
    absolute difference: chance is 0.1."""
    return _paired_rank(run, translated(run), "paired rank")


def paired_rank_copy(run: Run) -> Measurement:
    """The same for images of A as they are."""
    return _paired_rank(run, run.dataset.test["A"].images, "paired rank of a copy")


def truth_error_copy(run: Run) -> Measurement:
    """Mean absolute difference, in [0, 2], of images of A, as they are, from their hidden true partners."""
    return metrics.pixel_error(run.dataset.test["A"].images, run.dataset.truth["A", "B"], seed=run.spec.seed)


def _paired_rank(run: Run, images: Tensor, name: str) -> Measurement:
    truth = run.dataset.truth["A", "B"]
    distances = torch.cdist(images.flatten(1), truth.flatten(1), p=1)
    nearer = (distances < distances.diagonal()[:, None]).sum(1)
    return Measurement(name, float((nearer < len(truth) / 10).float().mean()), len(truth), seed=run.spec.seed)


# A table of a paper beside ours ---------------------------------------------------------------------------------------


def order_agreement(
    published: Mapping[str, float], ours: Mapping[str, Sequence[float]], seeds: Sequence[int]
) -> list[Measurement]:
    """Kendall's τ between the printed numbers and ours, one Measurement a seed: 1 where all rows stand in one order.

    published: row -> number; ours: row -> one number for each of `seeds`.
    """
    from scipy.stats import kendalltau

    rows = list(published)
    printed = [published[row] for row in rows]
    taus = [kendalltau(printed, [ours[row][i] for row in rows]).statistic for i in range(len(seeds))]
    return [Measurement("order agreement", float(t), len(rows), seed=s) for t, s in zip(taus, seeds, strict=True)]


MEASURES: dict[str, Callable[[Run], Measurement]] = {
    function.__name__: function
    for function in (
        label_accuracy_copy,
        three_accuracy,
        constancy_error,
        f_spread,
        domain_probe,
        embedded_digit,
        semantic_error,
        turned_back_accuracy,
        paired_rank,
        paired_rank_copy,
        truth_error_copy,
    )
}
