"""Are two collections of photographs alike? KID and Fréchet distance in the features of the judge of photographs.

The judge (`labkit.judges.photographs`) looks at 64 px: pictures of another size, translations and real ones alike, are
scaled to it with antialiasing. How they are scaled shows in the features, so compare only runs tested at one size. A
measurement names the judge with the checksum of its weights, and distances in the features of two judges are never
compared. `photo_fid` is therefore not the FID of the papers, which takes Inception's features: that is `inception_fid`,
where its weights are on this machine.

KID takes all pictures in a single subset, and is unbiased: its mean does not depend on their number. The Fréchet
distance is biased upwards, the more the fewer pictures there are: compare only values of equal n, first of all with
`photo_fid_floor`. The name of a measurement says how many pictures were set against how many.

Beside each distance of the translations A → B from B's test pictures stand those of A's test pictures as they are
(`…_copy`), of the same with their channels at the mean and deviation of B's training pictures (`…_recoloured`), and of
real pictures: `…_floor` is what a perfect translator would score, `…_halves` what chance does. Where a set has test
photographs that no figure may show (`truth["A", "unshown"]`), those are measured.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from labkit import metrics
from labkit.data.domain import Domain, FolderDomain
from labkit.errors import LabError
from labkit.evaluation.base import Measure, Pictures, copied, recoloured, translated
from labkit.judges.photographs import load_photograph_judge
from labkit.metrics import Measurement
from labkit.metrics.pretrained import inception_distance
from labkit.runs.run import Run

RECIPES = ("cyclegan_folders", "two_folders", "photos_to_paintings")  # their pictures are photographs, as a rule
FLOOR_DRAWS = 20  # choices of training pictures, over which the floor is a mean
HALVINGS = 200
PART = 250  # pictures that are decoded together

Distance = Callable[..., Measurement]  # of two sets of features


def photo_distance(run: Run, distance: Distance, pictures: Pictures = translated) -> Measurement:
    """The distance of `pictures`, by default the translations A → B, from B's test pictures."""
    run = _with_unshown(run)
    real = _embedded(run, run.dataset.test["B"])
    return _between(run, distance, load_photograph_judge().embed(pictures(run, "A", "B")), real)


def photo_floor(run: Run, distance: Distance) -> Measurement:
    """The distance of training pictures of B, as many as A has test pictures, from B's test pictures: mean over draws.

    They are scaled as test pictures are. Those of horse2zebra and monet2photo the judge was trained on.
    """
    run = _with_unshown(run)
    train, test = run.dataset.train["B"], run.dataset.test["B"]
    if isinstance(train, FolderDomain):  # whole pictures, not crops of them
        train = FolderDomain(train.name, train.paths, test.take([0]).shape[-1], channels=train.channels)
    known, real = _embedded(run, train), _embedded(run, test)
    n = min(len(run.dataset.test["A"]), len(known))
    found = [_between(run, distance, known[_order(len(known), draw)[:n]], real) for draw in range(FLOOR_DRAWS)]
    value = float(np.mean([each.value for each in found]))
    return replace(found[0], name=f"{found[0].name}, mean of {FLOOR_DRAWS} draws", value=value, split="train and test")


def photo_halves(run: Run, distance: Distance) -> Measurement:
    """The distance that 95 % of the random halvings of B's test pictures stay below, half against half.

    What is smaller cannot be told from chance at this n. Raises LabError where B has fewer than four test pictures.
    """
    real = _embedded(run, run.dataset.test["B"])
    half = len(real) // 2
    if half < 2:
        raise LabError(f"{run.folder}: of {len(real)} test pictures of B there are no two halves to compare.")
    orders = [_order(len(real), halving) for halving in range(HALVINGS)]
    found = [_between(run, distance, real[order[:half]], real[order[half : 2 * half]]) for order in orders]
    value = float(np.quantile([each.value for each in found], 0.95))
    return replace(found[0], name=f"{found[0].name}, above 95 % of {HALVINGS} halvings", value=value)


def inception_fid(run: Run, pictures: Pictures = translated) -> Measurement:
    """FID as papers quote it. Raises LabError where Inception's weights are not on this machine."""
    fake, real = pictures(run, "A", "B"), run.dataset.test["B"].images
    return _counted(inception_distance(fake, real, seed=run.spec.seed), fake, real)


def fitting(run: Run) -> list[str]:
    """The measures of this question for photographs in colour, at least two test pictures a domain; else none."""
    test = run.dataset.test.values()
    if run.spec.data not in RECIPES or any(len(each) < 2 or each.take([0]).shape[1] != 3 for each in test):
        return []
    return ["photo_kid", "photo_kid_copy", "photo_kid_floor"]


def _with_unshown(run: Run) -> Run:
    """The run with the photographs that no figure shows as A's test pictures, where there are such."""
    unshown = run.dataset.truth.get(("A", "unshown"))
    if unshown is None:
        return run
    other = replace(run)
    vars(other)["dataset"] = replace(run.dataset, test=run.dataset.test | {"A": Domain("unshown", unshown)})
    return other


def _embedded(run: Run, domain: Domain | FolderDomain) -> Tensor:
    """The judge's features of all pictures of a domain, (N, 64), a part at a time. LabError for grey ones."""
    if domain.take([0]).shape[1] != 3:
        raise LabError(f"{run.folder}: the judge of photographs looks at pictures in colour, and these are grey.")
    indices = range(len(domain))
    parts = (domain.take(indices[start : start + PART]) for start in range(0, len(domain), PART))
    return torch.cat([load_photograph_judge().embed(part) for part in parts])


def _between(run: Run, distance: Distance, fake: Tensor, real: Tensor) -> Measurement:
    judge = load_photograph_judge().name
    return _counted(distance(fake, real, judge=judge, seed=run.spec.seed), fake, real)


def _counted(found: Measurement, fake: Tensor, real: Tensor) -> Measurement:
    return replace(found, name=f"{found.name}, {len(fake)} against {len(real)}")


def _order(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng([seed, 0xF107]).permutation(n)


DISTANCES = {"kid": metrics.kid, "fid": metrics.frechet_distance}
STANDINS = {"": translated, "_copy": copied, "_recoloured": recoloured}
MEASURES: dict[str, Measure] = {
    f"photo_{kind}{ending}": partial(photo_distance, distance=distance, pictures=pictures)
    for kind, distance in DISTANCES.items()
    for ending, pictures in STANDINS.items()
}
MEASURES |= {f"photo_{kind}_floor": partial(photo_floor, distance=distance) for kind, distance in DISTANCES.items()}
MEASURES |= {f"photo_{kind}_halves": partial(photo_halves, distance=distance) for kind, distance in DISTANCES.items()}
MEASURES |= {f"inception_fid{ending}": partial(inception_fid, pictures=each) for ending, each in STANDINS.items()}
