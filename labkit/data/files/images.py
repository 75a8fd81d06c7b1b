"""Read one image file of any sort as RGB, or say in one sentence why it cannot be read."""

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from labkit.errors import LabError

MAX_PIXELS = 100_000_000  # a 10,000 x 10,000 picture; more is a mistake or a decompression bomb
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".ppm", ".pgm", ".gif", ".tif", ".tiff", ".webp")


def read_image(path: Path, shorter_side: int | None = None) -> Image.Image:
    """The picture in the file `path` as an RGB image, turned upright by its EXIF tag.

    Grey, palette and CMYK images are converted to RGB, 16-bit grey is scaled to 8 bits, transparent parts are laid on
    white, and of an animation the first frame is taken. With `shorter_side` a large JPEG may be decoded smaller, which
    is much faster, as long as its shorter side keeps at least that length.
    Raises LabError, naming the file, where it is missing, truncated, not an image, or larger than `MAX_PIXELS`.
    """
    with _opened(path) as image:
        if shorter_side is not None:
            image.draft(None, (shorter_side, shorter_side))
        image.load()
        return _to_rgb(ImageOps.exif_transpose(image))


def check_header(path: Path) -> None:
    """Look at the first bytes of a file: LabError where it is no image, or too large. Truncation shows later."""
    with _opened(path):
        pass


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The opened file; whatever Pillow finds wrong with it, now or while it is read, becomes a sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # MAX_PIXELS decides
            image = Image.open(path)
        with image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise LabError(
                    f"{path}: {width} x {height} pixels are more than labkit reads ({MAX_PIXELS:,}); make it smaller."
                )
            yield image
    except FileNotFoundError:
        raise LabError(f"{path}: there is no such file.") from None
    except Image.DecompressionBombError:
        raise LabError(f"{path}: the picture is too large to be read safely; make it smaller.") from None
    except UnidentifiedImageError:
        raise LabError(f"{path}: this is not an image that Pillow can read; remove it or save it again.") from None
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:  # Pillow's ways to report damage
        reason = str(error).rstrip(".") or type(error).__name__
        raise LabError(f"{path}: the image is damaged or unreadable ({reason}); replace or remove it.") from None


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep_grey(image)
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(ground, image).convert("RGB")
    return image.convert("RGB")


def _from_deep_grey(image: Image.Image) -> Image.Image:
    """16-bit (or wider) grey to RGB. Pillow's own convert("RGB") clips at 255, which turns such images white."""
    values = np.asarray(image, dtype=np.float64)
    top = 65535.0 if image.mode != "F" else max(1.0, float(np.nanmax(values, initial=0.0)))
    grey = np.nan_to_num(np.clip(values / top, 0.0, 1.0)) * 255.0
    return Image.fromarray(grey.round().astype(np.uint8)).convert("RGB")


def fit(image: Image.Image, size: int) -> Image.Image:
    """`image` scaled (bicubic, antialiased) so that its shorter side is `size`; its proportions are kept."""
    width, height = image.size
    scale = size / min(width, height)
    target = (max(size, round(width * scale)), max(size, round(height * scale)))
    return image if target == image.size else image.resize(target, Image.Resampling.BICUBIC)
