"""Was the one attribute changed, and all else kept? Where did the picture err, seen from a true partner?

Labels come from a judge of attributes, true partners and masks from drawn faces (`labkit.data.recipes.portraits`).
"""

from collections.abc import Mapping

from torch import Tensor

from labkit.metrics.base import Measurement


def attribute_reached(read: Tensor, wanted: Tensor, *, judge: str, seed: int | None = None) -> Measurement:
    """The share of translations in which the judge reads the value that was wanted, or all K of them.

    `read`, `wanted`: labels, (N,) or (N, K)."""
    reached = (read == wanted).flatten(1).all(1) if read.ndim > 1 else read == wanted
    return Measurement("attribute reached", _share(reached), len(read), judge=judge, seed=seed)


def attributes_kept(
    read: Mapping[str, Tensor], before: Mapping[str, Tensor], *, judge: str, seed: int | None = None
) -> Measurement:
    """The share of attributes, over all translations and all attributes of `before`, that the judge still reads as they
    were. Both map an attribute to (N,) labels; `read` may know more attributes."""
    shares = [_share(read[name] == labels) for name, labels in before.items()]
    n = len(next(iter(before.values())))
    return Measurement("attributes kept", sum(shares) / len(shares), n, judge=judge, seed=seed)


def error_inside(fake: Tensor, truth: Tensor, mask: Tensor, *, seed: int | None = None) -> Measurement:
    """Mean absolute difference, in [0, 2], from the true partner where a change was needed.

    `fake`, `truth`: (N, C, H, W) in [-1, 1]. `mask`: (N, 1, H, W), 1 where the partner differs from the source. The
    mean runs over the pixels of an image, then over images: a small mask counts as much as a large one. Images without
    such pixels are left out, and `n` counts the others.
    """
    return _error("error inside", fake, truth, mask, seed)


def error_outside(fake: Tensor, truth: Tensor, mask: Tensor, *, seed: int | None = None) -> Measurement:
    """The same where no change was needed: what the translation did beyond its task."""
    return _error("error outside", fake, truth, 1 - mask, seed)


def _share(right: Tensor) -> float:
    return float(right.float().mean())


def _error(name: str, fake: Tensor, truth: Tensor, where: Tensor, seed: int | None) -> Measurement:
    if fake.shape != truth.shape:
        raise ValueError(f"images and truth must have one shape, found {fake.shape} and {truth.shape}")
    pixels = where.sum((1, 2, 3))
    some = pixels > 0
    difference = ((fake - truth).abs().mean(1, keepdim=True) * where).sum((1, 2, 3))
    return Measurement(name, float((difference[some] / pixels[some]).mean()), int(some.sum()), seed=seed)
