import pytest

from labkit.errors import LabError
from labkit.metrics import Measurement, over_seeds


def some(value, **circumstances):
    return Measurement("label accuracy", value, **({"n": 500, "judge": "optdigits", "seed": 0} | circumstances))


def test_a_measurement_shows_its_circumstances():
    assert str(some(0.91234)) == "label accuracy 0.9123 (n = 500, test, judge optdigits, seed 0)"
    assert str(some(0.5, judge=None, seed=None, spread=0.0123)) == "label accuracy 0.5 ± 0.0123 (n = 500, test)"
    assert float(some(0.25)) == 0.25


def test_the_mean_over_seeds_has_the_sample_deviation_and_no_seed():
    mean = over_seeds([some(value, seed=seed) for seed, value in enumerate((0.1, 0.2, 0.6))])
    assert mean.value == pytest.approx(0.3)
    assert mean.spread == pytest.approx(0.2645751)
    assert mean.seed is None
    assert (mean.n, mean.judge) == (500, "optdigits")


@pytest.mark.parametrize(
    "runs",
    [
        [some(0.1)],
        [some(0.1), some(0.2)],
        [some(0.1, seed=None), some(0.2, seed=1)],
        [some(0.1), some(0.2, seed=1, n=400)],
        [some(0.1), some(0.2, seed=1, judge="mnist")],
        [some(0.1), some(0.2, seed=1, split="train")],
    ],
)
def test_unlike_measurements_have_no_mean(runs):
    with pytest.raises(LabError):
        over_seeds(runs)
