"""Rows of images as one small picture file, and back: 8 bits a colour, nothing between the images."""

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

WIDEST = 256  # pixels of an image in a picture
MAX_BYTES = 100_000


def as_picture(rows: Iterable[Tensor]) -> Image.Image:
    """Rows of images (columns, C, H, W) in [-1, 1], below each other; images wider than `WIDEST` are scaled down."""
    shown = [adaptive_avg_pool2d(row, WIDEST) if row.shape[-1] > WIDEST else row for row in rows]
    channels = max(row.shape[1] for row in shown)  # a grey row beside coloured ones
    picture = torch.cat([torch.cat(list(row.expand(-1, channels, -1, -1)), 2) for row in shown], 1)
    pixels = ((picture.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()
    return Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels)


def read_rows(path: Path, columns: int) -> list[Tensor]:
    """The rows of a picture file: tensors (columns, C, H, W) in [-1, 1]."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB") if image.mode == "P" else image, dtype=np.float32)
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    side = pixels.shape[1] // columns
    picture = torch.from_numpy(pixels / 127.5 - 1).permute(2, 0, 1)
    return [torch.stack(list(row.split(side, 2))) for row in picture.split(side, 1)]


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def jpeg(image: Image.Image) -> bytes:
    """As good as fits into `MAX_BYTES`; half as large where nothing fits."""
    for quality in (92, 85, 75, 65):
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality, optimize=True)
        if file.tell() <= MAX_BYTES:
            return file.getvalue()
    return jpeg(image.reduce(2))
