"""IS and CIS against loops, their extremes, and what each of them cannot see."""

import math

import pytest
import torch

from labkit.metrics import conditional_inception_score, inception_score


def test_cis_against_loops():
    p = torch.rand(3, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    p = p / p.sum(2, keepdim=True)
    total = 0.0
    for outputs in p:
        mean = outputs.mean(0)
        for one in outputs:
            total += sum(float(a) * math.log(float(a) / float(b)) for a, b in zip(one, mean, strict=True))
    assert conditional_inception_score(p).value == pytest.approx(total / 12, rel=1e-9)


def test_is_against_loops():
    p = torch.rand(6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    p = p / p.sum(1, keepdim=True)
    mean = p.mean(0)
    total = sum(float(a * (a / b).log()) for one in p for a, b in zip(one, mean, strict=True))
    assert inception_score(p).value == pytest.approx(total / 6, rel=1e-9)


def test_a_deterministic_translator_has_cis_zero_and_may_have_the_highest_is():
    kinds = torch.eye(4)[torch.arange(8) % 4]  # one plain kind for each input
    outputs = kinds[:, None].expand(-1, 5, -1)
    assert conditional_inception_score(outputs).value == 0
    assert inception_score(outputs.flatten(0, 1)).value == pytest.approx(math.log(4))


def test_every_kind_for_every_input_has_the_highest_cis():
    outputs = torch.eye(4).expand(3, 4, 4)
    score = conditional_inception_score(outputs, judge="inks", seed=2)
    assert score.value == pytest.approx(math.log(4))
    assert (score.n, score.judge, score.seed) == (3, "inks", 2)


def test_an_undecided_judge_gives_zero():
    assert conditional_inception_score(torch.full((2, 3, 4), 0.25)).value == 0
    assert inception_score(torch.full((6, 4), 0.25)).value == 0


@pytest.mark.parametrize("wrong", [torch.full((2, 3, 4), 0.5), torch.full((3, 4), 0.25), torch.zeros(0, 3, 4)])
def test_what_is_no_distribution_is_refused(wrong):
    with pytest.raises(ValueError, match="probabilities"):
        conditional_inception_score(wrong)
