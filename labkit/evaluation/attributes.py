"""Portraits: was the attribute reached, was the rest of the person kept, and where does the picture err?

Each measure stands beside what a translator would score that copies its input (`…_copy`), one that only brings A's
colour channels to the mean and deviation of B's training pictures (`…_recoloured`), and one that draws the true partner
(`…_truth`): the ceiling that the judge sets. `…_back` is the same from B to A. `…_tone_0` to `…_tone_4` are for people
of one tone of skin, from dark to light, and `attribute_reached_worst_tone` is the lowest of these.

Of pairs that a generator makes from one code (CoGAN): do both show one person? `pair_same_face` stands beside
`pair_same_face_chance`, pictures of two codes; `pair_reached` asks whether each picture has its own domain's attribute.

Many domains and many attributes: `…_pairs` is the mean over all ordered pairs of domains (`portraits_many`).
`attribute_reached_glasses`, `…_hair_colour_beard`, … are for one change, single or combined, of every test person
(`portraits_attributes`), with endings as above; what is not to change must be kept.

What a translator does to pictures that are in B already is `needless_change`, in `figure_and_ground`.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import combinations, permutations
from statistics import fmean

import torch
from torch import Tensor

from labkit.data.portraits import ATTRIBUTES, SKIN_TONES
from labkit.data.recipes.portraits import CHANGEABLE, YES, change, needed_change
from labkit.errors import LabError
from labkit.evaluation.base import AT_ONCE, Measure, Pictures, copied, named, recoloured, translated
from labkit.judges.attributes import READ, load_attribute_judge
from labkit.metrics import Measurement, attributes
from labkit.runs.run import Run
from labkit.systems.stargan import StarGAN

PAIRS = 500  # pairs that a generator is asked for


@torch.no_grad()
def told(run: Run, src: str, dst: str) -> Tensor:
    """The test pictures of `src` after the change `dst`, by a system that is told every label: also those to keep.

    Raises LabError for a system that takes no labels, and for a change of what it has no label of.
    """
    if not isinstance(run.system, StarGAN):
        raise LabError(
            f"{run.spec.system} is told no attributes: only a run of stargan can be asked for their changes."
        )
    settings, truth, (differ, _) = run.system.settings, run.dataset.truth, attributes_of(run, src, dst)
    names = [YES[name] for name in settings.attributes if name in YES]
    if set(differ) <= {attribute for attribute, _ in names}:
        target = torch.stack([(truth[dst, attribute] == value).long() for attribute, value in names], 1)
    elif len(differ) == 1 and set(settings.domains) == set(values := ATTRIBUTES[differ[0]]):
        target = torch.tensor([settings.domains.index(value) for value in values])[truth[dst, differ[0]]]
    else:
        raise LabError(f"{run.folder}: this network knows no labels for the change {dst}.")
    parts = zip(run.dataset.test[src].images.split(AT_ONCE), target.split(AT_ONCE), strict=True)
    return torch.cat([run.system.translate(images, src, dst, target=wanted) for images, wanted in parts])


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
    """The share of pictures in which the judge reads the attribute that differs, or all that do, as `dst` has them."""
    differ, _ = attributes_of(run, src, dst)
    if not differ:
        raise LabError(f"{run.folder}: the domains of {run.spec.data} differ in no attribute that could be reached.")
    who, judge = _people(run, src, tone), load_attribute_judge()
    reading = judge.read(pictures(run, src, dst)[who])
    read = torch.stack([reading[name] for name in differ], 1)
    wanted = torch.stack([run.dataset.truth[dst, name][who] for name in differ], 1)
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


def attribute_reached_worst_tone(run: Run, pictures: Pictures = translated, dst: str = "B") -> Measurement:
    """`attribute_reached` of the people with the tone of skin for whom it is lowest; `n` counts them."""
    tones = run.dataset.truth["A", "skin"].unique().tolist()
    worst = min((attribute_reached(run, pictures, dst=dst, tone=tone) for tone in tones), key=float)
    return replace(worst, name="attribute reached, worst tone")


def pair_same_face(run: Run) -> Measurement:
    """Of generated pairs: the share of attributes, those that the domains do not tell apart, that the judge reads alike
    in both pictures. The drawing style, which everybody shares, does not count."""
    read_A, read_B = _pair_read(run)
    return _alike(run, read_A, read_B)


def pair_same_face_chance(run: Run) -> Measurement:
    """The same for pictures of two codes: what two strangers have in common."""
    read_A, read_B = _pair_read(run)
    return _alike(run, read_A, {name: values.roll(1, 0) for name, values in read_B.items()})


def pair_reached(run: Run) -> Measurement:
    """The share of generated pictures, of both domains, in which the judge reads their domain's own attribute."""
    (changed, *_), _ = attributes_of(run)
    hits = [
        (read[changed] == run.dataset.truth[domain, changed][0]).float()
        for domain, read in zip("AB", _pair_read(run), strict=True)
    ]
    return _generated("pair reached", run, torch.cat(hits))


def _pair_read(run: Run) -> list[dict[str, Tensor]]:
    judge = load_attribute_judge()
    return [judge.read(images) for images in run.system.sample_pairs(PAIRS, run.spec.seed)]


def _alike(run: Run, read_A: dict[str, Tensor], read_B: dict[str, Tensor]) -> Measurement:
    same = [name for name in attributes_of(run)[1] if name != "style"]
    return _generated("same face", run, torch.stack([(read_A[name] == read_B[name]).float() for name in same]))


def _generated(name: str, run: Run, values: Tensor) -> Measurement:
    judge = load_attribute_judge()
    return Measurement(name, float(values.mean()), PAIRS, "generated", judge.name, run.spec.seed)


def over_pairs(run: Run, function: Callable[..., Measurement], pictures: Pictures) -> Measurement:
    """The mean of a measure over all ordered pairs of the test domains; `n` counts the pictures of all."""
    found = [function(run, pictures, src, dst) for src, dst in permutations(run.dataset.test, 2)]
    return replace(found[0], value=fmean(m.value for m in found), n=sum(m.n for m in found))


def changes(run: Run) -> list[str]:
    """The endings of the measures of changes that the run's data know: "hair_colour", "glasses_beard", …"""
    return ["_".join(names) for names in COMBINED if ("A", change(*names)) in run.dataset.truth]


def fitting(run: Run) -> list[str]:
    """The measures of this question that the run's data allow; none where they are no portraits."""
    if known := changes(run):
        of_single = [function.__name__ for function in BY_SOURCE[1:]]
        reached = [f"attribute_reached_{name}{ending}" for name in known for ending in ("", "_truth")]
        return reached + [f"{measure}_{name}" for name in known if name in CHANGEABLE for measure in of_single]
    if not {"A", "B"} <= run.dataset.test.keys():
        pairs = len(run.dataset.test) > 1 and all((key, "skin") in run.dataset.truth for key in run.dataset.test)
        return [f"{function.__name__}_pairs" for function in BY_SOURCE] if pairs else []
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
COMBINED = [names for n in range(1, len(CHANGEABLE) + 1) for names in combinations(CHANGEABLE, n)]
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
MEASURES |= named(pair_same_face, pair_same_face_chance, pair_reached)
MEASURES |= {
    f"{function.__name__}_pairs{ending}": partial(over_pairs, function=function, pictures=pictures)
    for function in BY_SOURCE
    for ending, pictures in STANDINS.items()
}


def _of_change(names: tuple[str, ...]) -> dict[str, Measure]:
    """The measures of one change of every test person."""
    end, dst, found = "_".join(names), change(*names), {}
    for function in BY_SOURCE:
        for ending, pictures in {"": told, "_copy": copied, "_truth": true_partners}.items():
            found[f"{function.__name__}_{end}{ending}"] = partial(function, pictures=pictures, dst=dst)
    for function in BY_TONE:
        for tone in range(len(SKIN_TONES)):
            found[f"{function.__name__}_{end}_tone_{tone}"] = partial(function, pictures=told, dst=dst, tone=tone)
    worst = partial(attribute_reached_worst_tone, pictures=told, dst=dst)
    return found | {f"attribute_reached_{end}_worst_tone": worst}


for together in COMBINED:
    MEASURES |= _of_change(together)
