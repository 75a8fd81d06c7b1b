"""Do two tables stand in one order? A paper's printed numbers beside ours."""

from collections.abc import Mapping, Sequence

from labkit.metrics.base import Measurement


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
