"""Metrics. Each returns a `Measurement`: the value with its n, split, judge and seed."""

from labkit.metrics.base import Measurement, over_seeds
from labkit.metrics.classes import class_histogram_divergence, label_accuracy, matched_label_accuracy
from labkit.metrics.distributions import frechet_distance, kid
from labkit.metrics.diversity import pairwise_diversity
from labkit.metrics.modes import high_quality_fraction, mode_divergence, modes_covered
from labkit.metrics.paired import matched_palette_accuracy, palette_accuracy, pixel_error
from labkit.metrics.pairs import PairScores, pair_scores
from labkit.metrics.probe import linear_pictures, linear_probe, linear_reconstruction
from labkit.metrics.scores import conditional_inception_score, inception_score

__all__ = [
    "PairScores",
    "linear_pictures",
    "linear_probe",
    "linear_reconstruction",
    "pair_scores",
    "Measurement",
    "class_histogram_divergence",
    "conditional_inception_score",
    "frechet_distance",
    "high_quality_fraction",
    "inception_score",
    "kid",
    "label_accuracy",
    "matched_label_accuracy",
    "matched_palette_accuracy",
    "mode_divergence",
    "modes_covered",
    "over_seeds",
    "pairwise_diversity",
    "palette_accuracy",
    "pixel_error",
]
