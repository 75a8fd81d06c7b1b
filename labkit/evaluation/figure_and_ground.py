"""Does the figure change and the ground stay? Horses and zebras, whose masks training never sees, and coats."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.evaluation.base import mean_of, named, translate_all, translated
from labkit.metrics import Measurement
from labkit.metrics.quality import auc
from labkit.metrics.steganography import GREY, rounded, white_noise
from labkit.runs.run import Run

NEUTRAL = 0.15  # a zebra's coat differs this little between its channels, in [0, 1]; sand and grass by 0.24 or more
NOISE = 8 * GREY  # on the way, for the horse whose coat is lost


def zebra_coat(images: Tensor) -> Tensor:
    """Where images (N, 3, H, W) are black, white or grey, as a zebra's coat is and no ground: (N, 1, H, W).

    Averaged over 3 × 3 pixels, so that a coloured speck is no other animal.
    """
    smooth = F.avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False)
    return (smooth.amax(1, keepdim=True) - smooth.amin(1, keepdim=True)) / 2 < NEUTRAL


def figure_iou(run: Run) -> Measurement:
    """Is the zebra where the horse was? Coat colour in the translation against the hidden mask: intersection over
    union, mean over the images; 1 is the same figure."""
    found, mask = zebra_coat(translated(run)), figure_mask(run)
    overlap = (found & mask).sum((1, 2, 3)) / (found | mask).sum((1, 2, 3)).clamp_min(1)
    return mean_of("figure IoU", overlap, run)


def figure_found(run: Run) -> Measurement:
    """Whose zebra is it? The share of translations whose coat overlaps the own horse more than any other test horse.

    Figures overlap those of other pictures a little by accident; here chance is 1 / n.
    """
    found, mask = (m.flatten(1).float() for m in (zebra_coat(translated(run)), figure_mask(run)))
    both = found @ mask.T
    overlap = both / (found.sum(1)[:, None] + mask.sum(1)[None, :] - both).clamp_min(1)
    return mean_of("figure found", overlap.argmax(1) == torch.arange(len(mask)), run)


def figure_painted(run: Run) -> Measurement:
    """The share of the figure's pixels that have a zebra's coat in the translation."""
    found, mask = zebra_coat(translated(run)), figure_mask(run)
    return mean_of("figure painted", (found & mask).sum((1, 2, 3)) / mask.sum((1, 2, 3)), run)


def ground_kept(run: Run) -> Measurement:
    """The share of the ground's pixels that have no zebra's coat in the translation."""
    found, mask = zebra_coat(translated(run)), figure_mask(run)
    return mean_of("ground kept", (~found & ~mask).sum((1, 2, 3)) / (~mask).sum((1, 2, 3)), run)


def saddle(images: Tensor) -> Tensor:
    """Where images (N, 3, H, W) are red as a saddle, which no coat and no ground is: (N, 1, H, W)."""
    red, green, blue = F.avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False).split(1, 1)
    return (red - torch.maximum(green, blue)) / 2 > 0.3


def saddle_invented(run: Run) -> Measurement:
    """The share of translations that show a saddle, of at least eight pixels. No horse of A bears one."""
    return mean_of("saddle invented", (saddle(translated(run)).sum((1, 2, 3)) >= 8).float(), run)


def saddle_invented_copy(run: Run) -> Measurement:
    """The same of the inputs: what the measure takes for a saddle without one."""
    shown = saddle(run.dataset.test["A"].images).sum((1, 2, 3)) >= 8
    return mean_of("saddle invented, copy", shown.float(), run)


def figure_readable(run: Run) -> Measurement:
    """Can the figure still be made out, whatever its colours? A linear reader of local colour and contrast (5 × 5
    pixels) is fitted on one half of the translations, by least squares, and tells figure from ground in the other."""
    y, mask = translated(run), figure_mask(run)
    mean = F.avg_pool2d(y, 5, 1, 2, count_include_pad=False)
    contrast = (F.avg_pool2d(y.square(), 5, 1, 2, count_include_pad=False) - mean.square()).clamp_min(0).sqrt()
    features = torch.cat([mean, contrast, mean.square()], 1).permute(0, 2, 3, 1)
    features = (features - features.mean((0, 1, 2))) / features.std((0, 1, 2)).clamp_min(1e-6)
    half = len(y) // 2
    x, wanted = (part[:half].flatten(0, -2) for part in (features, mask.float().permute(0, 2, 3, 1)))
    ridge = 1e-3 * len(x) * torch.eye(x.shape[1])
    reading = features[half:] @ torch.linalg.solve(x.T @ x + ridge, x.T @ (wanted - wanted.mean()))
    on = mask[half:, 0]
    return replace(auc(reading[on][::7, 0], reading[~on][::29, 0]), name="figure readable", seed=run.spec.seed)


def figure_mask(run: Run) -> Tensor:
    return run.dataset.truth["A", "mask"] > 0.5


# A horse whose coat is lost -------------------------------------------------------------------------------------------


def coat_recovered(run: Run) -> Measurement:
    """Of the round trips A → B → A, the share that ends with the coat it began with; with two coats 0.5 is a guess."""
    return _coat_recovered(run, lambda y: y)


def coat_recovered_disturbed(run: Run) -> Measurement:
    """The same when the zebra on the way is rounded to 8 bits and bears white noise of 8 steps of them."""
    return _coat_recovered(run, lambda y: white_noise(rounded(y), NOISE))


def coat_from_truth(run: Run) -> Measurement:
    """The same from the zebra as it should be, the hidden true partner, which says nothing of the coat."""
    return _coat_recovered(run, lambda y: run.dataset.truth["A", "B"])


def coat_brightness(run: Run) -> Measurement:
    """Does the zebra itself show the coat? P(the zebra of a white horse is brighter than that of a brown one); the true
    partners would say 0.5."""
    test, mask = run.dataset.test["A"], figure_mask(run)
    brightness = (translated(run).mean(1, keepdim=True) * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3))
    shown = auc(brightness[test.labels == 1], brightness[test.labels == 0])
    return replace(shown, name="coat brightness", seed=run.spec.seed)


def _coat_recovered(run: Run, on_the_way: Callable[[Tensor], Tensor]) -> Measurement:
    test, mask = run.dataset.test["A"], figure_mask(run)

    def brightness(images: Tensor) -> Tensor:
        return (images.mean(1, keepdim=True) * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3))

    real = brightness(test.images)
    means = torch.stack([real[test.labels == coat].mean() for coat in (0, 1)])
    home = translate_all(run.system, on_the_way(translated(run)), "B", "A", run.spec.seed)
    nearest = (brightness(home)[:, None] - means).abs().argmin(1)
    return mean_of("coat recovered", (nearest == test.labels).float(), run)


MEASURES = named(
    figure_iou,
    figure_found,
    figure_painted,
    ground_kept,
    saddle_invented,
    saddle_invented_copy,
    figure_readable,
    coat_recovered,
    coat_recovered_disturbed,
    coat_from_truth,
    coat_brightness,
)
