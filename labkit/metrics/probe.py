"""What do frozen features hold? Linear questions to them: the class, from few labels or from many, and the pixels.

A linear probe (Zhang, Isola, Efros, "Colorful image colorization", ECCV 2016, section 3.2; SimCLR and MoCo use it
throughout) trains nothing but one linear layer, so what it finds was already there.
"""

import numpy as np
import torch
from torch import Tensor

from labkit.errors import LabError
from labkit.metrics.base import Measurement


def linear_probe(
    train: tuple[Tensor, Tensor],
    test: tuple[Tensor, Tensor],
    per_class: int | None = None,
    draws: int = 20,
    seed: int | None = None,
) -> Measurement:
    """Test accuracy of logistic regression on frozen features, fitted to a few labels or to all of them.

    train, test: features (N, C) and labels (N,). Features are standardised by those of training, which needs no label.
    per_class:   labels given of each class; None gives all. Which ones is luck, so the mean over `draws` choices is
                 taken; choice d is the same for all features that it is asked of.
    """
    from sklearn.linear_model import LogisticRegression

    x, x_test = _standardised(train[0], test[0])
    y, y_test = (part[1].cpu().numpy() for part in (train, test))
    scores = []
    for draw in range(draws if per_class else 1):
        chosen = few_of_each(y, per_class, draw) if per_class else np.arange(len(y))
        fitted = LogisticRegression(max_iter=3000).fit(x[chosen].numpy(), y[chosen])
        scores.append(fitted.score(x_test.numpy(), y_test))
    name = f"linear probe, {per_class} labels a class" if per_class else "linear probe, all labels"
    return Measurement(name, float(np.mean(scores)), len(y_test), seed=seed)


def linear_reconstruction(
    train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor], ridge: float = 1e-2, seed: int | None = None
) -> Measurement:
    """The share of the test pixels' variance that ridge regression from frozen features explains (R²): 1 is all of it.

    train, test: features (N, C) and images (N, ...). ridge: penalty, as a share of the number of training images.
    """
    mean, y_test = train[1].cpu().float().mean(0), test[1].cpu().float()
    left = (y_test - linear_pictures(train, test[0], ridge)).square().sum() / (y_test - mean).square().sum()
    return Measurement("pixels explained", 1 - left.item(), len(y_test), seed=seed)


def linear_pictures(train: tuple[Tensor, Tensor], features: Tensor, ridge: float = 1e-2) -> Tensor:
    """What a linear layer, fitted by ridge regression, paints from frozen features (N, C): images (N, ...).

    train: features and images that it is fitted to; ridge as in `linear_reconstruction`.
    """
    x, x_new = (torch.cat([f, torch.ones(len(f), 1)], 1) for f in _standardised(train[0], features))
    y = train[1].cpu().float().flatten(1)
    mean = y.mean(0)
    weights = torch.linalg.solve(x.T @ x + ridge * len(x) * torch.eye(x.shape[1]), x.T @ (y - mean))
    return (mean + x_new @ weights).reshape(-1, *train[1].shape[1:])


def _standardised(train: Tensor, test: Tensor) -> tuple[Tensor, Tensor]:
    train, test = train.cpu().float().flatten(1), test.cpu().float().flatten(1)
    mean, std = train.mean(0), train.std(0).clamp(min=1e-6)
    return (train - mean) / std, (test - mean) / std


def few_of_each(labels: np.ndarray, per_class: int, draw: int) -> np.ndarray:
    """`per_class` indices of every class of labels (N,), chosen by the seed `draw`: (classes · per_class,).

    Raises LabError where a class has fewer.
    """
    rng = np.random.default_rng([draw, 0x1ABE1])
    members = [rng.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)]
    if min(map(len, members)) < per_class:
        raise LabError(f"a probe with {per_class} labels a class needs that many images of each; one has fewer.")
    return np.concatenate([each[:per_class] for each in members])
