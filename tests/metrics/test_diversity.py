import pytest
import torch

from labkit.metrics import pairwise_diversity


def test_a_deterministic_translator_has_none():
    outputs = torch.rand(7, 1, 3, 4, 4).expand(-1, 5, -1, -1, -1)
    assert pairwise_diversity(outputs).value == 0


def test_by_hand():
    outputs = torch.tensor([0.0, 1.0, 3.0]).reshape(1, 3, 1).expand(2, 3, 4)
    assert pairwise_diversity(outputs).value == pytest.approx((1 + 3 + 2) / 3)


def test_against_all_pairs_one_by_one():
    outputs = torch.rand(4, 5, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    pairs = [float((x[i] - x[j]).abs().mean()) for x in outputs for i in range(5) for j in range(i)]
    assert pairwise_diversity(outputs).value == pytest.approx(sum(pairs) / len(pairs), rel=1e-5)


def test_differences_between_inputs_do_not_count():
    outputs = torch.arange(6.0).reshape(6, 1, 1).expand(-1, 3, -1)
    assert pairwise_diversity(outputs, seed=1).value == 0
    assert pairwise_diversity(outputs, judge="optdigits").judge == "optdigits"
    assert pairwise_diversity(outputs).n == 6


def test_one_output_each_is_refused():
    with pytest.raises(ValueError, match="at least two"):
        pairwise_diversity(torch.zeros(3, 1, 4))
