"""Few-shot scores by hand, and the law of 1 / K."""

import pytest
import torch

from labkit.metrics import frechet_distance
from labkit.metrics.few_shot import code_variance, mean_class_distance, translation_accuracy, within_class_share


def test_top_accuracy_by_hand():
    logits = torch.tensor([[3.0, 2, 1, 0], [3, 2, 1, 0], [0, 1, 2, 3], [0, 3, 2, 1]])
    labels = torch.tensor([0, 1, 1, 0])
    found = [translation_accuracy(logits, labels, top, judge="all", seed=3).value for top in (1, 2, 3, 4)]
    assert found == [0.25, 0.5, 0.75, 1]
    measured = translation_accuracy(logits, labels, 2, judge="all", seed=3)
    assert (measured.name, measured.n, measured.judge, measured.seed) == ("Top-2 accuracy", 4, "all", 3)


@pytest.mark.parametrize(("labels", "top"), [(torch.zeros(3, dtype=torch.int64), 1), (torch.zeros(4).long(), 5)])
def test_what_does_not_fit_together_is_refused(labels, top):
    with pytest.raises(ValueError, match="do not fit"):
        translation_accuracy(torch.zeros(4, 4), labels, top)


def test_mean_class_distance_is_the_mean_and_sees_classes_exchanged():
    generator = torch.Generator().manual_seed(0)
    real = [torch.randn(60, 3, generator=generator) + centre for centre in (0, 5)]
    fake = [torch.randn(40, 3, generator=generator) + centre for centre in (0, 5)]
    by_hand = sum(frechet_distance(x, y).value for x, y in zip(fake, real, strict=True)) / 2
    measured = mean_class_distance(fake, real)
    assert measured.value == pytest.approx(by_hand) and measured.n == 40
    assert mean_class_distance(real, real).value == pytest.approx(0, abs=1e-6)
    swapped = mean_class_distance(fake[::-1], real).value
    assert swapped == pytest.approx(75, rel=0.2)  # |(5, 5, 5)|²
    together = frechet_distance(torch.cat(fake), torch.cat(real)).value  # sees nothing of it
    assert together < 0.02 * swapped


def test_the_variance_of_a_mean_of_k_codes_is_that_of_one_divided_by_k():
    codes = torch.randn(50, 200, 4, generator=torch.Generator().manual_seed(0)) * 3 + torch.arange(50)[:, None, None]
    one = code_variance(codes, 1)
    assert one.value == pytest.approx(4 * 9, rel=0.03)
    for k in (2, 5, 20):
        assert code_variance(codes, k).value * k == pytest.approx(one.value, rel=0.1)
    assert code_variance(codes, 20).n == 50 * 10


def test_codes_that_do_not_vary_or_are_too_few():
    codes = torch.arange(3.0)[:, None, None].expand(3, 8, 2)
    assert code_variance(codes, 2).value == 0 == within_class_share(codes)
    assert within_class_share(torch.randn(40, 50, 2, generator=torch.Generator().manual_seed(0))) > 0.9
    with pytest.raises(ValueError, match="no two groups"):
        code_variance(codes, 5)
