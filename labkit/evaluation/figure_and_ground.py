"""figure and ground, coats, patches and their places.

Like those, every measure looks at test images only. The figure's mask is a truth that training never sees.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.data import load
from labkit.evaluation.measures import translate_all, translated
from labkit.losses.contrastive import info_nce
from labkit.metrics import Measurement
from labkit.metrics.quality import auc, meaning_auc, severity_correlation, sliced_wasserstein, ssim_loss
from labkit.metrics.steganography import GREY, rounded, white_noise
from labkit.nets.patches import at_places
from labkit.runs.bench import FLIPS, Contender, cost
from labkit.runs.run import Run
from labkit.systems.cut import CUT

NEUTRAL = 0.15  # a zebra's coat differs this little between red and blue, in [0, 1]; gravel is yellow, by 0.27 or more
NOISE = 8 * GREY  # on the way, for the horse whose coat is lost


# Figure and ground ----------------------------------------------------------------------------------------------------


def zebra_coat(images: Tensor) -> Tensor:
    """Where images (N, 3, H, W) are black, white or grey, as a zebra's coat is and B's ground is not: (N, 1, H, W).

    Averaged over 3 × 3 pixels, so that a coloured speck is no other animal.
    """
    warmth = (images[:, :1] - images[:, 2:]) / 2
    return F.avg_pool2d(warmth, 3, stride=1, padding=1, count_include_pad=False).abs() < NEUTRAL


def figure_iou(run: Run) -> Measurement:
    """Is the zebra where the horse was? Coat colour in the translation against the hidden mask: intersection over
    union, mean over the images; 1 is the same figure."""
    found, mask = zebra_coat(translated(run)), _mask(run)
    overlap = (found & mask).sum((1, 2, 3)) / (found | mask).sum((1, 2, 3)).clamp_min(1)
    return _of("figure IoU", overlap, run)


def figure_found(run: Run) -> Measurement:
    """Whose zebra is it? The share of translations whose coat overlaps the own horse more than any other test horse.

    Horses stand near the middle, so that the zebra of another one overlaps by a third as well; here chance is 1 / n.
    """
    found, mask = (m.flatten(1).float() for m in (zebra_coat(translated(run)), _mask(run)))
    both = found @ mask.T
    overlap = both / (found.sum(1)[:, None] + mask.sum(1)[None, :] - both).clamp_min(1)
    return _of("figure found", overlap.argmax(1) == torch.arange(len(mask)), run)


def figure_painted(run: Run) -> Measurement:
    """The share of the figure's pixels that have a zebra's coat in the translation."""
    found, mask = zebra_coat(translated(run)), _mask(run)
    return _of("figure painted", (found & mask).sum((1, 2, 3)) / mask.sum((1, 2, 3)), run)


def ground_kept(run: Run) -> Measurement:
    """The share of the ground's pixels that have no zebra's coat in the translation."""
    found, mask = zebra_coat(translated(run)), _mask(run)
    return _of("ground kept", (~found & ~mask).sum((1, 2, 3)) / (~mask).sum((1, 2, 3)), run)


def figure_readable(run: Run) -> Measurement:
    """Can the figure still be made out, whatever its colours? A linear reader of local colour and contrast (5 × 5
    pixels) is fitted on one half of the translations, by least squares, and tells figure from ground in the other."""
    y, mask = translated(run), _mask(run)
    mean = F.avg_pool2d(y, 5, 1, 2, count_include_pad=False)
    contrast = (F.avg_pool2d(y.square(), 5, 1, 2, count_include_pad=False) - mean.square()).clamp_min(0).sqrt()
    features = torch.cat([mean, contrast, mean.square()], 1).permute(0, 2, 3, 1)
    features = (features - features.mean((0, 1, 2))) / features.std((0, 1, 2)).clamp_min(1e-6)
    half = len(y) // 2
    x, wanted = (part[:half].flatten(0, -2) for part in (features, mask.float().permute(0, 2, 3, 1)))
    ridge = 1e-3 * len(x) * torch.eye(x.shape[1])
    reading = features[half:] @ torch.linalg.solve(x.T @ x + ridge, x.T @ (wanted - wanted.mean()))
    on = mask[half:, 0]
    return replace(auc(reading[on][::7, 0], reading[~on][::29, 0]), name="figure readable", seed=run.spec.seed)


def needless_change(run: Run) -> Measurement:
    """How far images that are in B already are changed by A → B: mean absolute difference, in [0, 2]."""
    own = run.dataset.test["B"].images
    change = (translate_all(run.system, own, seed=run.spec.seed) - own).abs().mean((1, 2, 3))
    return _of("needless change", change, run)


def figure_similarity(run: Run) -> Measurement:
    """Does the encoder tell the figure from the ground? Queries on the figure, last layer: of the pairs of another
    place on the figure and one on the ground, the share in which the former is more like the query; 0.5: a guess."""
    x, each = run.dataset.test["A"].images, []
    with torch.no_grad():
        keys, mask = embedded(run.system, x, -1), _mask(run)
        y = translate_all(run.system, x, seed=run.spec.seed)
        queries = embedded(run.system, y, -1)
        on = F.interpolate(mask.float(), keys.shape[2:], mode="area")
        for q, k, m in zip(queries.flatten(2), keys.flatten(2), on.flatten(1), strict=True):
            figure, ground = m > 0.6, m < 0.1
            for place in figure.nonzero().flatten() if figure.sum() > 1 else ():
                similarity = q[:, place] @ k
                others = figure & (torch.arange(len(m)) != place)  # its own place would be no news
                each.append(auc(similarity[others], similarity[ground]).value)
    return Measurement("figure similarity", sum(each) / len(each), len(x), "test", None, run.spec.seed)


# A horse whose coat is lost -------------------------------------------------------------------------------------------


def coat_recovered(run: Run) -> Measurement:
    """Of the round trips A → B → A, the share that ends with the coat it began with; with two coats 0.5 is a guess."""
    return _coat_recovered(run, lambda y: y)


def coat_recovered_disturbed(run: Run) -> Measurement:
    """The same when the zebra on the way is rounded to 8 bits and bears white noise of 8 steps of them."""
    return _coat_recovered(run, lambda y: white_noise(rounded(y), NOISE))


def coat_from_truth(run: Run) -> Measurement:
    """The same from the zebra as it should be, the hidden true partner, which says nothing of the coat."""
    return _coat_recovered(run, lambda y: run.dataset.truth["A", "B"])


def coat_brightness(run: Run) -> Measurement:
    """Does the zebra itself show the coat? P(the zebra of a white horse is brighter than that of a brown one); the true
    partners would say 0.5."""
    test, mask = run.dataset.test["A"], _mask(run)
    brightness = (translated(run).mean(1, keepdim=True) * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3))
    shown = auc(brightness[test.labels == 1], brightness[test.labels == 0])
    return replace(shown, name="coat brightness", seed=run.spec.seed)


def _coat_recovered(run: Run, on_the_way: Callable[[Tensor], Tensor]) -> Measurement:
    test, mask = run.dataset.test["A"], _mask(run)

    def brightness(images: Tensor) -> Tensor:
        return (images.mean(1, keepdim=True) * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3))

    real = brightness(test.images)
    means = torch.stack([real[test.labels == coat].mean() for coat in (0, 1)])
    home = translate_all(run.system, on_the_way(translated(run)), "B", "A", run.spec.seed)
    nearest = (brightness(home)[:, None] - means).abs().argmin(1)
    return _of("coat recovered", (nearest == test.labels).float(), run)


# One pair of pictures -------------------------------------------------------------------------------------------------


def style_distance(run: Run) -> Measurement:
    """How far the patches of the translation are from those of the picture of B: sliced Wasserstein distance."""
    return _style_distance(run, translated(run))


def style_distance_copy(run: Run) -> Measurement:
    """The same for the picture of A as it is."""
    return _style_distance(run, run.dataset.test["A"].images)


def style_distance_recoloured(run: Run) -> Measurement:
    """The same for the picture of A when each colour channel is brought to B's mean and deviation, and nothing else."""
    x, y = (run.dataset.test[key].images for key in "AB")
    moments = [(part.mean((2, 3), keepdim=True), part.std((2, 3), keepdim=True)) for part in (x, y)]
    (mean_x, std_x), (mean_y, std_y) = moments
    return _style_distance(run, (x - mean_x) / std_x * std_y + mean_y)


def style_left(run: Run) -> Measurement:
    """What the translation leaves of the distance that the picture of A had: 0 is B's patches, 1 no step nearer."""
    distance = style_distance(run)
    return replace(distance, name="style left", value=distance.value / style_distance_copy(run).value)


def structure_kept(run: Run) -> Measurement:
    """Structural similarity of the translation and its picture of A, both in grey; 1 is the same structure."""
    return _structure(run, translated(run))


def structure_unrelated(run: Run) -> Measurement:
    """The same for the picture of B, which shows something else: what two pictures have in common anyway."""
    return _structure(run, run.dataset.test["B"].images)


def _style_distance(run: Run, pictures: Tensor) -> Measurement:
    return _of("style distance", sliced_wasserstein(pictures, run.dataset.test["B"].images), run)


def _structure(run: Run, pictures: Tensor) -> Measurement:
    grey = [part.mean(1, keepdim=True) for part in (pictures, run.dataset.test["A"].images)]
    return _of("structure kept", 1 - ssim_loss(*grey), run)


def step_gflop(run: Run) -> Measurement:
    """Billions of operations of one training step at the run's size of images and batch, counted as for the bench."""
    kinds = FLIPS if run.spec.system == "fastcut" else ({},)
    counted = cost(
        Contender(run.spec.system, run.spec.settings, kinds), run.spec.data_settings["size"], run.spec.batch_size
    )
    return Measurement("GFLOP a step", counted.gflop, 1, "test", None, run.spec.seed)


# Patches --------------------------------------------------------------------------------------------------------------


def embedded(system: CUT, images: Tensor, layer: int) -> Tensor:
    """What CUT's encoder and heads make of every place of one of its layers: unit vectors (N, dim, h, w)."""
    features = system.G_AB.encode(images, system.taps)[layer]
    return system.F.map(range(len(system.taps))[layer], features)


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


def _mask(run: Run) -> Tensor:
    return run.dataset.truth["A", "mask"] > 0.5


def _of(name: str, values: Tensor, run: Run) -> Measurement:
    return Measurement(name, float(values.float().mean()), len(values), "test", None, run.spec.seed)


MEASURES: dict[str, Callable[[Run], Measurement]] = {
    function.__name__: function
    for function in (
        figure_iou,
        figure_found,
        figure_painted,
        ground_kept,
        figure_readable,
        needless_change,
        figure_similarity,
        coat_recovered,
        coat_recovered_disturbed,
        coat_from_truth,
        coat_brightness,
        style_distance,
        style_distance_copy,
        style_distance_recoloured,
        style_left,
        structure_kept,
        structure_unrelated,
        step_gflop,
        quality_correlation,
        quality_auc,
    )
}
