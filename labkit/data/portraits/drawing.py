"""Draw faces, once a machine: pictures are kept in the cache, and whoever asks for them again finds them there."""

import hashlib
import io
import json
import os
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version

import numpy as np
import torch
from filelock import FileLock
from PIL import Image
from torch import Tensor

from labkit.data.portraits.faces import Face
from labkit.data.portraits.styles import STYLES
from labkit.errors import LabError
from labkit.paths import cache_dir, write_atomically
from labkit.progress import Bar

SIZES = (32, 48, 64, 128)


def drawn(style: str, people: Sequence[Face], size: int, label: str = "portraits") -> Tensor:
    """The faces in a drawing style: (N, 3, size, size) float32 in [-1, 1].

    The first call with these faces draws them (about 7 ms each at 64 px, with a progress bar) and keeps them in the
    cache; a damaged file there is drawn again. Raises LabError for an unknown style or size.
    """
    if style not in STYLES:
        raise LabError(f"there is no drawing style '{style}'; there are {', '.join(STYLES)}.")
    if size not in SIZES:
        raise LabError(f"portraits are drawn at {', '.join(map(str, SIZES))} px, not at {size}.")
    options = [STYLES[style].options(face) for face in people]
    file = cache_dir() / "portraits" / f"{style}-{size}-{len(people)}-{_key(style, options)}.npy"
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock")):  # notebooks that run side by side draw them once
        pixels = _kept(file, (len(people), size, size, 3))
        if pixels is None:
            pixels = _draw(style, options, size, label)
            content = io.BytesIO()
            np.save(content, pixels, allow_pickle=False)
            write_atomically(file, content.getvalue())
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous().float().div_(127.5).sub_(1)


def _key(style: str, options: Sequence[dict]) -> str:
    """Sixteen hexadecimal digits that change with the faces, the palette, the style and the packages that draw."""
    packages = {name: version(name) for name in ("dicebear-core", "dicebear-styles", "resvg-py", "pillow")}
    content = json.dumps([packages, style, options], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _kept(file: os.PathLike, shape: tuple[int, ...]) -> np.ndarray | None:
    """The pictures in a cache file; None where there is none, or where it does not hold what it should."""
    try:
        pixels = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return pixels if pixels.shape == shape and pixels.dtype == np.uint8 else None


def _draw(style: str, options: Sequence[dict], size: int, label: str) -> np.ndarray:
    import resvg_py
    from dicebear import Avatar

    definition, pictures = _checked(style), []
    with Bar(label, len(options)) as bar:
        for own in options:
            svg = Avatar(definition, {"seed": "0", "size": size, **own}).to_string()
            png = resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size, skip_system_fonts=True)
            with Image.open(io.BytesIO(bytes(png))) as image:
                pictures.append(np.asarray(image.convert("RGB")))
            bar.advance()
    return np.stack(pictures)


@cache
def _checked(style: str):
    """The style as dicebear-core takes it; its check of the whole file takes a second."""
    from dicebear import Style

    return Style(STYLES[style].definition)


def outlines(images: Tensor, threshold: float = 0.18) -> Tensor:
    """One-pixel dark lines on white where colours meet: (N, 3, H, W) in [-1, 1] to the same shape, values -1 and 1.

    A pixel is ink where it differs from its right or lower neighbour by more than `threshold` in some channel.
    """
    right = (images[:, :, :, 1:] - images[:, :, :, :-1]).abs().amax(1, keepdim=True)
    below = (images[:, :, 1:] - images[:, :, :-1]).abs().amax(1, keepdim=True)
    edge = torch.zeros_like(images[:, :1])
    edge[:, :, :, :-1] = right
    edge[:, :, :-1] = torch.maximum(edge[:, :, :-1], below)
    return torch.where(edge > threshold, -1.0, 1.0).expand_as(images).contiguous()
