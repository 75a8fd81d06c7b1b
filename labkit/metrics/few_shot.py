"""Translation into classes that are known by a few examples: does it arrive, and what does one example tell?

FUNIT (Liu et al. 2019, arXiv 1905.01723), section 4, "Performance metrics".
"""

from collections.abc import Sequence

from torch import Tensor

from labkit.metrics.base import Measurement
from labkit.metrics.distributions import frechet_distance


def translation_accuracy(
    logits: Tensor,
    labels: Tensor,
    top: int = 1,
    *,
    judge: str | None = None,
    split: str = "test",
    seed: int | None = None,
) -> Measurement:
    """How often a translation's target class, `labels` (N,), is among the `top` likeliest of `logits` (N, classes).

    In [0, 1]; a guess has top / classes, and the judge's own accuracy on real images is the ceiling. The paper judges
    with all classes ("all") and with the target classes alone ("test").
    """
    if len(logits) != len(labels) or not 1 <= top <= logits.shape[1]:
        raise ValueError(
            f"logits {tuple(logits.shape)}, labels {tuple(labels.shape)} and top {top} do not fit together"
        )
    found = (logits.topk(top, dim=1).indices == labels[:, None]).any(1)
    return Measurement(f"Top-{top} accuracy", float(found.float().mean()), len(labels), split, judge, seed)


def mean_class_distance(
    fake: Sequence[Tensor],
    real: Sequence[Tensor],
    *,
    judge: str | None = None,
    split: str = "test",
    seed: int | None = None,
) -> Measurement:
    """The mean over classes of the Fréchet distance between features of a class's translations and of its real images.

    `fake[c]`, `real[c]`: (N, D) and (M, D). The paper's mFID, in features of a judge. n is that of the smallest set;
    the bias of few images does not shrink in the mean over many classes.
    """
    distances = [frechet_distance(x, y) for x, y in zip(fake, real, strict=True)]
    value = sum(d.value for d in distances) / len(distances)
    return Measurement("mean class Fréchet distance", value, min(d.n for d in distances), split, judge, seed)


def code_variance(codes: Tensor, k: int, *, split: str = "test", seed: int | None = None) -> Measurement:
    """How much the mean of K codes depends on which K images they are of: variance over disjoint groups of K images of
    one class, unbiased, summed over the code's numbers, mean over classes.

    `codes`: (classes, images, D), one code an image, in random order. For images drawn independently it is the variance
    of a single code divided by K. At least two groups of K images are needed.
    """
    classes, images, _ = codes.shape
    groups = images // k
    if k < 1 or groups < 2:
        raise ValueError(f"{images} images of a class make no two groups of {k}")
    means = codes[:, : groups * k].unflatten(1, (groups, k)).double().mean(2)
    value = float(means.var(1).sum(1).mean())
    return Measurement("variance of the class code", value, classes * groups, split, None, seed)


def within_class_share(codes: Tensor) -> float:
    """Of the variance of all codes (classes, images, D) the share that lies within classes, in [0, 1]: small where
    images of one class have like codes, and those of other classes others. Sums of squares, over all numbers."""
    total = (codes - codes.mean((0, 1))).square().sum()
    return float((codes - codes.mean(1, keepdim=True)).square().sum() / total)
