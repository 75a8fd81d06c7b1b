"""Do the pictures look like B's? Distances to real images of B in features, in colour and in texture.

`…_copy` is what a translator that does nothing would score. For a GAN, which translates nothing: do its samples look
real, and do they reach every mode?
"""

from dataclasses import replace
from inspect import signature

import torch
from torch import Tensor

from labkit import judges, metrics
from labkit.data.recipes.toy import ring, ring_centres
from labkit.evaluation.base import judge_of, mean_of, named, translate_all, translated
from labkit.judges.attributes import load_attribute_judge
from labkit.metrics import Measurement
from labkit.metrics.appearance import appearance_features
from labkit.metrics.quality import sliced_wasserstein, ssim_loss
from labkit.runs.run import Run


def feature_distance(run: Run) -> Measurement:
    """Fréchet distance between translations A → B and real images of B, in features of B's judge."""
    judge = judge_of(run)
    fake, real = judge.embed(translated(run)), judge.embed(run.dataset.test["B"].images)
    return metrics.frechet_distance(fake, real, judge=judge.name, seed=run.spec.seed)


def digit_distance(run: Run) -> Measurement:
    """Fréchet distance of translations A → B to real images of B in features of the judge of handwriting: the
    discrepancy, for changed handwriting that has no judge of its own."""
    judge = judges.load("optdigits")
    fake, real = judge.embed(translated(run)), judge.embed(run.dataset.test["B"].images)
    return metrics.frechet_distance(fake, real, judge=judge.name, seed=run.spec.seed)


def appearance_distance(run: Run) -> Measurement:
    """Fréchet distance between translations A → B and real images of B, in colour and texture statistics."""
    fake, real = (appearance_features(x) for x in (translated(run), run.dataset.test["B"].images))
    return metrics.frechet_distance(fake, real, judge="appearance", seed=run.spec.seed)


def appearance_distance_copy(run: Run) -> Measurement:
    """The same for images of A as they are: what a translator that does nothing would score."""
    copy, real = (appearance_features(run.dataset.test[key].images) for key in "AB")
    return metrics.frechet_distance(copy, real, judge="appearance", seed=run.spec.seed)


# What need not change -------------------------------------------------------------------------------------------------


def colour_shift(run: Run) -> Measurement:
    """How far the mean colour of an image moves from A to B: mean absolute difference over images and channels."""
    moved = translated(run).mean((2, 3)) - run.dataset.test["A"].images.mean((2, 3))
    return Measurement("colour shift", float(moved.abs().mean()), len(moved), "test", None, run.spec.seed)


def identity_error(run: Run) -> Measurement:
    """Mean absolute difference, in [0, 2], of images of B from what A → B makes of them: what is there already."""
    own = run.dataset.test["B"].images
    return metrics.pixel_error(translate_all(run.system, own, "A", "B", run.spec.seed), own, seed=run.spec.seed)


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
    return mean_of("style distance", sliced_wasserstein(pictures, run.dataset.test["B"].images), run)


def _structure(run: Run, pictures: Tensor) -> Measurement:
    grey = [part.mean(1, keepdim=True) for part in (pictures, run.dataset.test["A"].images)]
    return mean_of("structure kept", 1 - ssim_loss(*grey), run)


# Samples of a GAN -----------------------------------------------------------------------------------------------------


def generated_distance(run: Run) -> Measurement:
    """Fréchet distance between 1,000 samples of a GAN and the real test images, in features of their judge."""
    return _distance_to_real(run, run.system.sample(1000))


def generated_distance_gaussian(run: Run) -> Measurement:
    """The same for 1,000 draws of the Gaussian that has mean and covariance of the training images' pixels."""
    return _distance_to_real(run, gaussian_in_pixels(run.dataset.train["real"].images, 1000))


def generated_distance_train(run: Run) -> Measurement:
    """The same for the first 1,000 training images: as near as real images come."""
    return _distance_to_real(run, run.dataset.train["real"].images[:1000])


def final_generator_loss(run: Run) -> Measurement:
    """What G paid D on average over its last 50 steps: a number that says little about the images."""
    values = run.history.curve("G/adv")[1][-50:]
    return Measurement("final loss of G", sum(values) / len(values), len(values), "training", None, run.spec.seed)


def gaussian_in_pixels(images: Tensor, n: int, seed: int = 0) -> Tensor:
    """n draws (n, C, H, W), cut to [-1, 1], of the Gaussian with mean and covariance of the pixels of `images`.

    `images`: (N, C, H, W). A draw is the mean image plus a random mixture of the images' deviations from it: its
    covariance is theirs.
    """
    mean = images.mean(0)
    weights = torch.randn(n, len(images), generator=torch.Generator().manual_seed(seed)) / (len(images) - 1) ** 0.5
    return (mean + (weights @ (images - mean).flatten(1)).view(n, *mean.shape)).clamp(-1, 1)


def _distance_to_real(run: Run, images: Tensor) -> Measurement:
    real = run.dataset.test["real"]
    judge = load_attribute_judge() if real.name.startswith("portraits") else judges.load(real.name)
    made, features = judge.embed(images), judge.embed(real.images)
    return metrics.frechet_distance(made, features, judge=judge.name, seed=run.spec.seed)


def modes_covered(run: Run) -> Measurement:
    """How many modes of a ring of Gaussians hold 50 or more of a GAN's 2,000 samples: a fifth of their share."""
    centres, std = _ring(run)
    return metrics.modes_covered(run.system.sample(2000), centres, std, least=50, seed=run.spec.seed)


def mode_divergence(run: Run) -> Measurement:
    """How unevenly a GAN's 2,000 samples spread over the modes of a ring of Gaussians, in nats."""
    centres, _ = _ring(run)
    return metrics.mode_divergence(run.system.sample(2000), centres, seed=run.spec.seed)


def _ring(run: Run) -> tuple[Tensor, float]:
    """Centres and standard deviation of the modes, as the run's data settings (or the recipe's defaults) have them."""
    known = {name: p.default for name, p in signature(ring).parameters.items()} | run.spec.data_settings
    return ring_centres(known["modes"], known["radius"]), known["std"]


MEASURES = named(
    feature_distance,
    digit_distance,
    appearance_distance,
    appearance_distance_copy,
    colour_shift,
    identity_error,
    style_distance,
    style_distance_copy,
    style_distance_recoloured,
    style_left,
    structure_kept,
    structure_unrelated,
    generated_distance,
    generated_distance_gaussian,
    generated_distance_train,
    final_generator_loss,
    modes_covered,
    mode_divergence,
)
MEASURES |= {"needless_change": identity_error}  # one number, two names in the records
