"""How different are several outputs for the same input?"""

from torch import Tensor

from labkit.metrics.base import Measurement


def pairwise_diversity(
    outputs: Tensor, *, judge: str | None = None, split: str = "test", seed: int | None = None
) -> Measurement:
    """Mean absolute difference between two different outputs for the same input, averaged over all pairs and inputs.

    `outputs`: (N inputs, S outputs each, ...), images or features. 0 for a deterministic translator, which ignores its
    style code. It does not ask whether the outputs are any good. Where features are compared, name their `judge`.
    """
    n, s = outputs.shape[:2]
    if s < 2:
        raise ValueError(f"diversity needs at least two outputs for each input, found {s}")
    flat = outputs.detach().flatten(2)
    total = sum(float((flat[:, i + 1 :] - flat[:, i : i + 1]).abs().mean(2).sum()) for i in range(s - 1))
    return Measurement("pairwise diversity", total / (n * s * (s - 1) / 2), n, split, judge, seed)
