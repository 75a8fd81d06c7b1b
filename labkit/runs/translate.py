"""Translate image files with a finished run."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from labkit.data.files.images import SUFFIXES, fit, read_image
from labkit.errors import LabError
from labkit.progress import Bar
from labkit.runs.run import Run
from labkit.train.seeding import seeded

MULTIPLE = 16  # sides are cut to a multiple of this: the deepest networks halve four times


def translate_files(
    run: Run, source: Path, target: Path, src: str = "A", dst: str = "B", size: int | None = None
) -> tuple[list[Path], list[str]]:
    """Translate the image file `source`, or every image in that folder, into PNG files in `target`.

    An image is scaled so that its shorter side is `size` (by default the side of training), its proportions are kept.
    Returns the files written and one sentence for each file that could not be read; the others are translated all the
    same. Raises LabError where there is nothing to translate.
    """
    size = size or run.spec.data_settings.get("size", 128)
    if size < MULTIPLE:
        raise LabError(f"--size {size}: the smallest side that the networks take is {MULTIPLE} pixels.")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    system = run.system.to(device)
    written, unread = [], []
    sources = _sources(source)
    with Bar("translate", len(sources)) as bar, torch.no_grad(), seeded(run.spec.seed, "translate"):
        for path in sources:
            try:
                image = _to_tensor(fit(read_image(path), size))
            except LabError as error:
                unread.append(str(error))
            else:
                written.append(_save(system.translate(image.to(device), src, dst), target / f"{path.stem}.png"))
            bar.advance()
    return written, unread


def _sources(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise LabError(f"{source}: there is no such file or folder.")
    found = sorted(path for path in source.iterdir() if path.suffix.lower() in SUFFIXES)
    if not found:
        raise LabError(f"{source}: there is no image in this folder (looked for {', '.join(SUFFIXES)}).")
    stems = [path.stem for path in found]
    for stem in stems:
        if stems.count(stem) > 1:
            raise LabError(f"{source}: two images are called {stem}; their translations would overwrite each other.")
    return found


def _to_tensor(image: Image.Image) -> Tensor:
    """RGB to (1, 3, H, W) in [-1, 1], the sides cut centrally to a multiple of 16."""
    width, height = (side - side % MULTIPLE for side in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    pixels = np.asarray(image.crop((left, top, left + width, top + height)), dtype=np.float32)
    return torch.from_numpy(pixels / 127.5 - 1).permute(2, 0, 1)[None]


def _save(image: Tensor, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = ((image[0].clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()
    Image.fromarray(pixels).save(path)
    return path
