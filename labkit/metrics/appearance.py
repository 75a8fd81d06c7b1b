"""Features of any photographs, for which no judge was trained: how colourful, how light, how rough, at three scales."""

import torch
from torch import Tensor
from torch.nn import functional as F

SCALES = 3
FEATURES = 8 * SCALES


def appearance_features(images: Tensor) -> Tensor:
    """Colour and texture statistics of images (N, C, H, W) in [-1, 1]: (N, 24).

    At the full, half and quarter size: mean and standard deviation of the three colours, and the mean absolute
    difference between neighbours along rows and along columns. They see how a picture looks, not what it shows. Grey
    images count as three equal colours; sides of at least 8 pixels.
    """
    images = images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images
    statistics = []
    for _ in range(SCALES):
        statistics += [images.mean((2, 3)), images.std((2, 3))]
        statistics += [images.diff(dim=axis).abs().mean((1, 2, 3))[:, None] for axis in (2, 3)]
        images = F.avg_pool2d(images, 2)
    return torch.cat(statistics, 1)
