"""Is a class that training never saw reached from K examples, and is the content kept?

Every measure translates all contents, test["A"], into every target class of test["B"]. The examples of a class are K of
the first two thirds (at most 20) of its images, chosen anew for each content; the rest are what translations are
compared with. A content has its first K examples within its first K + 1, so that a larger K only adds images.

Names end in `_k1`, `_k5`, `_k10`, `_k15`, `_k20` (twelve images a class: up to `_k8`). `copy_…` is a translator that
hands the content on as it is, `truth_…` one that draws what is right: the ceiling of its judge on these images.
"""

import hashlib
import json
from collections.abc import Callable
from functools import lru_cache, partial
from inspect import signature

import numpy as np
import torch
from torch import Tensor

from labkit import metrics
from labkit.data.recipes import few_shot as data
from labkit.errors import LabError
from labkit.evaluation.base import AT_ONCE, Measure
from labkit.judges import Judge
from labkit.judges.library import cached
from labkit.judges.training import ClassPlan
from labkit.metrics import Measurement
from labkit.metrics import few_shot as scores
from labkit.metrics.invariance import dipd
from labkit.nets.random_features import RandomEdges
from labkit.runs.run import Run
from labkit.systems.funit import FUNIT

KS = (1, 2, 5, 8, 10, 15, 20)
POOL = 20  # images of a class that examples are chosen from, at most


# The judges: one of all classes, one of the target classes, one of characters --------------------------------------


def class_judge(run: Run, kind: str) -> Judge:
    """The judge "all", "target" or "character" for the classes of the run's data; trained at first use, then kept.

    Its ceiling, `record["ceiling"]`, is its accuracy on real images of its own test split.
    """
    recipe, epochs = {
        "glyph_classes": ("glyph_class_images", {"all": 10, "target": 24, "character": 5}),
        "few_shot_folders": ("folder_class_images", {"all": 60, "target": 120}),
    }.get(run.spec.data, (None, {}))
    if kind not in epochs:
        raise LabError(f"there is no judge of '{kind}' for the data '{run.spec.data}'.")
    known = signature(getattr(data, recipe)).parameters.keys() - {"n_train", "n_test", "size", "load_size", "held_out"}
    settings = {key: value for key, value in run.spec.data_settings.items() if key in known} | {"kind": kind}
    if recipe == "glyph_class_images" and kind == "target":
        settings |= {"n_train": 2400, "n_test": 800}
    plan = ClassPlan(recipe, settings, epochs=epochs[kind])
    mark = hashlib.sha256(json.dumps(plan.as_dict(), sort_keys=True).encode()).hexdigest()[:8]
    return cached(f"{run.dataset.name}_{kind}-{mark}", plan)


# Examples and translations ------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def by_class(run: Run) -> tuple[Tensor, Tensor, list[Tensor]]:
    """The target classes of a run: labels (T,), examples (T, pool, C, H, W), and other images of each class."""
    test = run.dataset.test["B"]
    labels, images = test.labels.unique(), test.images
    members = [(test.labels == label).nonzero().flatten() for label in labels]
    pool = min(POOL, 2 * min(map(len, members)) // 3)
    return labels, torch.stack([images[m[:pool]] for m in members]), [images[m[pool:]] for m in members]


def chosen(run: Run, k: int) -> Tensor:
    """Which K examples each translation is given: places in the pool of the class, (T, contents, K)."""
    labels, pool, _ = by_class(run)
    if k > pool.shape[1]:
        raise LabError(f"K = {k}: of each class of {run.dataset.name} there are {pool.shape[1]} examples.")
    rng = np.random.default_rng([run.spec.seed, 0xFE3])
    shape = (len(labels), len(run.dataset.test["A"]), pool.shape[1])
    return torch.from_numpy(rng.random(shape)).argsort(2)[:, :, :k]


@torch.no_grad()
def class_codes(run: Run) -> Tensor:
    """The class code of every single example in the pools: (T, pool, class_dim)."""
    _, pool, _ = by_class(run)
    return torch.stack([_funit(run).class_code(images[:, None]) for images in pool])


@lru_cache(maxsize=len(KS))  # every measure of a run looks at the same translations
@torch.no_grad()
def few_shot(run: Run, k: int) -> Tensor:
    """Every content in every target class, by K examples: (T, contents, C, H, W)."""
    system, contents = _funit(run), run.dataset.test["A"].images
    places = chosen(run, k)
    if system.settings.condition == "label":
        labels = _nearest_source(run, places)
        return torch.stack([_in_parts(system.translate, contents, label=own) for own in labels])
    if system.settings.condition == "nothing":
        return _in_parts(system.translate, contents).expand(len(places), -1, -1, -1, -1)
    codes = class_codes(run)  # the code of K images is the mean of theirs
    means = [own[place].mean(1) for own, place in zip(codes, places, strict=True)]
    return torch.stack([_in_parts(system.translate, contents, code=code) for code in means])


def _in_parts(translate: Callable, contents: Tensor, **given: Tensor) -> Tensor:
    """Contents (N, C, H, W), and what is given for each of them, translated a few at a time."""
    parts = [slice(first, first + AT_ONCE) for first in range(0, len(contents), AT_ONCE)]
    return torch.cat([translate(contents[part], **{key: v[part] for key, v in given.items()}) for part in parts])


def _nearest_source(run: Run, places: Tensor) -> Tensor:
    """For a translator that knows source classes alone: the label of the one whose images are, in the mean of the
    judge's features, nearest to the examples; (T, contents). The paper's "fair" baselines choose so."""
    judge, source = class_judge(run, "all"), run.dataset.train["B"]
    features = judge.embed(source.take(range(len(source))))
    means = torch.stack([features[source.labels == label].mean(0) for label in range(int(source.labels.max()) + 1)])
    examples = [judge.embed(images)[place].mean(1) for images, place in zip(by_class(run)[1], places, strict=True)]
    return torch.stack([torch.cdist(x, means).argmin(1) for x in examples])


def sample_rows(run: Run, columns: int, k: int = 5) -> dict[str, Tensor]:
    """The first contents, each in the next target class by K examples, as reconstructed, and one of the examples."""
    count = min(columns, len(run.dataset.test["A"]))
    which, contents = torch.arange(count) % len(by_class(run)[0]), torch.arange(count)
    shown = {"real_A": run.dataset.test["A"].images[:count], "fake_B": few_shot(run, k)[which, contents]}
    with torch.no_grad():
        own = run.dataset.test["A"].labels[:count]
        label = own if run.system.settings.condition == "label" else None
        shown["rec_A"] = run.system.translate(shown["real_A"], label=label)
    shown["real_B"] = by_class(run)[1][which, chosen(run, k)[which, contents, 0]]
    return shown


# The class ----------------------------------------------------------------------------------------------------------


def _accuracy(run: Run, images: Tensor, kind: str, top: int, rows: slice = slice(None)) -> Measurement:
    """Top-n accuracy of images (T, contents, C, H, W), of the target classes in `rows`."""
    labels, _, _ = by_class(run)
    judge = class_judge(run, kind)
    wanted = labels if kind == "all" else labels - labels.min()
    wanted = wanted[rows, None].expand(-1, images.shape[1]).flatten()
    logits = judge.score(images[rows].flatten(0, 1))
    return scores.translation_accuracy(logits, wanted, top, judge=judge.name, seed=run.spec.seed)


def accuracy(run: Run, kind: str, top: int, k: int) -> Measurement:
    """How often the target class is among the first `top` of the judge "all" or "target" (the paper's "test")."""
    return _accuracy(run, few_shot(run, k), kind, top)


def copies(run: Run) -> Tensor:
    """What a translator that does nothing makes: every content, as it is, for every target class."""
    contents = run.dataset.test["A"].images
    return contents.expand(len(by_class(run)[0]), *contents.shape)


def copy_accuracy(run: Run, kind: str, top: int) -> Measurement:
    """The same of contents that were not translated."""
    return _accuracy(run, copies(run), kind, top)


def truths(run: Run) -> Tensor:
    """What a perfect translator makes: every content as each target class has it, (T, contents, C, H, W)."""
    return torch.stack([run.dataset.truth["A", str(int(label))] for label in by_class(run)[0]])


def truth_accuracy(run: Run, kind: str, top: int) -> Measurement:
    """The accuracy of the true partners: the ceiling, which is the judge's own."""
    return _accuracy(run, truths(run), kind, top)


def part_accuracy(run: Run, part: str, k: int) -> Measurement:
    """Top-1 accuracy, judge of target classes, of the classes in an unseen font, or of those in an unseen ink."""
    middle = (len(by_class(run)[0]) + 1) // 2
    rows = {"font": slice(middle), "ink": slice(middle, None)}[part]
    return _accuracy(run, few_shot(run, k), "target", 1, rows)


def inception_score(run: Run, kind: str, k: int) -> Measurement:
    """Inception score of all translations, in nats, with the judge of all classes or of the target classes."""
    judge = class_judge(run, kind)
    probabilities = judge.score(few_shot(run, k).flatten(0, 1)).softmax(1)
    return metrics.inception_score(probabilities, judge=judge.name, seed=run.spec.seed)


def class_distance(run: Run, images: Tensor) -> Measurement:
    """Mean over target classes of the Fréchet distance from real images that are no examples, in features of the judge
    of all classes."""
    judge, (_, _, others) = class_judge(run, "all"), by_class(run)
    fake, real = ([judge.embed(x) for x in part] for part in (images, others))
    return scores.mean_class_distance(fake, real, judge=judge.name, seed=run.spec.seed)


# The content --------------------------------------------------------------------------------------------------------


def content_distance(run: Run, k: int) -> Measurement:
    """DIPD: distance of translations from their contents in normalised features of a random network of edges."""
    fake, contents = few_shot(run, k), run.dataset.test["A"].images
    source = contents.expand_as(fake).flatten(0, 1)
    return dipd(fake.flatten(0, 1), source, RandomEdges(fake.shape[2]), judge="random edges", seed=run.spec.seed)


def character_accuracy(run: Run, k: int) -> Measurement:
    """How often the judge of characters reads, in a translation, the character of its content."""
    judge, fake = class_judge(run, "character"), few_shot(run, k)
    wanted = run.dataset.truth["A", "character"].expand(fake.shape[:2]).flatten()
    return metrics.label_accuracy(fake.flatten(0, 1), wanted, judge, seed=run.spec.seed)


def truth_error(run: Run, images: Tensor) -> Measurement:
    """Mean absolute difference, in [0, 2], from the same glyph drawn in the target class."""
    return metrics.pixel_error(images.flatten(0, 1), truths(run).flatten(0, 1), seed=run.spec.seed)


# The class code -----------------------------------------------------------------------------------------------------


def code_variance(run: Run, k: int) -> Measurement:
    """Variance of the class code over groups of K images of one class, all images of test["B"]; 1 / K by theory."""
    return scores.code_variance(every_code(run), k, seed=run.spec.seed)


def code_within(run: Run) -> Measurement:
    """Of the variance of the class codes of single images the share within classes."""
    codes = every_code(run)
    return Measurement("variance within classes", scores.within_class_share(codes), codes.shape[:2].numel())


@torch.no_grad()
def every_code(run: Run) -> Tensor:
    """The class code of every single image of test["B"], (T, images, class_dim)."""
    _, pool, others = by_class(run)
    images = [torch.cat([a, b]) for a, b in zip(pool, others, strict=True)]
    count = min(map(len, images))
    return torch.stack([_funit(run).class_code(x[:count, None]) for x in images])


def _funit(run: Run) -> FUNIT:
    if not isinstance(run.system, FUNIT):
        raise LabError(f"{run.spec.system} takes no examples: only a run of funit can be asked for few-shot measures.")
    return run.system


def _named() -> dict[str, Measure]:
    """Every measure by its name. The paper calls the two judges of classes "all" and "test"."""
    found = {
        "code_within": code_within,
        "copy_class_distance": lambda run: class_distance(run, copies(run)),
        "copy_truth_error": lambda run: truth_error(run, copies(run)),
    }
    for name, kind in (("all", "all"), ("test", "target")):
        for top in (1, 5):
            found[f"copy_top{top}_{name}"] = partial(copy_accuracy, kind=kind, top=top)
            found[f"truth_top{top}_{name}"] = partial(truth_accuracy, kind=kind, top=top)
            found |= {f"top{top}_{name}_k{k}": partial(accuracy, kind=kind, top=top, k=k) for k in KS}
        found |= {f"is_{name}_k{k}": partial(inception_score, kind=kind, k=k) for k in KS}
    for k in KS:
        found |= {f"top1_{part}_k{k}": partial(part_accuracy, part=part, k=k) for part in ("font", "ink")}
        found |= {
            f"class_distance_k{k}": lambda run, k=k: class_distance(run, few_shot(run, k)),
            f"truth_error_k{k}": lambda run, k=k: truth_error(run, few_shot(run, k)),
            f"dipd_k{k}": partial(content_distance, k=k),
            f"character_accuracy_k{k}": partial(character_accuracy, k=k),
            f"code_variance_k{k}": partial(code_variance, k=k),
        }
    return found


MEASURES = _named()
