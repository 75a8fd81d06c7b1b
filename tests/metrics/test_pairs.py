import pytest
import torch

from labkit.metrics.pairs import pair_scores


def test_every_pair_is_in_its_group():
    a = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    b = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    scores = pair_scores(a, b, torch.tensor([0, 0, 1]))
    assert scores.positive.tolist() == pytest.approx([1.0, 0.8, 0.0])
    assert sorted(scores.same_class.tolist()) == pytest.approx([0.0, 0.6])
    assert sorted(scores.other_class.tolist()) == pytest.approx([-1.0, -0.6, 0.0, 1.0])
    assert len(scores.negative) == 6
    assert scores.gap == pytest.approx(0.6 - 0.0)
