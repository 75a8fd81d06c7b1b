"""A few test images of a study's arm, kept beside what it measured, for lessons that have no time to train it.

One PNG an arm, `results/<profile>/<lesson>/<arm>.png`: a row each of real_A, fake_B, rec_A where the system has the way
back, real_B and fake_A; an image a column. Of a system that samples: real and sample; of one that samples pairs:
real_A, fake_A and fake_B. Of one with other ways: the first domain, and each translation of it under its target's name.
8 bits a colour, as any picture; one that would weigh more than `MAX_BYTES` has 256 colours. Images above `LARGEST`
pixels have none: they are shown from the recorded network.
"""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from labkit import paths
from labkit.errors import LabError
from labkit.evaluation import few_shot
from labkit.evaluation.base import translate_all
from labkit.runs.pictures import MAX_BYTES, as_picture, png, read_rows
from labkit.runs.run import Run
from labkit.systems.base import PairSampler, Sampler, Translator

COLUMNS = 10
LARGEST = 96
OF_TRANSLATORS, OF_SAMPLERS = ("real_A", "fake_B", "rec_A", "real_B", "fake_A"), ("real", "sample")
OF_PAIRS = ("real_A", "fake_A", "fake_B")


def path_of(lesson: str, profile: str, arm: str) -> Path:
    return paths.RESULTS / profile / lesson / f"{arm}.png"


def rows(run: Run, columns: int = COLUMNS) -> dict[str, Tensor]:
    """The first `columns` test images of A with their translations and, where there is a way back, the rest; or as many
    test images and samples."""
    if run.spec.system == "funit":  # whose translations need examples
        return few_shot.sample_rows(run, columns)
    test, seed = run.dataset.test, run.spec.seed
    if isinstance(run.system, Sampler):
        return {"real": test["real"].images[:columns], "sample": run.system.sample(columns, seed)}
    if isinstance(run.system, PairSampler):
        fake_A, fake_B = run.system.sample_pairs(columns, seed)
        return {"real_A": test["A"].images[:columns], "fake_A": fake_A, "fake_B": fake_B}
    if ("A", "B") not in run.system.ways():
        first = next(iter(test))
        images, targets = test[first].images[:columns], [dst for src, dst in run.system.ways() if src == first]
        made = {dst: translate_all(run.system, images, first, dst, seed) for dst in targets}
        return {f"real_{first}": images} | made
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
    """Write the rows as one picture. Runs that make no images (points, encoders) have none, and write none."""
    images = next(iter(run.dataset.test.values())).images
    if not isinstance(run.system, Translator | Sampler | PairSampler) or images.ndim != 4 or images.shape[-1] > LARGEST:
        return
    image = as_picture(rows(run, columns).values())
    content = png(image)
    paths.write_atomically(path, content if len(content) <= MAX_BYTES else png(image.quantize(256)))


def load(
    lesson: str, profile: str, arm: str, columns: int = COLUMNS, names: Sequence[str] = OF_TRANSLATORS
) -> dict[str, Tensor]:
    """The rows that `save` wrote: name -> images (columns, C, H, W) in [-1, 1]; empty where there are none."""
    path = path_of(lesson, profile, arm)
    if not path.exists():
        return {}
    return dict(zip(names, read_rows(path, columns), strict=False))
