"""Translate image files with a finished run."""

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from labkit.data.files.images import SUFFIXES, fit, read_image
from labkit.errors import LabError
from labkit.paths import write_atomically
from labkit.progress import Bar
from labkit.runs.run import Run
from labkit.train.seeding import seeded

MULTIPLE = 16  # sides are cut to a multiple of this: the deepest networks halve four times


class Translated(NamedTuple):
    """What became of the files: written now, kept from before, and a sentence for each that could not be read."""

    written: list[Path]
    kept: list[Path]
    unread: list[str]


def translate_files(
    run: Run,
    source: Path,
    target: Path,
    src: str = "A",
    dst: str = "B",
    size: int | None = None,
    overwrite: bool = False,
) -> Translated:
    """Translate the image file `source`, or every image in that folder, into PNG files in `target`.

    An image is scaled so that its shorter side is `size` (by default the side of training), its proportions are kept.
    A file that is in `target` already is kept, so that an interrupted command goes on; `overwrite` makes it anew. Every
    file appears whole or not at all. A file that cannot be read costs a sentence, the others are translated all the
    same. Raises LabError where there is nothing to translate, and where a translation would take its source's place.
    """
    size = size or run.spec.data_settings.get("size", 128)
    if size < MULTIPLE:
        raise LabError(f"--size {size}: the smallest side that the networks take is {MULTIPLE} pixels.")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    sources = _sources(source)
    goals = {path: target / f"{path.stem}.png" for path in sources}
    _demand_room(target, goals)
    system = run.system.to(device)
    written, kept, unread = [], [], []
    with Bar("translate", len(sources)) as bar, torch.no_grad(), seeded(run.spec.seed, "translate"):
        for path, goal in goals.items():
            if goal.exists() and not overwrite:
                kept.append(goal)
                bar.advance()
                continue
            try:
                image = _to_tensor(fit(read_image(path), size))
            except LabError as error:
                unread.append(str(error))
            else:
                _save(system.translate(image.to(device), src, dst), goal)
                written.append(goal)
            bar.advance()
    return Translated(written, kept, unread)


def _demand_room(target: Path, goals: Mapping[Path, Path]) -> None:
    """Refuse a target that is a file, and translations that would overwrite what they are made from."""
    if target.exists() and not target.is_dir():
        raise LabError(f"{target}: the output must be a folder, and this is a file; name another.")
    originals = {os.stat(path).st_ino: path for path in goals}  # the same file under any name: links, other case
    for path, goal in goals.items():
        if goal.exists() and os.path.samefile(goal, originals.get(os.stat(goal).st_ino, path)):
            raise LabError(f"{goal}: the translation would overwrite its source; name another folder with --output.")


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


def _save(image: Tensor, path: Path) -> None:
    pixels = ((image[0].clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    write_atomically(path, file.getvalue())
