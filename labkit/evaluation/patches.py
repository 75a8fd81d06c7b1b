"""What do the patches of CUT's encoder tell? The figure from the ground, and a good picture from a distorted one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.data import load
from labkit.evaluation.base import named, translate_all
from labkit.evaluation.figure_and_ground import figure_mask
from labkit.losses.contrastive import info_nce
from labkit.metrics import Measurement
from labkit.metrics.quality import auc, meaning_auc, severity_correlation
from labkit.nets.patches import at_places
from labkit.runs.run import Run, new_system
from labkit.systems.cut import CUT


def embedded(system: CUT, images: Tensor, layer: int) -> Tensor:
    """What CUT's encoder and heads make of every place of one of its layers: unit vectors (N, dim, h, w)."""
    features = system.G_AB.encode(images, system.taps)[layer]
    return system.F.map(range(len(system.taps))[layer], features)


def pixels(system: CUT, images: Tensor, layer: int) -> Tensor:
    """Each pixel's colour as a unit vector, in the size of that layer's map: what needs no encoder."""
    side = system.G_AB.encode(images[:1], system.taps)[layer].shape[2:]
    return F.normalize(F.interpolate(images, side, mode="area"), dim=1)


def untrained(run: Run) -> CUT:
    """The system of a run as it was before its first step."""
    return new_system(run.spec).eval()


def figure_similarity(run: Run, encoder: CUT | None = None, look: Callable = embedded) -> Measurement:
    """Does the encoder tell the figure from the ground? Queries on the figure, last layer: of the pairs of another
    place on the figure and one on the ground, the share in which the former is more like the query; 0.5: a guess.

    encoder: whose layers look at the pictures; by default the run's. The pictures are the run's in any case.
    """
    x, each = run.dataset.test["A"].images, []
    with torch.no_grad():
        keys, mask = look(encoder or run.system, x, -1), figure_mask(run)
        y = translate_all(run.system, x, seed=run.spec.seed)
        queries = look(encoder or run.system, y, -1)
        on = F.interpolate(mask.float(), keys.shape[2:], mode="area")
        for q, k, m in zip(queries.flatten(2), keys.flatten(2), on.flatten(1), strict=True):
            figure, ground = m > 0.6, m < 0.1
            for place in figure.nonzero().flatten() if figure.sum() > 1 else ():
                similarity = q[:, place] @ k
                others = figure & (torch.arange(len(m)) != place)  # its own place would be no news
                each.append(auc(similarity[others], similarity[ground]).value)
    return Measurement("figure similarity", sum(each) / len(each), len(x), "test", None, run.spec.seed)


def figure_similarity_untrained(run: Run) -> Measurement:
    """The same by an encoder that was never trained: what its shape alone sees."""
    return figure_similarity(run, untrained(run))


def figure_similarity_pixels(run: Run) -> Measurement:
    """The same by colours alone."""
    return figure_similarity(run, look=pixels)


# PatchNCE as a measure of quality -------------------------------------------------------------------------------------


@torch.no_grad()
def patch_nce_scores(
    system: CUT, pictures: Tensor, references: Tensor, places: int = 128, layers: Sequence[int] | None = None
) -> Tensor:
    """PatchNCE as a measure of quality: (N,), how badly the patches of a picture find their places in its reference.

    The same `places` in each picture, spread evenly over every layer; the mean over `layers` (default: all).
    """
    s, total = system.settings, 0.0
    maps = [system.G_AB.encode(images, system.taps) for images in (pictures, references)]
    spread = [
        torch.linspace(0, m.shape[2] * m.shape[3] - 1, min(places, m.shape[2] * m.shape[3])).long() for m in maps[0]
    ]
    query, key = (system.F([at_places(m, p) for m, p in zip(part, spread, strict=True)]) for part in maps)
    layers = range(len(query)) if layers is None else layers
    for q, k in ((query[layer], key[layer]) for layer in layers):
        own = torch.eye(k.shape[1], dtype=torch.bool).expand(len(k), -1, -1)
        total = total + info_nce(q, k, k, s.tau, own, reduction="none").mean(1)
    return total / len(layers)


def quality_pictures() -> Tensor:
    """Crops of photographs that no training of this lesson sees, for trying measures of quality: (30, 3, 64, 64)."""
    return (
        load("photo_crops", {"size": 64, "n_train": 2, "n_test": 30, "held_out": ["cat", "coffee"]}).test["real"].images
    )


def quality_correlation(run: Run) -> Measurement:
    """Spearman's rank correlation of PatchNCE, by the run's encoder, with the level of distortions; mean over kinds."""
    pictures = quality_pictures()
    found = severity_correlation(partial(patch_nce_scores, run.system), pictures)
    value = sum(found.values()) / len(found)
    return Measurement("quality correlation", value, len(pictures), "test", None, run.spec.seed)


def quality_auc(run: Run) -> Measurement:
    """How surely PatchNCE, by the run's encoder, tells a replaced middle from a 2-pixel shift; 0.5 is a guess."""
    return replace(meaning_auc(partial(patch_nce_scores, run.system), quality_pictures()), seed=run.spec.seed)


MEASURES = named(
    figure_similarity,
    figure_similarity_untrained,
    figure_similarity_pixels,
    quality_correlation,
    quality_auc,
)
