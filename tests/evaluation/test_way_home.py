"""The way home, the hidden signal and relations of modes, on translators whose answer is known."""

import pytest
import torch
from known_translator import Known, known_run

from labkit.data.domain import Domain
from labkit.data.recipes.toy import ring_centres
from labkit.evaluation import measure, way_home
from labkit.metrics.steganography import GREY, low_frequency_noise


@pytest.fixture
def images():
    return torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_the_round_trip_from_either_side(images):
    run = known_run(Known(lambda x: x + 0.2, lambda y: torch.where(y > 4, y - 0.3, y)), images, images + 5)
    assert way_home.cycle_error(run).value == pytest.approx(0.2, abs=1e-5)
    assert way_home.cycle_error_back(run).value == pytest.approx(0.1, abs=1e-5)


def test_a_translation_that_hides_everything_makes_the_detour_long(images):
    flat = images.mean((2, 3), keepdim=True).expand_as(images)
    hides = known_run(
        Known(lambda x: flat + 0.02 * (x - flat), lambda y: flat + 40 * (y - flat)), images, A_B=flat.contiguous()
    )
    assert way_home.truth_detour(hides).value > 4
    values = measure(hides, ["ratio_white_1", "ratio_white_8", "ratio_slow_8", "ratio_rounded"])
    assert values["ratio_white_8"].value > values["ratio_white_1"].value > 1
    assert values["ratio_slow_8"].value > 1 and values["ratio_rounded"].value > 1
    assert way_home.steered(hides).value > way_home.steered_by_chance(hides).value + 0.2


@pytest.mark.parametrize("paper", [-1.0, 0.0])
def test_bare_paper_keeps_its_distance_from_ink(paper):
    truth = torch.full((1, 1, 9, 9), paper)
    truth[0, 0, 4, 4] = 0.5
    bare = way_home.bare_paper(truth, radius=2)[0, 0]
    assert not bare[2:7, 2:7].any()
    assert bare.sum() == 81 - 25


def test_the_signal_is_measured_on_bare_paper_alone():
    truth = -torch.ones(8, 1, 32, 32)
    truth[:, :, 10:22, 10:22] = 1.0
    noise = torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))
    slow = low_frequency_noise(torch.zeros_like(truth), 1.0)

    def measured(signal, stroke):
        """A translation that draws the ink wrong by `stroke` and hides `signal` everywhere."""
        run = known_run(Known(lambda x: truth + signal + stroke * (truth > 0)), torch.zeros_like(truth), A_B=truth)
        return way_home.signal_strength(run).value, way_home.signal_detail_share(run).value

    for stroke in (0.0, 0.7):
        strength, share = measured(4 * GREY * noise, stroke)
        assert strength == pytest.approx(4, rel=0.03) and share == pytest.approx(0.95, abs=0.02)
        assert measured(2 * GREY * slow, stroke)[1] < 0.1


def test_modes_count_arrivals_and_only_unmixed_ones_are_injective():
    five, ten = ring_centres(5, 0.4), ring_centres(10, 0.85)
    labels = torch.arange(5).repeat_interleave(40)
    A = five[labels] + 0.01 * torch.tensor([-1.0, 1.0]).repeat(100)[:, None]

    def mode(x):
        return torch.cdist(x, five).argmin(1)

    def upper(x):
        return (x[:, 1] > five[mode(x), 1]).long()

    for there, reached, injective in (
        (lambda x: ten[mode(x) * 2], 5, 5),
        (lambda x: ten[mode(x) // 2], 3, 1),  # 0, 1 → 0 and 2, 3 → 1 and 4 → 2
        (lambda x: ten[mode(x) * 2 + upper(x)], 10, 10),
        (lambda x: 0 * x, 0, 0),
    ):
        run = known_run(Known(there), Domain("points", A, labels))
        assert (way_home.modes_reached(run).value, way_home.modes_injective(run).value) == (reached, injective)
