"""Random views: what a contrastive method is told to ignore.

Every image of a batch has its own draws, made all at once on the batch's device from torch's global generator. The
training loop seeds that generator from (seed, step), so a resumed run sees the same views.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Augmentation:
    """A family of random views; the default changes nothing. "Largest" means either way: up or down, left or right."""

    area: tuple[float, float] = (1.0, 1.0)  # share of the area that a crop keeps; above 1 the image shrinks instead
    aspect: float = 1.0  # largest ratio of a crop's sides
    shift: float = 0.0  # largest shift beyond the crop's place, as a share of the side
    degrees: float = 0.0  # largest rotation
    shear: float = 0.0  # largest shear, as a tangent
    flip: float = 0.0  # chance of a mirror image
    jitter: float = 0.0  # chance that the next four are applied
    brightness: float = 0.0  # largest change, as a share
    contrast: float = 0.0  # the same
    saturation: float = 0.0  # the same (colour images only)
    hue: float = 0.0  # largest turn, as a share of the colour circle (colour images only)
    grey: float = 0.0  # chance of losing all colour
    blur: float = 0.0  # chance of a Gaussian blur
    blur_width: float = 0.0  # its largest standard deviation, as a share of the side
    noise: float = 0.0  # standard deviation of pixel noise


AUGMENTATIONS = {
    "none": Augmentation(),
    # What does not change which digit it is. A crop of half a 9 is a 0, and a mirrored 2 no digit: so neither is here.
    "digits": Augmentation(
        area=(0.8, 1.4), aspect=1.25, shift=0.1, degrees=20.0, shear=0.3, jitter=0.8, brightness=0.2, contrast=0.2,
        blur=0.5, blur_width=0.04, noise=0.05,
    ),
    # SimCLR, appendix A, strength 1. Hue and saturation turn and stretch the chroma plane of YIQ instead of HSV.
    "photos": Augmentation(
        area=(0.08, 1.0), aspect=4 / 3, flip=0.5, jitter=0.8, brightness=0.8, contrast=0.8, saturation=0.8, hue=0.2,
        grey=0.2, blur=0.5, blur_width=2 / 224,
    ),
    # MoCo, section 3.3, after Wu et al. 2018 (arXiv 1805.01978): larger crops, no blur, and a jitter that is always
    # there, weaker but for hues, which it turns twice as far.
    "photos_moco": Augmentation(
        area=(0.2, 1.0), aspect=4 / 3, flip=0.5, jitter=1.0, brightness=0.4, contrast=0.4, saturation=0.4, hue=0.4,
        grey=0.2,
    ),
    # Of portraits: another frame, other colours (any hue), or both.
    "crops": Augmentation(area=(0.4, 1.0), aspect=4 / 3, flip=0.5),
    "colours": Augmentation(jitter=1.0, brightness=0.4, contrast=0.4, saturation=0.8, hue=0.5, grey=0.5),
    "crops_and_colours": Augmentation(
        area=(0.4, 1.0), aspect=4 / 3, flip=0.5, jitter=1.0, brightness=0.4, contrast=0.4, saturation=0.8, hue=0.5,
        grey=0.5,
    ),
}  # fmt: skip


def random_view(images: Tensor, augmentation: Augmentation) -> Tensor:
    """One random view of every image: (B, C, H, W) in [-1, 1] to the same shape and range."""
    a = augmentation
    views = _moved(images, a)
    if a.jitter:
        views = _where(a.jitter, _recoloured(views, a), views)
    if a.grey and images.shape[1] == 3:
        views = _where(a.grey, _luma(views).expand_as(views), views)
    if a.blur:
        views = _where(a.blur, _blurred(views, a.blur_width * images.shape[-1]), views)
    if a.noise:
        views = views + a.noise * torch.randn_like(views)
    return views.clamp(-1, 1)


def _uniform(low: float, high: float, like: Tensor) -> Tensor:
    """One number an image, (B,)."""
    return low + (high - low) * torch.rand(len(like), device=like.device)


def _where(chance: float, changed: Tensor, unchanged: Tensor) -> Tensor:
    drawn = torch.rand(len(changed), 1, 1, 1, device=changed.device) < chance
    return torch.where(drawn, changed, unchanged)


def _moved(x: Tensor, a: Augmentation) -> Tensor:
    """Crop (or shrink), turn, shear, shift and mirror in one resampling; what lies outside takes the border's value."""
    side = _uniform(*a.area, x).sqrt()
    stretch = (_uniform(-1, 1, x) * math.log(a.aspect) / 2).exp()
    width, height = side * stretch, side / stretch
    angle, shear = _uniform(-1, 1, x) * math.radians(a.degrees), _uniform(-1, 1, x) * a.shear
    mirrored = torch.where(_uniform(0, 1, x) < a.flip, -1.0, 1.0)
    cos, sin = angle.cos(), angle.sin()
    # Rows of the matrix that takes a place in the view to a place in the image, both in [-1, 1]
    top = torch.stack([mirrored * width * cos, height * (shear * cos - sin), _place(width, a.shift, x)], 1)
    bottom = torch.stack([mirrored * width * sin, height * (shear * sin + cos), _place(height, a.shift, x)], 1)
    grid = F.affine_grid(torch.stack([top, bottom], 1), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _place(extent: Tensor, shift: float, x: Tensor) -> Tensor:
    """Where along one axis a crop of that extent lies: inside the image, then moved by up to `shift` of the side."""
    return _uniform(-1, 1, x) * (1 - extent).clamp(min=0) + _uniform(-1, 1, x) * 2 * shift


def _luma(x: Tensor) -> Tensor:
    weights = torch.tensor([0.299, 0.587, 0.114], device=x.device)
    return (x * weights[:, None, None]).sum(1, keepdim=True)


# To luma and two chroma axes (YIQ), in which a change of saturation is a scaling and a change of hue a rotation
RGB_TO_YIQ = ((0.299, 0.587, 0.114), (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))


def _recoloured(x: Tensor, a: Augmentation) -> Tensor:
    x = (x + 1) / 2
    x = (x * _factor(a.brightness, x)).clamp(0, 1)
    grey = _luma(x) if x.shape[1] == 3 else x
    mean = grey.mean((1, 2, 3), keepdim=True)
    x = (mean + (x - mean) * _factor(a.contrast, x)).clamp(0, 1)
    if x.shape[1] == 3 and (a.saturation or a.hue):
        turn, zero = _uniform(-1, 1, x) * 2 * math.pi * a.hue, torch.zeros(len(x), device=x.device)
        scale, one = _factor(a.saturation, x).flatten(), torch.ones(len(x), device=x.device)
        chroma = torch.stack(
            [
                one,
                zero,
                zero,
                zero,
                scale * turn.cos(),
                -scale * turn.sin(),
                zero,
                scale * turn.sin(),
                scale * turn.cos(),
            ],
            1,
        ).reshape(-1, 3, 3)
        there = torch.tensor(RGB_TO_YIQ, device=x.device)
        x = torch.einsum("bij,bjhw->bihw", torch.linalg.inv(there) @ chroma @ there, x).clamp(0, 1)
    return x * 2 - 1


def _factor(change: float, x: Tensor) -> Tensor:
    return _uniform(max(0.0, 1 - change), 1 + change, x)[:, None, None, None]


def _blurred(x: Tensor, largest: float) -> Tensor:
    """Gaussian blur, standard deviation 0.1 to `largest` pixels, its own for every image, one axis at a time."""
    radius = max(1, math.ceil(2 * largest))
    sigma = _uniform(0.1, max(largest, 0.1), x)
    offsets = torch.arange(-radius, radius + 1, device=x.device)
    weights = (-(offsets**2) / (2 * sigma[:, None] ** 2)).softmax(1)  # (B, 2 radius + 1)
    for axis in (2, 3):
        length = x.shape[axis]
        padded = F.pad(x, (0, 0, radius, radius) if axis == 2 else (radius, radius, 0, 0), mode="replicate")
        parts = (weights[:, i, None, None, None] * padded.narrow(axis, i, length) for i in range(len(offsets)))
        x = sum(parts)
    return x
