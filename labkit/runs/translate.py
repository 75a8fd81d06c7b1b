"""Translate image files with a finished run."""

import hashlib
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from labkit.data.files.images import SUFFIXES, fit, read_image
from labkit.errors import LabError
from labkit.paths import remove_leftovers, write_atomically
from labkit.progress import Bar
from labkit.runs.run import Run
from labkit.systems.base import Translator
from labkit.train.seeding import seeded

MULTIPLE = 16  # sides are cut to a multiple of this: the deepest networks halve four times
MARK = "labkit translation"  # the keyword of the text in a PNG


class Translated(NamedTuple):
    """What became of the files: written now, there from before, and a sentence for each that could not be read."""

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
    A file that cannot be read costs a sentence, the others are translated all the same.

    Every PNG appears whole or not at all, and names in its text what it was made from: the weights, the way, the size
    and the image. One that was made from the same is kept, so that an interrupted command goes on. Any other file of
    that name is replaced with `overwrite` alone. What is random in a translation depends on the file's name and not on
    its neighbours.

    Raises LabError, before anything is written, where there is nothing to translate, where another file is in the way,
    and where a translation would take the place of what it is made from.
    """
    if not isinstance(run.system, Translator):
        raise LabError(f"{run.spec.system} makes no translations: it takes no pictures, or gives none.")
    size = size or run.spec.data_settings.get("size", 128)
    if size < MULTIPLE:
        raise LabError(f"--size {size}: the smallest side that the networks take is {MULTIPLE} pixels.")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    sources = _sources(source)
    weights = _digest(run.folder / "weights.safetensors")
    marks = {path: f"{weights} {src} {dst} {size} {_digest(path)}" for path in sources}
    _demand_own_folder(sources, target)
    made = {path for path in sources if not overwrite and _is_made(_goal(path, target), marks[path])}
    remove_leftovers(target)
    system = run.system.to(device)
    written, unread = [], []
    with Bar("translate", len(sources), len(made)) as bar, torch.no_grad():
        for path in sources:
            if path in made:
                continue
            try:
                image = _to_tensor(fit(read_image(path), size))
            except LabError as error:
                unread.append(str(error))
            else:
                with seeded(run.spec.seed, "translate", path.name):
                    translation = system.translate(image.to(device), src, dst)
                written.append(_save(translation, _goal(path, target), marks[path]))
            bar.advance()
    return Translated(written, [_goal(path, target) for path in sources if path in made], unread)


def _goal(path: Path, target: Path) -> Path:
    return target / f"{path.stem}.png"


def _demand_own_folder(sources: list[Path], target: Path) -> None:
    """Refuse a target that is a file, holds the sources, or holds what a source is a link to."""
    if target.exists() and not target.is_dir():
        raise LabError(f"{target}: the output must be a folder, and this is a file; name another with --output.")
    originals = {_identity(path) for path in sources}
    for path in sources:
        goal = _goal(path, target)
        if target.exists() and target.samefile(path.parent):
            raise LabError(f"{target}: translations do not go among their sources; name another folder with --output.")
        if goal.exists() and _identity(goal) in originals:
            raise LabError(f"{goal}: the translation would overwrite a source; name another folder with --output.")


def _identity(path: Path) -> tuple[int, int]:
    """The same for one file under all its names: links, other cases, ways round."""
    found = path.stat()
    return found.st_dev, found.st_ino


def _is_made(goal: Path, mark: str) -> bool:
    """Whether the translation with that mark is there. Raises LabError for any other file in its place."""
    if not (goal.exists() or goal.is_symlink()):
        return False
    try:
        with Image.open(goal) as image:
            if image.info.get(MARK) == mark:
                return True
    except (OSError, SyntaxError, ValueError):  # no image at all
        pass
    raise LabError(
        f"{goal} is there already and is no translation by this run of this image at this size;"
        " name another folder with --output, or replace what is there with --overwrite."
    )


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _sources(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise LabError(f"{source}: there is no such file or folder.")
    found = sorted(path for path in source.iterdir() if path.suffix.lower() in SUFFIXES)
    if not found:
        raise LabError(f"{source}: there is no image in this folder (looked for {', '.join(SUFFIXES)}).")
    stems = [path.stem.casefold() for path in found]  # as file systems may look at them
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


def _save(image: Tensor, path: Path, mark: str) -> Path:
    pixels = ((image[0].clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()
    text = PngInfo()
    text.add_text(MARK, mark)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", pnginfo=text)
    write_atomically(path, file.getvalue())
    return path
