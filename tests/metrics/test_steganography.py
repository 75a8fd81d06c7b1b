"""The disturbances have the size they claim, and the measures find a signal exactly where one was hidden."""

import pytest
import torch

from labkit.metrics.steganography import (
    GREY,
    detail,
    jpeg,
    low_frequency_noise,
    reconstruction_ratio,
    rounded,
    signal_swap,
    steered,
    swapped,
    targeted_signal,
    white_noise,
)


@pytest.fixture
def flat():
    """Images without detail: one colour each."""
    return torch.tensor([-0.5, 0.0, 0.5]).reshape(3, 1, 1, 1).expand(3, 3, 32, 32).clone()


def spectrum(noise):
    return torch.fft.fft2(noise).abs().square().mean((0, 1))


@pytest.mark.parametrize("disturb", [white_noise, low_frequency_noise])
def test_noise_has_the_rms_it_was_asked_for_in_every_image(disturb, flat):
    noise = disturb(flat, 4 * GREY, seed=3) - flat
    assert noise.square().mean((1, 2, 3)).sqrt() == pytest.approx([4 * GREY] * 3, rel=1e-3)
    assert torch.equal(disturb(flat, 4 * GREY, seed=3), disturb(flat, 4 * GREY, seed=3))
    assert not torch.equal(disturb(flat, 4 * GREY, seed=3), disturb(flat, 4 * GREY, seed=4))


def test_white_noise_is_spread_over_all_frequencies_and_the_slow_one_is_not(flat):
    zero = torch.zeros(64, 1, 32, 32)
    white, slow = (spectrum(make(zero, 1.0)) for make in (white_noise, low_frequency_noise))
    high = torch.fft.fftfreq(32).abs()
    high = torch.maximum(high[:, None], high[None]) > 0.25  # above half of the highest frequency: three quarters of all
    assert white[high].sum() / white.sum() == pytest.approx(high.float().mean().item(), abs=0.03)
    assert slow[high].sum() / slow.sum() < 0.05  # not 0: the spectrum sees a jump from the last column to the first


def test_rounding_moves_no_pixel_by_more_than_half_a_step():
    x = torch.rand(2, 3, 8, 8) * 2 - 1
    assert (rounded(x) - x).abs().max() <= GREY / 2 + 1e-6
    assert torch.equal(rounded(rounded(x)), rounded(x))
    assert rounded(x, levels=2).unique().tolist() == [-1.0, 1.0]


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_keeps_flat_images_and_loses_fine_noise(channels, flat):
    flat = flat[:, :channels]
    assert (jpeg(flat, 95) - flat).abs().max() < 2 * GREY
    noisy = white_noise(flat, 8 * GREY)
    errors = [(jpeg(noisy, quality) - noisy).abs().mean() for quality in (95, 75, 30)]
    assert errors[0] < errors[1] < errors[2]


def test_detail_is_what_slow_changes_lack(flat):
    assert detail(flat).abs().max() < 1e-6
    noisy = white_noise(flat, 0.1) - flat
    slow = low_frequency_noise(flat, 0.1) - flat
    assert detail(noisy).square().mean() > 0.9 * noisy.square().mean()
    assert detail(slow).square().mean() < 0.1 * slow.square().mean()


def hiding(x):
    """A translator to grey that hides all of x in its detail, fifty times fainter."""
    return x / 50


def seeking(y):
    """Its way home: reads the detail alone, and amplifies it."""
    return 50 * y


def test_a_hidden_signal_is_destroyed_by_noise_as_large_as_itself():
    x = torch.rand(4, 3, 32, 32) * 2 - 1
    y = hiding(x)

    def home(image):
        return seeking(image) + 0.01

    ratio = reconstruction_ratio(home, y, y + 0.02, x)  # 50 · 0.02 = 1 further off
    assert ratio.value == pytest.approx(101, rel=1e-3)
    assert ratio.n == 4
    assert reconstruction_ratio(home, y, y, x).value == pytest.approx(1.0)


def test_swapping_the_signal_leads_all_the_way_where_it_carries_everything_and_nowhere_where_nothing():
    x = torch.rand(4, 1, 32, 32) * 2 - 1
    truth = torch.full_like(x, -1.0)
    truth[:, :, :4] = 1.0  # a stroke, which is left alone
    way, bare = swapped(truth + x / 50, truth)
    assert bare[:, :, 4:].all() and not bare[:, :, :4].any()
    assert torch.equal(way[:, :, :4], (truth + x / 50)[:, :, :4])
    from_signal = signal_swap(lambda y: 50 * (y - truth), truth + x / 50, truth, x)
    assert from_signal.value == pytest.approx(1.0, abs=1e-3)
    named = truth.clone()
    named[:, :, 0] = torch.tensor([1.0, 0.9, 0.8, 0.7]).reshape(4, 1, 1)  # a way home that knows an image by its stroke
    by_stroke = signal_swap(lambda y: x[((1 - y[:, 0, 0, 0]) * 10).round().long()], named + x / 1000, named, x)
    assert by_stroke.value == pytest.approx(0.0, abs=1e-6)


def test_the_targeted_signal_keeps_its_bound_and_finds_what_amplifies():
    x, target = torch.zeros(2, 3, 16, 16), torch.rand(2, 3, 16, 16) - 0.5
    bound = 2 * GREY
    delta = targeted_signal(seeking, hiding(x), target, bound)
    assert delta.abs().max() <= bound + 1e-7
    found = steered(seeking, hiding(x), delta, target).value
    chance = steered(seeking, hiding(x), white_noise(torch.zeros_like(x), bound), target).value
    assert found > 0.8 and chance < 0.2
    deaf = targeted_signal(lambda y: y, hiding(x), target, bound)  # a way home that amplifies nothing cannot be steered
    assert steered(lambda y: y, hiding(x), deaf, target).value < 0.1
