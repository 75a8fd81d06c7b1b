"""Metrics. Each returns a `Measurement`: the value with its n, split, judge and seed."""

from labkit.metrics.base import Measurement, over_seeds
from labkit.metrics.classes import class_histogram_divergence, label_accuracy, matched_label_accuracy
from labkit.metrics.distributions import frechet_distance, kid
from labkit.metrics.diversity import pairwise_diversity
from labkit.metrics.modes import high_quality_fraction, modes_covered
from labkit.metrics.paired import palette_accuracy, pixel_error

__all__ = [
    "Measurement",
    "class_histogram_divergence",
    "frechet_distance",
    "high_quality_fraction",
    "kid",
    "label_accuracy",
    "matched_label_accuracy",
    "modes_covered",
    "over_seeds",
    "pairwise_diversity",
    "palette_accuracy",
    "pixel_error",
]
