"""A few test images of a study's arm, kept beside what it measured, for lessons that have no time to train it.

One PNG an arm, `results/<profile>/<lesson>/<arm>.png`: a row each of real_A, fake_B, rec_A where the system has the way
back, real_B and fake_A; an image a column, at most `WIDEST` pixels wide. 8 bits a colour, as any
picture; one that would weigh more than `MAX_BYTES` has 256 colours.
"""

import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from labkit import paths
from labkit.errors import LabError
from labkit.evaluation import few_shot
from labkit.evaluation.base import translate_all
from labkit.runs.run import Run
from labkit.systems.base import Translator

COLUMNS = 10
WIDEST = 256
MAX_BYTES = 100_000


def path_of(lesson: str, profile: str, arm: str) -> Path:
    return paths.RESULTS / profile / lesson / f"{arm}.png"


def rows(run: Run, columns: int = COLUMNS) -> dict[str, Tensor]:
    """The first `columns` test images of A with their translations and, where there is a way back, the rest."""
    if run.spec.system == "funit":  # whose translations need examples
        return few_shot.sample_rows(run, columns)
    test, seed = run.dataset.test, run.spec.seed
    shown = {"real_A": test["A"].images[:columns]}
    shown["fake_B"] = translate_all(run.system, shown["real_A"], seed=seed)
    try:
        shown["rec_A"] = translate_all(run.system, shown["fake_B"], "B", "A", seed)
        shown["real_B"] = test["B"].images[:columns]
        shown["fake_A"] = translate_all(run.system, shown["real_B"], "B", "A", seed)
    except LabError:  # a one-way system says so
        return {name: shown[name] for name in ("real_A", "fake_B")}
    return shown


def save(run: Run, path: Path, columns: int = COLUMNS) -> None:
    """Write the rows as one picture. Runs that translate no images (points, samplers) have none, and write none."""
    if not isinstance(run.system, Translator) or run.dataset.test["A"].images.ndim != 4:
        return
    shown = [adaptive_avg_pool2d(x, WIDEST) if x.shape[-1] > WIDEST else x for x in rows(run, columns).values()]
    picture = torch.cat([torch.cat(list(images), 2) for images in shown], 1)
    pixels = ((picture.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()
    image = Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels)
    content = _png(image)
    paths.write_atomically(path, content if len(content) <= MAX_BYTES else _png(image.quantize(256)))


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def load(lesson: str, profile: str, arm: str, columns: int = COLUMNS) -> dict[str, Tensor]:
    """The rows that `save` wrote: name -> images (columns, C, H, W) in [-1, 1]; empty where there are none."""
    path = path_of(lesson, profile, arm)
    if not path.exists():
        return {}
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB") if image.mode == "P" else image, dtype=np.float32)
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    side = pixels.shape[1] // columns
    picture = torch.from_numpy(pixels / 127.5 - 1).permute(2, 0, 1)
    names = ("real_A", "fake_B", "rec_A", "real_B", "fake_A")
    found = [torch.stack(list(row.split(side, 2))) for row in picture.split(side, 1)]
    return dict(zip(names, found, strict=False))
