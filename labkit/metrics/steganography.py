"""Is something hidden in a translation? Disturb the image halfway through a round trip and see what comes home.

Chu, Zhmoginov, Sandler, "CycleGAN, a master of steganography", 2017, arXiv 1712.02950: where B cannot show all that A
shows, a round trip can only come home if the image in B carries the rest as a faint, high-frequency signal.

Notation: x = real_A, y = G_AB(x) the image on the way, `back` = G_BA. Images are (N, C, H, W) in [-1, 1], where one
step of 8 bits is GREY = 2/255. Disturbed images are not clipped, so that disturbances of equal size stay equal.
"""

import io
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from labkit.losses.reconstruction import l1
from labkit.metrics.base import Measurement

GREY = 2 / 255
Back = Callable[[Tensor], Tensor]


# Disturbances --------------------------------------------------------------------------------------------------------


def white_noise(images: Tensor, rms: float, seed: int = 0) -> Tensor:
    """`images` plus noise that is independent in every pixel; its root mean square is `rms` in every image."""
    generator = torch.Generator().manual_seed(seed)
    return images + _scaled(torch.randn(images.shape, generator=generator).to(images), rms)


def low_frequency_noise(images: Tensor, rms: float, seed: int = 0, cells: int = 4) -> Tensor:
    """`images` plus noise as strong as `white_noise` that varies slowly: `cells`² values, bicubically in between."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(*images.shape[:2], cells, cells, generator=generator).to(images)
    smooth = F.interpolate(coarse, images.shape[-2:], mode="bicubic", align_corners=False)
    return images + _scaled(smooth, rms)


def _scaled(noise: Tensor, rms: float) -> Tensor:
    return noise * (rms / noise.square().mean((1, 2, 3), keepdim=True).sqrt())


def rounded(images: Tensor, levels: int = 256) -> Tensor:
    """`images` rounded to `levels` equally spaced values from -1 to 1: with 256 what any image file does to them."""
    return ((images.clamp(-1, 1) + 1) / 2 * (levels - 1)).round() / (levels - 1) * 2 - 1


def jpeg(images: Tensor, quality: int = 75) -> Tensor:
    """`images` (1 or 3 channels) after being stored as JPEG files of that quality, 1 to 95, and read again."""
    pixels = ((images.detach().cpu().clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    read = []
    for picture in pixels:
        file = io.BytesIO()
        Image.fromarray(picture.squeeze(-1) if picture.shape[-1] == 1 else picture).save(file, "JPEG", quality=quality)
        read.append(np.asarray(Image.open(file)).reshape(picture.shape))
    return (torch.from_numpy(np.stack(read)).permute(0, 3, 1, 2).float() / 127.5 - 1).to(images)


def detail(images: Tensor, radius: int = 2) -> Tensor:
    """What a mean over (2 · radius + 1)² pixels takes away: the high frequencies of `images`."""
    padded = F.pad(images, (radius,) * 4, mode="reflect")
    return images - F.avg_pool2d(padded, 2 * radius + 1, stride=1)


# Measurements --------------------------------------------------------------------------------------------------------


@torch.no_grad()
def reconstruction_ratio(
    back: Back, y: Tensor, disturbed: Tensor, x: Tensor, *, split: str = "test", seed: int | None = None
) -> Measurement:
    """‖back(disturbed) − x‖₁ / ‖back(y) − x‖₁: how many times worse the way home becomes. 1: nothing was disturbed."""
    value = float(l1(back(disturbed), x) / l1(back(y), x))
    return Measurement("reconstruction ratio", value, len(x), split, None, seed)


def on_paper(truth: Tensor) -> Tensor:
    """Where true partners (N, 1, H, W) show their flat paper, which has one grey and fills more than half: booleans."""
    return (truth - truth.median()).abs() < 0.01


def swapped(y: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Every y with the hidden signal of the next one, and where. The signal: what a translation holds beyond its truth.

    Only bare ground is touched, where the true partners of both are paper: (N, C, H, W) images and a mask.
    """
    paper = on_paper(truth)
    bare = paper & paper.roll(-1, 0)
    return torch.where(bare, truth + (y - truth).roll(-1, 0), y), bare


@torch.no_grad()
def signal_swap(
    back: Back, y: Tensor, truth: Tensor, x: Tensor, *, split: str = "test", seed: int | None = None
) -> Measurement:
    """Where does the way home lead with the hidden signal of another image, the donor? Measured on the bare ground.

    0: not towards the donor's x at all; 1: as near to it as the donor's own way home.
    """
    way, bare = swapped(y, truth)
    donor_x = x.roll(-1, 0)
    after, before, best = ((back(z) - donor_x).abs()[bare].mean() for z in (way, y, y.roll(-1, 0)))
    return Measurement("signal swap", float((before - after) / (before - best)), len(x), split, None, seed)


def targeted_signal(back: Back, y: Tensor, target: Tensor, bound: float, steps: int = 60) -> Tensor:
    """A signal δ (N, C, H, W), no pixel beyond ± `bound`, that makes back(y + δ) as like `target` as it can.

    Projected sign-gradient descent on ‖back(y + δ) − target‖₁ (Madry et al. 2018), from δ = 0, step bound / 10.
    """
    delta = torch.zeros_like(y)
    for _ in range(steps):
        delta.requires_grad_(True)
        (gradient,) = torch.autograd.grad(l1(back(y + delta), target), delta)
        delta = (delta.detach() - bound / 10 * gradient.sign()).clamp(-bound, bound)
    return delta


@torch.no_grad()
def steered(
    back: Back, y: Tensor, delta: Tensor, target: Tensor, *, split: str = "test", seed: int | None = None
) -> Measurement:
    """1 − ‖back(y + δ) − target‖₁ / ‖back(y) − target‖₁: the part of the way to `target` that δ steers the way home."""
    value = 1 - float(l1(back(y + delta), target) / l1(back(y), target))
    return Measurement("steered", value, len(y), split, None, seed)
