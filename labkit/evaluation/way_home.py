"""Does the way home lead back, and by what? The round trip, the signal hidden in a translation, relations of modes.

The measures of the hidden signal need a system with both ways.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit import metrics
from labkit.data.recipes.toy import ring_centres
from labkit.evaluation.base import Measure, named, translate_all, translated
from labkit.metrics import Measurement, steganography
from labkit.metrics.steganography import GREY
from labkit.runs.run import Run

AMPLITUDES = (1, 2, 4, 8, 16)  # of the noise on the way, in steps of 8 bits
BOUND = 4 * GREY  # of the targeted signal


def cycle_error(run: Run) -> Measurement:
    """Mean absolute difference, in [0, 2], of images of A from their round trip A → B → A."""
    source = run.dataset.test["A"].images
    back = translate_all(run.system, translated(run), "B", "A", run.spec.seed)
    return metrics.pixel_error(back, source, seed=run.spec.seed)


def cycle_error_back(run: Run) -> Measurement:
    """Mean absolute difference, in [0, 2], of images of B from their round trip B → A → B."""
    source = run.dataset.test["B"].images
    back = translate_all(run.system, translated(run, "B", "A"), "A", "B", run.spec.seed)
    return metrics.pixel_error(back, source, seed=run.spec.seed)


# The hidden signal ----------------------------------------------------------------------------------------------------


def trip(run: Run) -> tuple[Tensor, Tensor, Callable[[Tensor], Tensor]]:
    """Test images of A, their translations, and the way back as a function."""
    return run.dataset.test["A"].images, translated(run), lambda y: run.system.translate(y, "B", "A")


def _ratio(disturb: Callable[[Tensor], Tensor]) -> Measure:
    def measure(run: Run) -> Measurement:
        x, y, back = trip(run)
        return steganography.reconstruction_ratio(back, y, disturb(y), x, seed=run.spec.seed)

    return measure


def signal_swap(run: Run) -> Measurement:
    """How far the hidden signal of another image leads the way home to that image's ground."""
    x, y, back = trip(run)
    return steganography.signal_swap(back, y, run.dataset.truth["A", "B"], x, seed=run.spec.seed)


def truth_detour(run: Run) -> Measurement:
    """The reconstruction ratio when the translation is replaced by the true partner, which can hide nothing."""
    x, y, back = trip(run)
    return steganography.reconstruction_ratio(back, y, run.dataset.truth["A", "B"], x, seed=run.spec.seed)


def bare_paper(truth: Tensor, radius: int = 2) -> Tensor:
    """Where (N, 1, H, W) true partners on flat paper are more than `radius` pixels away from any ink: booleans.

    A translation differs from its true partner there and at badly drawn strokes; only there the difference is a signal.
    """
    ink = (~steganography.on_paper(truth)).float()
    return F.max_pool2d(ink, 2 * radius + 1, stride=1, padding=radius) == 0


def signal_strength(run: Run) -> Measurement:
    """The root mean square of the hidden signal on bare paper, in steps of 8 bits."""
    signal, bare = _signal(run)
    strength = signal[bare].square().mean().sqrt() / GREY
    return Measurement("signal strength", float(strength), len(signal), "test", None, run.spec.seed)


def signal_detail_share(run: Run) -> Measurement:
    """The part of the hidden signal's energy on bare paper that is fine detail, in [0, 1]. White noise there has about
    0.95, noise that varies slowly less than 0.05."""
    signal, bare = _signal(run)
    share = (steganography.detail(signal) * bare).square().sum() / signal.square().sum()
    return Measurement("signal detail share", float(share), len(signal), "test", None, run.spec.seed)


def _signal(run: Run) -> tuple[Tensor, Tensor]:
    """What the translations A → B hold beyond their true partners on bare paper, 0 elsewhere; and where that is."""
    truth = run.dataset.truth["A", "B"]
    bare = bare_paper(truth)
    return (translated(run) - truth) * bare, bare


def steered(run: Run) -> Measurement:
    """How far a targeted signal of at most 4 grey steps turns the way home towards another image."""
    x, y, back = trip(run)
    target = x.roll(-1, 0)
    delta = steganography.targeted_signal(back, y, target, BOUND)
    return steganography.steered(back, y, delta, target, seed=run.spec.seed)


def steered_by_chance(run: Run) -> Measurement:
    """The same for random signs of the full size."""
    x, y, back = trip(run)
    delta = BOUND * torch.randn(y.shape, generator=torch.Generator().manual_seed(0)).sign()
    return steganography.steered(back, y, delta, x.roll(-1, 0), seed=run.spec.seed)


# Relations of modes (the toy of DiscoGAN) -----------------------------------------------------------------------------


def mode_table(run: Run, reach: float = 0.25) -> Tensor:
    """How many test points of each mode of A (rows) arrive within `reach` of each of the ten modes of B (columns)."""
    test = run.dataset.test["A"]
    centres = ring_centres(10, 0.85)
    distance, mode = torch.cdist(translated(run), centres).min(1)
    near = distance <= reach
    table = torch.zeros(int(test.labels.max()) + 1, len(centres), dtype=torch.int64)
    return table.index_put_((test.labels[near], mode[near]), torch.tensor(1), accumulate=True)


def modes_reached(run: Run) -> Measurement:
    """How many modes of B at least one in a hundred translations reaches."""
    table, n = mode_table(run), len(run.dataset.test["A"])
    return Measurement("modes reached", float((table.sum(0) >= n / 100).sum()), n, "test", None, run.spec.seed)


def modes_injective(run: Run) -> Measurement:
    """How many of them are reached from one mode of A alone (19 of 20 arrivals): where the relation can be undone."""
    table, n = mode_table(run), len(run.dataset.test["A"])
    arrivals = table.sum(0)
    pure = (arrivals >= n / 100) & (table.max(0).values >= 0.95 * arrivals)
    return Measurement("modes reached injectively", float(pure.sum()), n, "test", None, run.spec.seed)


MEASURES = named(
    cycle_error,
    cycle_error_back,
    signal_swap,
    truth_detour,
    signal_strength,
    signal_detail_share,
    steered,
    steered_by_chance,
    modes_reached,
    modes_injective,
)
MEASURES |= {f"ratio_white_{k}": _ratio(partial(steganography.white_noise, rms=k * GREY)) for k in AMPLITUDES}
MEASURES |= {f"ratio_slow_{k}": _ratio(partial(steganography.low_frequency_noise, rms=k * GREY)) for k in AMPLITUDES}
MEASURES |= {f"ratio_jpeg_{q}": _ratio(partial(steganography.jpeg, quality=q)) for q in (95, 75)}
MEASURES |= {"ratio_rounded": _ratio(steganography.rounded)}
