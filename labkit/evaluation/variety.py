"""Does one input have many outputs, and what do the codes of content and style hold?

B is print in several inks on black paper, so that the factor of style is known: the ink of every print is read from it
(`labkit.metrics.inks`). Linear probes are fitted to training images.
"""

import torch
from torch import Tensor

from labkit import metrics
from labkit.data.recipes.glyphs import COLOURS
from labkit.errors import LabError
from labkit.evaluation.base import AT_ONCE, Measure, judge_of, named, translate_all
from labkit.metrics import Measurement
from labkit.metrics.inks import InkJudge
from labkit.runs.run import Run
from labkit.systems.munit import MUNIT
from labkit.train.seeding import seeded

INPUTS, STYLES = 100, 8  # outputs that diversity is measured on; the paper takes 100 inputs with 20 styles
PROBED = 600  # training images that a probe is fitted to


def ink_judge(run: Run) -> InkJudge:
    """The judge of the inks of B, with white beside them for prints that have no colour."""
    return InkJudge({ink: COLOURS[ink] for ink in [*run.spec.data_settings["inks"], "white"]})


def outputs(run: Run, inputs: int = INPUTS, styles: int = STYLES) -> Tensor:
    """Several translations A → B of each of the first test images: (inputs, styles, C, H, W)."""
    images = run.dataset.test["A"].images[:inputs]
    several = [translate_all(run.system, images, seed=run.spec.seed + 1000 * draw) for draw in range(styles)]
    return torch.stack(several, 1)


def ink_probabilities(run: Run) -> Tensor:
    """What the judge of inks says of `outputs`: (inputs, styles, inks)."""
    images = outputs(run)
    return ink_judge(run).logits(images.flatten(0, 1)).softmax(1).unflatten(0, images.shape[:2])


def diversity(run: Run) -> Measurement:
    """Mean absolute difference of pixels between two outputs for one input."""
    return metrics.pairwise_diversity(outputs(run), seed=run.spec.seed)


def ink_cis(run: Run) -> Measurement:
    """Conditional inception score with the judge of inks: how many inks one input comes out in, in nats."""
    return metrics.conditional_inception_score(ink_probabilities(run), judge="inks", seed=run.spec.seed)


def ink_is(run: Run) -> Measurement:
    """Inception score with the judge of inks, over all outputs of all inputs, in nats."""
    probabilities = ink_probabilities(run).flatten(0, 1)
    return metrics.inception_score(probabilities, judge="inks", seed=run.spec.seed)


def mean_label_accuracy(run: Run) -> Measurement:
    """Label accuracy over all outputs of all inputs: steadier than that of one output each."""
    images, judge = outputs(run), judge_of(run)
    labels = run.dataset.test["A"].labels[: len(images), None].expand(images.shape[:2])
    return metrics.label_accuracy(images.flatten(0, 1), labels.flatten(), judge, seed=run.spec.seed)


# Examples, and what the codes hold: MUNIT alone -----------------------------------------------------------------------


def ink_follows_example(run: Run) -> Measurement:
    """How often a translation A → B has the ink of the print that its style was taken from."""
    examples = run.dataset.test["B"].images[: len(run.dataset.test["A"])]
    return _follows(run, run.dataset.test["A"].images[: len(examples)], "A", examples)


def ink_leaves_source(run: Run) -> Measurement:
    """How often a print of B with the style of another print has the ink of that other: content holds no ink to speak
    of, where this is near 1. Pairs with one ink do not count."""
    prints = run.dataset.test["B"].images
    examples = prints.roll(1, 0)
    judge = ink_judge(run)
    other = judge.predict(prints) != judge.predict(examples)
    return _follows(run, prints[other], "B", examples[other])


@torch.no_grad()
def _follows(run: Run, images: Tensor, src: str, examples: Tensor) -> Measurement:
    judge, system = ink_judge(run), _munit(run)
    pairs = zip(images.split(AT_ONCE), examples.split(AT_ONCE), strict=True)
    swapped = torch.cat([system.translate(x, src, "B", example=y) for x, y in pairs])
    share = (judge.predict(swapped) == judge.predict(examples)).float().mean()
    return Measurement("ink follows the example", float(share), len(images), judge="inks", seed=run.spec.seed)


def codes(run: Run, part: str = "test") -> dict[str, Tensor]:
    """Content codes, flattened, and style codes of images of B, with their inks and digits: name -> (N, …)."""
    domain, autoencoder = getattr(run.dataset, part)["B"], _munit(run).AE_B
    images = domain.images if part == "test" else domain.images[:PROBED]
    with torch.no_grad():
        pairs = [autoencoder.encode(x) for x in images.split(AT_ONCE)]
    content, style = (torch.cat(parts).flatten(1) for parts in zip(*pairs, strict=True))
    return {
        "content": content,
        "style": style,
        "ink": ink_judge(run).predict(images),
        "digit": domain.labels[: len(images)],
    }


def _probe(code: str, factor: str) -> Measure:
    def probe(run: Run) -> Measurement:
        train, test = codes(run, "train"), codes(run)
        return metrics.linear_probe((train[code], train[factor]), (test[code], test[factor]), seed=run.spec.seed)

    return probe


def style_recovered(run: Run) -> Measurement:
    """The share of the variance of drawn styles that the style encoder finds again in the translations (R²)."""
    system, images = _munit(run), run.dataset.test["A"].images
    with torch.no_grad(), seeded(run.spec.seed, "recover"):
        style = system.sample_style(len(images), images)
        pairs = zip(images.split(AT_ONCE), style.split(AT_ONCE), strict=True)
        found = torch.cat([system.AE_B.style_encoder(system.translate(x, style=s)) for x, s in pairs])
    lost = (found - style).square().sum() / (style - style.mean(0)).square().sum()
    return Measurement("style recovered", 1 - float(lost), len(images), seed=run.spec.seed)


def _munit(run: Run) -> MUNIT:
    if not isinstance(run.system, MUNIT):
        raise LabError(f"{run.spec.system} has no style codes: only a run of munit can be asked for them.")
    return run.system


MEASURES = named(
    diversity,
    ink_cis,
    ink_is,
    mean_label_accuracy,
    ink_follows_example,
    ink_leaves_source,
    style_recovered,
)
MEASURES |= {f"{code}_{factor}": _probe(code, factor) for code in ("style", "content") for factor in ("ink", "digit")}
