"""Portraits: domains of drawn faces, in which the true translation of every test picture is known.

A face is a handful of numbers (`labkit.data.portraits`). Nobody is in two of the sets train A, train B and test: no
training picture has its partner in the other domain. A test face is drawn in both domains, and `truth` hands metrics
its true partner, the mask of needed change, and every attribute:

    truth["A", "B"], truth["B", "A"]      true partners, (N, 3, size, size)
    truth["A", "mask"] (= ["B", "mask"])  1 where the two differ, else 0, (N, 1, size, size); of `portraits` alone
    truth["A", "hair_colour"], …          the label of each attribute of a test picture of A, (N,) int64; likewise of B
    truth["A", "style"]                   its drawing style, a place in `STYLES`

`portraits_people` has one domain, "real", and no partners. `portraits_attributes` has labels of several attributes at
once, and as truth the same person with one or several of them changed.

Training sees no label, unless a recipe is asked for `labels="skin"` or another attribute: then its domains carry them.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations, islice

import torch
from torch import Tensor

from labkit.data.domain import DataSet, Domain
from labkit.data.portraits import ATTRIBUTES, STYLES, Face, drawn, people
from labkit.data.portraits.drawing import outlines
from labkit.errors import LabError

BLACK, BROWN, RED, BLOND, GREY = range(5)
PAIRS: dict[str, tuple[Mapping, Mapping]] = {  # what differs -> the attribute's values in A and in B
    "hair_colour": ({"hair_colour": BLACK}, {"hair_colour": BLOND}),
    "grey": ({"hair_colour": (BLACK, BROWN, RED, BLOND)}, {"hair_colour": GREY}),
    "glasses": ({"glasses": 0}, {"glasses": 1}),
    "beard": ({"beard": 0}, {"beard": 1}),
    "mouth": ({"mouth": 0}, {"mouth": 1}),
}
YES = {  # the name of a yes or no label -> the attribute, and the value of it that a yes means
    **{colour: ("hair_colour", place) for place, colour in enumerate(ATTRIBUTES["hair_colour"])},
    **{values[1]: (name, 1) for name, values in ATTRIBUTES.items() if len(values) == 2},
}
CHANGEABLE = ("hair_colour", *(name for name, values in ATTRIBUTES.items() if len(values) == 2))
LEAST_CHANGE = 8 / 127.5  # a pixel that differs by no more than 8 of 255 in any channel needs no change


def portraits(
    attribute: str = "hair_colour",
    size: int = 64,
    n_train: int = 1500,
    n_test: int = 200,
    style: str = "avataaars",
    labels: str | None = None,
    seed: int = 0,
) -> DataSet:
    """Two domains that differ in one attribute: "hair_colour" (A black, B blond), "grey" (A of any colour, B grey:
    young ↔ old), "glasses", "beard" or "mouth" (A serious, B smiling).

    From grey hair back there are many right answers, and the truth is one of them. n_train: pictures of each domain.
    """
    if attribute not in PAIRS:
        raise LabError(f"portraits: there is no pair for '{attribute}'; there are {', '.join(PAIRS)}.")
    in_A, in_B = PAIRS[attribute]
    test_A, train_A, train_B = strangers([(n_test, in_A), (n_train, in_A), (n_train, in_B)], [style], seed)
    test = {"A": test_A, "B": [face.changed(**in_B) for face in test_A]}
    train = {key: _domain(own, style, size, key, labels) for key, own in {"A": train_A, "B": train_B}.items()}
    shown = {key: _domain(own, style, size, key, labels) for key, own in test.items()}
    mask = needed_change(shown["A"].images, shown["B"].images)
    truth = _truth(shown, test, {"A": style, "B": style}) | {("A", "mask"): mask, ("B", "mask"): mask}
    return DataSet(f"portraits_{attribute}", train, shown, truth)


def portraits_drawing(
    size: int = 64,
    n_train: int = 1500,
    n_test: int = 200,
    style: str = "avataaars",
    labels: str | None = None,
    seed: int = 0,
) -> DataSet:
    """A: outlines, dark lines one pixel wide on white. B: coloured portraits. One drawing has many right answers: the
    true partner is one of them."""
    test, train_A, train_B = strangers([(n_test, {}), (n_train, {}), (n_train, {})], [style], seed)
    train = {key: _domain(own, style, size, key, labels) for key, own in {"A": train_A, "B": train_B}.items()}
    shown = {key: _domain(test, style, size, key, labels) for key in "AB"}
    for part in (train, shown):
        part["A"] = Domain("drawing", outlines(part["A"].images), part["A"].labels)
    truth = _truth(shown, {"A": test, "B": test}, {"A": style, "B": style})
    for name in ("skin", "hair_colour", "style"):  # which outlines do not show
        del truth["A", name]
    return DataSet("portraits_drawing", train, shown, truth)


def portraits_styles(
    styles: Sequence[str] = ("avataaars", "micah"),
    size: int = 64,
    n_train: int = 1500,
    n_test: int = 200,
    labels: str | None = None,
    seed: int = 0,
) -> DataSet:
    """Two drawing styles whose attributes are labelled alike. Which hair style or eyes of the one answer to which of
    the other nobody says: the true partner shares the five attributes, the clothes' colour and the ground."""
    if len(styles) != 2:
        raise LabError(f"portraits_styles: name two styles, found {', '.join(styles) or 'none'}.")
    test, *train = strangers([(n_test, {}), (n_train, {}), (n_train, {})], styles, seed)
    seen = {key: _domain(own, style, size, key, labels) for key, own, style in zip("AB", train, styles, strict=True)}
    drawn_by = dict(zip("AB", styles, strict=True))
    shown = {key: _domain(test, style, size, key, labels) for key, style in drawn_by.items()}
    return DataSet("portraits_styles", seen, shown, _truth(shown, {"A": test, "B": test}, drawn_by))


def portraits_many(
    hair: Sequence[str] = ("black", "brown", "blond", "grey"),
    size: int = 64,
    n_train: int = 800,
    n_test: int = 100,
    style: str = "avataaars",
    labels: str | None = None,
    seed: int = 0,
) -> DataSet:
    """Many domains for one generator: people with hair of one colour each; the colours are the domains' keys.

    `truth[src, dst]` is the same person with the hair of `dst`, for every two of them; n_train, n_test: of each domain.
    """
    if unknown := [colour for colour in hair if colour not in ATTRIBUTES["hair_colour"]]:
        known = ", ".join(ATTRIBUTES["hair_colour"])
        raise LabError(f"portraits_many: there is no hair colour '{unknown[0]}'; there are {known}.")
    wanted = {colour: {"hair_colour": ATTRIBUTES["hair_colour"].index(colour)} for colour in hair}
    same, *own = strangers([(n_test, {}), *((n_train, fixed) for fixed in wanted.values())], [style], seed)
    test = {colour: [face.changed(**fixed) for face in same] for colour, fixed in wanted.items()}
    train = {key: _domain(group, style, size, key, labels) for key, group in zip(wanted, own, strict=True)}
    shown = {key: _domain(group, style, size, key, labels) for key, group in test.items()}
    return DataSet("portraits_many", train, shown, _truth(shown, test, dict.fromkeys(hair, style)))


def portraits_people(
    size: int = 64,
    n_train: int = 1500,
    n_test: int = 300,
    style: str = "avataaars",
    labels: str | None = None,
    seed: int = 0,
) -> DataSet:
    """One domain, "real": people of any looks, the values of each attribute equally frequent (nobody has grey hair).

    For what needs no second domain, such as learning from views of one picture. `truth["real", "skin"]`, … are the
    labels of the test pictures; training has those of `labels` alone.
    """
    equal = {
        name: (BLACK, BROWN, RED, BLOND) if name == "hair_colour" else range(len(v)) for name, v in ATTRIBUTES.items()
    }
    test, train = strangers([(n_test, equal), (n_train, equal)], [style], seed)
    parts = [{"real": _domain(group, style, size, "people", labels)} for group in (train, test)]
    return DataSet("portraits_people", *parts, _truth(parts[1], {"real": test}, {"real": style}))


def portraits_attributes(
    attributes: Sequence[str] = ("black", "blond", "brown", "glasses", "beard"),
    size: int = 64,
    n_train: int = 3000,
    n_test: int = 200,
    n_mouth: int = 0,
    style: str = "avataaars",
    seed: int = 0,
) -> DataSet:
    """One domain, "A", with several yes or no labels a picture, (N, attributes): colours of hair, "glasses", "beard",
    "smile". The values of what is labelled are equally frequent, and the hair has one of the labelled colours.

    n_mouth: pictures of a second training domain, "B": other people, of whom only the mouth is labelled, 0 serious, 1
    smile, (N,). Its test pictures are those of A.

    Every test person is also there with other attributes, single and combined: hair of the next labelled colour, and
    the rest turned round, so that all of them change. With `change("glasses", "beard")` for one of these changes

        truth["A", change]                what the test pictures then truly look like, (N, 3, size, size)
        truth[change, "glasses"], …       the label of each attribute then, (N,)

    The changes are those of `attributes` in all combinations; with `n_mouth` that of the mouth, alone, is another.
    """
    if unknown := [name for name in attributes if name not in YES]:
        raise LabError(f"portraits_attributes: there is no label '{unknown[0]}'; there are {', '.join(YES)}.")
    colours = [YES[name][1] for name in attributes if YES[name][0] == "hair_colour"]
    if not attributes or len(colours) == 1:
        raise LabError("portraits_attributes: name at least one label, and no colour of hair or at least two.")
    equal = {YES[name][0]: (0, 1) for name in attributes} | ({"hair_colour": tuple(colours)} if colours else {})
    parts = [(n_test, equal), (n_train, equal)] + [(n_mouth, equal)] * bool(n_mouth)
    test, *train = strangers(parts, [style], seed)

    def labelled(key: str, group: Sequence[Face]) -> Domain:
        labels = yes_or_no(group, attributes) if key == "A" else _labels(group, "mouth")
        return Domain(f"portraits {key}", drawn(style, group, size, f"portraits {key}"), labels)

    kinds = [name for name in CHANGEABLE if name in equal]
    asked = [names for n in range(1, len(kinds) + 1) for names in combinations(kinds, n)]
    if n_mouth and ("mouth",) not in asked:
        asked.append(("mouth",))
    keys = "AB"[: len(train)]
    truth = {(key, "style"): torch.full((n_test,), list(STYLES).index(style)) for key in keys}
    truth |= {(key, name): _labels(test, name) for key in keys for name in ATTRIBUTES}
    for names in asked:
        after = [face.changed(**{name: _next(equal, name, getattr(face, name)) for name in names}) for face in test]
        images = drawn(style, after, size, f"portraits {change(*names)}")
        truth |= {(key, change(*names)): images for key in keys}
        truth |= {(change(*names), name): _labels(after, name) for name in ATTRIBUTES}
        truth[change(*names), "style"] = truth["A", "style"]
    shown = {key: labelled(key, test) for key in keys}
    return DataSet("portraits_attributes", dict(zip(keys, map(labelled, keys, train), strict=True)), shown, truth)


def change(*names: str) -> str:
    """What the truth of `portraits_attributes` calls the change of these attributes: "other hair_colour+glasses"."""
    return f"other {'+'.join(names)}"


def yes_or_no(group: Sequence[Face], names: Sequence[str]) -> Tensor:
    """The labels of faces by the names in `YES`: (N, names), 0 or 1."""
    return torch.tensor([[int(getattr(face, YES[name][0]) == YES[name][1]) for name in names] for face in group])


def _next(values: Mapping[str, Sequence[int]], name: str, value: int) -> int:
    """The value after this one, the first after the last; of an attribute that is not labelled, the other one."""
    known = values.get(name, (0, 1))
    return known[(known.index(value) + 1) % len(known)]


def strangers(parts: Sequence[tuple[int, Mapping]], styles: Sequence[str], seed: int) -> list[list[Face]]:
    """People for several sets, nobody in two: n faces with these attributes fixed, for each (n, fixed) of `parts`.

    Two faces are the same person where one of the styles draws them alike up to hair colour, glasses, beard and mouth.
    Raises LabError for an unknown style, and for no people or more than a style can draw.
    """
    if unknown := [style for style in styles if style not in STYLES]:
        raise LabError(f"there is no drawing style '{unknown[0]}'; there are {', '.join(STYLES)}.")
    if min(n for n, _ in parts) < 1:
        raise LabError("portraits: n_train and n_test must be at least 1.")
    taken, groups = set(), []
    for part, (n, fixed) in enumerate(parts):
        group, own = [], set()
        for face in islice(people(seed, part, fixed), 2 * n + 1000):
            who = {(style, STYLES[style].person(face)) for style in styles}
            if not who & taken:
                group.append(face)
                own |= who
            if len(group) == n:
                break
        else:
            raise LabError(f"portraits: {', '.join(styles)} cannot draw so many different people; ask for fewer.")
        taken |= own
        groups.append(group)
    return groups


def needed_change(one: Tensor, other: Tensor) -> Tensor:
    """Where two pictures of the same person differ: (N, 1, H, W), 1 or 0."""
    return ((one - other).abs().amax(1, keepdim=True) > LEAST_CHANGE).float()


def _labels(group: Sequence[Face], attribute: str) -> Tensor:
    return torch.tensor([getattr(face, attribute) for face in group])


def _domain(group: Sequence[Face], style: str, size: int, key: str, labels: str | None) -> Domain:
    if labels is not None and labels not in ATTRIBUTES:
        raise LabError(f"portraits: there is no attribute '{labels}' to label; there are {', '.join(ATTRIBUTES)}.")
    images = drawn(style, group, size, f"portraits {key}")
    return Domain(f"portraits {key}", images, None if labels is None else _labels(group, labels))


def _truth(
    shown: Mapping[str, Domain], test: Mapping[str, Sequence[Face]], styles: Mapping[str, str]
) -> dict[tuple[str, str], Tensor]:
    """Of each test picture its partner in every other domain, the label of each attribute, and the drawing style."""
    truth = {(src, dst): shown[dst].images for src in shown for dst in shown if src != dst}
    truth |= {(key, "style"): torch.full((len(test[key]),), list(STYLES).index(styles[key])) for key in shown}
    return truth | {(key, name): _labels(group, name) for key, group in test.items() for name in ATTRIBUTES}
