"""What do frozen features hold, and how do the views of one image lie to each other?

`probe_1`, `probe_2`, … `probe_all` read the class with a linear layer that was fitted to so many labels of each class;
`reads_skin` and its like read an attribute of a portrait, with all labels. They look at the features before the
projection head; `…_behind` looks behind it, where the loss is taken, and `…_untrained` at the encoder before its first
step. `from_scratch_1` to `from_scratch_50` are classifiers that had these labels and nothing else to learn from.

Linear probes are fitted to training images.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from labkit import data, metrics
from labkit.data.augment import AUGMENTATIONS, random_view
from labkit.data.unpaired import UnpairedBatches
from labkit.evaluation.base import Measure, named
from labkit.losses.contrastive import alignment, uniformity
from labkit.metrics import Measurement
from labkit.metrics.probe import few_of_each
from labkit.nets.encoders import features_of
from labkit.runs.run import Run, new_system
from labkit.train import train
from labkit.train.seeding import seeded

LABELS = {"1": 1, "2": 2, "5": 5, "10": 10, "50": 50, "all": None}  # how many of each class
READ = {  # what is read in a portrait -> the attribute, and the labels that it is read among (None: all)
    "skin": ("skin", None),
    "black_or_blond": ("hair_colour", (0, 3)),  # the darkest and the lightest
    "brown_or_red": ("hair_colour", (1, 2)),  # almost equally bright
    "glasses": ("glasses", None),
    "beard": ("beard", None),
    "mouth": ("mouth", None),
}

Where = Callable[[Run], nn.Module]  # the network whose outputs are looked at


def before_the_head(run: Run) -> nn.Module:
    """The trained encoder."""
    return run.system.encoder


def behind_the_head(run: Run) -> nn.Module:
    """The encoder and the projection head, as the loss sees them."""
    return run.system.projector()


def untrained(run: Run) -> nn.Module:
    """The encoder as it was before the run's first step."""
    return new_system(run.spec).encoder


def probe(run: Run, per_class: int | None = None, where: Where = before_the_head) -> Measurement:
    """Test accuracy of a linear probe on frozen features, with so many labels of each class (None: all)."""
    features, parts = _features(run, where(run)), _parts(run)
    pairs = [(f, part.labels) for f, part in zip(features, parts, strict=True)]
    return metrics.linear_probe(*pairs, per_class=per_class, seed=run.spec.seed)


def reads(run: Run, what: str, where: Where = before_the_head) -> Measurement:
    """Test accuracy of a linear probe for an attribute of portraits (a key of `READ`), with all labels."""
    attribute, among = READ[what]
    labelled = data.load(run.spec.data, run.spec.data_settings | {"labels": attribute})
    pairs = []
    domains = (labelled.train["real"], labelled.test["real"])
    for features, domain in zip(_features(run, where(run)), domains, strict=True):
        chosen = torch.isin(domain.labels, torch.tensor(among if among else domain.labels.unique().tolist()))
        pairs.append((features[chosen], domain.labels[chosen]))
    return metrics.linear_probe(*pairs, seed=run.spec.seed)


def from_scratch(run: Run, per_class: int) -> Measurement:
    """Test accuracy of a new classifier, trained as the run's own was but with so few labels of each class.

    Which ones is decided by the run's seed.
    """
    spec, (whole, test) = run.spec, _parts(run)
    few = whole.subset(few_of_each(whole.labels.numpy(), per_class, spec.seed))
    system = new_system(spec)
    batches = UnpairedBatches({"real": few}, spec.batch_size, spec.seed, ["real"])
    train(system, batches, spec.steps, seed=spec.seed, label=f"{per_class} labels a class")
    with torch.no_grad():
        right = system.eval().logits(test.images).argmax(1) == test.labels
    return Measurement("accuracy from scratch", right.float().mean().item(), len(test), seed=spec.seed)


def pixels_explained(run: Run) -> Measurement:
    """The share of the pixels' variance that is a linear function of frozen features."""
    features, parts = _features(run, run.system.encoder), _parts(run)
    pairs = [(f, part.images) for f, part in zip(features, parts, strict=True)]
    return metrics.linear_reconstruction(*pairs, seed=run.spec.seed)


def _parts(run: Run):
    return run.dataset.train["real"], run.dataset.test["real"]


def _features(run: Run, network: nn.Module) -> tuple[Tensor, Tensor]:
    """What a frozen network makes of the training and of the test images."""
    train_part, test_part = _parts(run)
    return features_of(network, train_part.images), features_of(network, test_part.images)


# Two views of an image ------------------------------------------------------------------------------------------------


def score_gap(run: Run) -> Measurement:
    """Mean cosine similarity of two views of one test image minus that of views of two."""
    scores = metrics.pair_scores(*projected_views(run), run.dataset.test["real"].labels)
    return Measurement("score gap", scores.gap, len(scores.positive), seed=run.spec.seed)


def view_alignment(run: Run) -> Measurement:
    """Mean squared distance between the projections of two views of one test image."""
    views = projected_views(run)
    return Measurement("alignment", alignment(*views).item(), len(views[0]), seed=run.spec.seed)


def view_uniformity(run: Run) -> Measurement:
    """How evenly the projections of the test images' views cover the sphere; lower is more even."""
    view, _ = projected_views(run)
    return Measurement("uniformity", uniformity(view).item(), len(view), seed=run.spec.seed)


def projected_views(run: Run) -> tuple[Tensor, Tensor]:
    """Two random views of every test image as the run's loss sees them: unit vectors (N, dim), the same every time."""
    images, augmentation = run.dataset.test["real"].images, AUGMENTATIONS[run.system.settings.augmentation]
    with seeded("views"):
        views = [random_view(images, augmentation) for _ in range(2)]
    return tuple(features_of(run.system.projector(), view) for view in views)


WHERE = {"": before_the_head, "_behind": behind_the_head, "_untrained": untrained}
MEASURES: dict[str, Measure] = named(pixels_explained, score_gap, view_alignment, view_uniformity)
MEASURES |= {
    f"probe_{name}{ending}": partial(probe, per_class=n, where=where)
    for name, n in LABELS.items()
    for ending, where in WHERE.items()
}
MEASURES |= {
    f"reads_{what}{ending}": partial(reads, what=what, where=w) for what in READ for ending, w in WHERE.items()
}
MEASURES |= {f"from_scratch_{name}": partial(from_scratch, per_class=n) for name, n in LABELS.items() if n}
