"""Is this picture still that picture? Full-reference measures of image quality, and distortions to try them on.

Every measure maps pictures and their references, (N, C, H, W) in [-1, 1], to N numbers that grow with the difference.
PSNR and structural similarity (Wang et al. 2004) compare pixel with pixel, window with window, at the same place. The
sliced Wasserstein distance compares the heaps of all patches and knows no places. PatchNCE stands between them: each
patch must be found again at its place, among the other patches of the reference, by a trained encoder.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.losses import contrastive
from labkit.metrics.base import Measurement
from labkit.metrics.steganography import GREY, jpeg, white_noise
from labkit.torchvision_shim import torchvision  # noqa: F401  (before torchmetrics, which imports torchvision)

Measure = Callable[[Tensor, Tensor], Tensor]
LEVELS = (1, 2, 3, 4, 5)  # how hard a picture is distorted


# Measures ------------------------------------------------------------------------------------------------------------


def psnr_loss(pictures: Tensor, references: Tensor) -> Tensor:
    """Minus the peak signal-to-noise ratio in dB, for a range of 2: (N,)."""
    from torchmetrics.functional.image import peak_signal_noise_ratio

    both = (pictures.clamp(-1, 1), references)
    return -peak_signal_noise_ratio(*both, data_range=2.0, reduction="none", dim=(1, 2, 3))


def ssim_loss(pictures: Tensor, references: Tensor) -> Tensor:
    """1 minus the structural similarity (Gaussian windows of 11 px): (N,), from 0."""
    from torchmetrics.functional.image import structural_similarity_index_measure

    both = (pictures.clamp(-1, 1), references)
    return 1 - structural_similarity_index_measure(*both, data_range=2.0, reduction="none")


def sliced_wasserstein(pictures: Tensor, references: Tensor, side: int = 5, directions: int = 64) -> Tensor:
    """Mean distance of the sorted projections of all patches of `side`² pixels on random directions: (N,)."""
    generator = torch.Generator().manual_seed(0)
    axes = torch.randn(directions, pictures.shape[1] * side**2, generator=generator).to(pictures)
    axes = F.normalize(axes, dim=1)
    heaps = [F.unfold(x, side).transpose(1, 2) for x in (pictures, references)]
    return contrastive.sliced_wasserstein(*heaps, axes)


# Distortions ---------------------------------------------------------------------------------------------------------


def _blurred(pictures: Tensor, level: int) -> Tensor:
    """A Gaussian blur of standard deviation level / 2 pixels."""
    from torchvision.transforms.functional import gaussian_blur

    return gaussian_blur(pictures, [4 * level + 1] * 2, [0.5 * level] * 2)


def _faded(pictures: Tensor, level: int) -> Tensor:
    """Contrast reduced towards the mean colour, by 15 % a level."""
    mean = pictures.mean((2, 3), keepdim=True)
    return mean + (1 - 0.15 * level) * (pictures - mean)


DISTORTIONS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "noise": lambda pictures, level: white_noise(pictures, 8 * level * GREY, seed=level),
    "blur": _blurred,
    "JPEG": lambda pictures, level: jpeg(pictures, (60, 35, 20, 10, 5)[level - 1]),
    "fading": _faded,
}


def shifted(pictures: Tensor, pixels: int = 2) -> Tensor:
    """Everything `pixels` to the right and down; the border is reflected. Nothing of what is shown has changed."""
    moved = F.pad(pictures, (pixels, 0, pixels, 0), mode="reflect")
    return moved[:, :, : pictures.shape[2], : pictures.shape[3]]


def replaced(pictures: Tensor, share: float = 3 / 8) -> Tensor:
    """The middle of every picture (a square of `share` of its side) replaced by that of the next: other things show.

    The mean colour of the piece is brought to that of what it covers, so that colour alone does not give it away.
    """
    height, width = (round(share * side) for side in pictures.shape[2:])
    top, left = (pictures.shape[2] - height) // 2, (pictures.shape[3] - width) // 2
    here = (..., slice(top, top + height), slice(left, left + width))
    piece = pictures.roll(1, 0)[here]
    changed = pictures.clone()
    changed[here] = piece - piece.mean((2, 3), keepdim=True) + pictures[here].mean((2, 3), keepdim=True)
    return changed.clamp(-1, 1)


# How good is a measure? ----------------------------------------------------------------------------------------------


def severity_correlation(measure: Measure, references: Tensor) -> dict[str, float]:
    """For each distortion: Spearman's rank correlation of a measure with the level, over all pictures and levels.

    1 would be a measure by which a level means the same in every picture. Within one picture the order is easy.
    """
    from scipy.stats import spearmanr

    levels = torch.tensor(LEVELS).repeat_interleave(len(references))
    found = {}
    for name, distort in DISTORTIONS.items():
        scores = torch.cat([measure(distort(references, level), references) for level in LEVELS])
        found[name] = float(spearmanr(scores.double().numpy(), levels.numpy()).statistic)
    return found


def meaning_auc(measure: Measure, references: Tensor, pixels: int = 2) -> Measurement:
    """How surely a measure tells a replaced middle from a shift by `pixels`: P(replaced scores higher); a guess: ½."""
    worse, harmless = measure(replaced(references), references), measure(shifted(references, pixels), references)
    return auc(worse, harmless)


def auc(higher: Tensor, lower: Tensor) -> Measurement:
    """The area under the ROC curve: P(a draw of `higher` (N,) exceeds one of `lower` (M,)), ties count one half."""
    difference = higher[:, None] - lower[None, :]
    value = (difference > 0).double().mean() + 0.5 * (difference == 0).double().mean()
    return Measurement("AUC", float(value), min(len(higher), len(lower)))
