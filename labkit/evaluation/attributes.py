"""Portraits: was the attribute reached, was the rest of the person kept, and where does the picture err?

Each measure stands beside what a translator would score that copies its input (`…_copy`), one that only brings A's
colour channels to the mean and deviation of B's training pictures (`…_recoloured`), and one that draws the true partner
(`…_truth`): the ceiling that the judge sets. `…_back` is the same from B to A. `…_tone_0` to `…_tone_4` are for people
of one tone of skin, from dark to light, and `attribute_reached_worst_tone` is the lowest of these.

What a translator does to pictures that are in B already is `needless_change`, in `figure_and_ground`.
"""

from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from labkit.data.portraits import SKIN_TONES
from labkit.data.recipes.portraits import needed_change
from labkit.errors import LabError
from labkit.evaluation.base import Measure, Pictures, copied, recoloured, translated
from labkit.judges.attributes import READ, load_attribute_judge
from labkit.metrics import Measurement, attributes
from labkit.runs.run import Run


def true_partners(run: Run, src: str, dst: str) -> Tensor:
    """The test pictures of `src` as they truly look in `dst`."""
    return run.dataset.truth[src, dst]


def attributes_of(run: Run, src: str = "A", dst: str = "B") -> tuple[list[str], list[str]]:
    """The attributes that differ between the test people of two domains, and those that do not.

    Raises LabError for data that are no portraits."""
    truth = run.dataset.truth
    known = [name for name in READ if (src, name) in truth and (dst, name) in truth]
    if not known:
        raise LabError(f"{run.folder}: its data, {run.spec.data}, are no portraits: nothing reads their attributes.")
    differ = [name for name in known if not torch.equal(truth[src, name], truth[dst, name])]
    return differ, [name for name in known if name not in differ]


def attribute_reached(
    run: Run, pictures: Pictures = translated, src: str = "A", dst: str = "B", tone: int | None = None
) -> Measurement:
    """The share of pictures in which the judge reads the attribute that differs as `dst` has it."""
    differ, _ = attributes_of(run, src, dst)
    if not differ:
        raise LabError(f"{run.folder}: the domains of {run.spec.data} differ in no attribute that could be reached.")
    who, judge = _people(run, src, tone), load_attribute_judge()
    read = judge.read(pictures(run, src, dst)[who])[differ[0]]
    wanted = run.dataset.truth[dst, differ[0]][who]
    return attributes.attribute_reached(read, wanted, judge=judge.name, seed=run.spec.seed)


def attributes_kept(
    run: Run, pictures: Pictures = translated, src: str = "A", dst: str = "B", tone: int | None = None
) -> Measurement:
    """The share of all other attributes, the drawing style among them, that the judge still reads as they were."""
    _, same = attributes_of(run, src, dst)
    who, judge = _people(run, src, tone), load_attribute_judge()
    before = {name: run.dataset.truth[src, name][who] for name in same}
    read = judge.read(pictures(run, src, dst)[who])
    return attributes.attributes_kept(read, before, judge=judge.name, seed=run.spec.seed)


def error_inside(
    run: Run, pictures: Pictures = translated, src: str = "A", dst: str = "B", tone: int | None = None
) -> Measurement:
    """Mean absolute difference, in [0, 2], from the true partner where a change was needed."""
    return attributes.error_inside(*_compared(run, pictures, src, dst, tone), seed=run.spec.seed)


def error_outside(
    run: Run, pictures: Pictures = translated, src: str = "A", dst: str = "B", tone: int | None = None
) -> Measurement:
    """The same where no change was needed."""
    return attributes.error_outside(*_compared(run, pictures, src, dst, tone), seed=run.spec.seed)


def attribute_reached_worst_tone(run: Run) -> Measurement:
    """`attribute_reached` of the people with the tone of skin for whom it is lowest; `n` counts them."""
    tones = run.dataset.truth["A", "skin"].unique().tolist()
    worst = min((attribute_reached(run, tone=tone) for tone in tones), key=float)
    return replace(worst, name="attribute reached, worst tone")


def fitting(run: Run) -> list[str]:
    """The measures of this question that the run's data allow; none where they are no portraits."""
    if ("B", "skin") not in run.dataset.truth:
        return []
    reached = ["attribute_reached", "attribute_reached_copy", "attribute_reached_truth"]
    kept = ["attributes_kept", "attributes_kept_truth"]
    return (reached if attributes_of(run)[0] else []) + kept + ["error_inside", "error_outside"]


def _compared(run: Run, pictures: Pictures, src: str, dst: str, tone: int | None) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures, true partners and masks of needed change."""
    source, truth, who = run.dataset.test[src].images, run.dataset.truth[src, dst], _people(run, src, tone)
    return pictures(run, src, dst)[who], truth[who], needed_change(source, truth)[who]


def _people(run: Run, src: str, tone: int | None) -> Tensor | slice:
    """Which test pictures of `src` show people of this tone of skin; all of them where it is None."""
    if tone is None:
        return slice(None)
    who = run.dataset.truth[src, "skin"] == tone
    if not who.any():
        raise LabError(f"{run.folder}: no test picture shows skin of tone {tone}; a larger n_test would.")
    return who


BY_SOURCE = (attribute_reached, attributes_kept, error_inside, error_outside)
BY_TONE = (attribute_reached, attributes_kept, error_inside)
STANDINS = {"": translated, "_copy": copied, "_recoloured": recoloured, "_truth": true_partners}
MEASURES: dict[str, Measure] = {
    f"{function.__name__}{ending}": partial(function, pictures=pictures)
    for function in BY_SOURCE
    for ending, pictures in STANDINS.items()
}
MEASURES |= {f"{function.__name__}_back": partial(function, src="B", dst="A") for function in BY_SOURCE}
MEASURES |= {
    f"{function.__name__}_tone_{tone}": partial(function, tone=tone)
    for function in BY_TONE
    for tone in range(len(SKIN_TONES))
}
MEASURES["attribute_reached_worst_tone"] = attribute_reached_worst_tone
