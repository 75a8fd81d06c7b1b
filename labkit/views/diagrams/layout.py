"""What a diagram says, before anything is drawn.

A diagram is a handful of lines: where each node stands, which way things flow, and what each loss compares. Kind and
colour of a node follow from its name, which is the name that the lessons and the code use: `real_A` is an image of A,
`G_AB` a generator, `D_B` a discriminator, `E_A` an encoder, `Dec_A` a decoder, `c_A`, `s_A`, `z` are codes.
"""

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from labkit.errors import LabError

KINDS = {  # the first pattern that fits a name gives its kind
    "image": r"(real|fake|rec|idt|cyc)_[A-Z]\w*",
    "generator": r"G(_\w+)?",
    "discriminator": r"D(_\w+)?",
    "encoder": r"(E|Enc)(_\w+)?",
    "decoder": r"Dec(_\w+)?",
    "frozen": r"f",
    "head": r"F|H|MLP|C",
    "code": r"(c|s|z|k|q|mu)(_\w+)?",
}


@dataclass(frozen=True)
class Loss:
    """One term of a loss, drawn as a pill.

    name:    the term, as histories name it.
    between: the one node that it judges, or the two that it compares.
    side:    where the pill stands, seen from its nodes: "above" or "below" them, or to the "right" of a single one.
    """

    name: str
    between: tuple[str, ...]
    side: Literal["above", "below", "right"] = "above"


@dataclass(frozen=True)
class Diagram:
    """A system on one page.

    title:  printed above.
    rows:   the rows of the drawing, from the top; each gives node names from left to right, "." is an empty place.
    flows:  chains such as "real_A > G_AB > fake_B": arrows from each node to the next.
    losses: the terms, each beside what it compares.
    shared: names of networks that stand for one set of weights, drawn with a double edge.
    labels: what to print instead of a node's name, where it appears more than once (a node needs a name of its own).
    note:   a sentence beneath.
    """

    title: str
    rows: tuple[str, ...]
    flows: tuple[str, ...]
    losses: tuple[Loss, ...] = ()
    shared: frozenset[str] = frozenset()
    labels: dict[str, str] = field(default_factory=dict)
    note: str = ""

    def __post_init__(self):
        for name in [n for flow in self.chains for n in flow] + [n for loss in self.losses for n in loss.between]:
            if name not in self.places:
                raise LabError(f"diagram '{self.title}': '{name}' has no place in its rows.")

    @property
    def places(self) -> dict[str, tuple[int, int]]:
        """name -> (column, row), both from 0; row 0 is the top."""
        return {
            name: (column, row)
            for row, line in enumerate(self.rows)
            for column, name in enumerate(line.split())
            if name != "."
        }

    @property
    def chains(self) -> list[list[str]]:
        return [[name.strip() for name in flow.split(">")] for flow in self.flows]

    @property
    def arrows(self) -> list[tuple[str, str]]:
        return [step for chain in self.chains for step in pairwise(chain)]

    def label(self, name: str) -> str:
        """What is printed in the node."""
        return self.labels.get(name, name)

    def kind(self, name: str) -> str:
        """One of `KINDS`, by the printed name. Raises LabError for a name that no kind has."""
        for kind, pattern in KINDS.items():
            if re.fullmatch(pattern, self.label(name)):
                return kind
        raise LabError(f"diagram '{self.title}': '{self.label(name)}' is none of the field's names.")

    def alternative_text(self) -> str:
        """The diagram in words, for those who cannot see it."""
        flows = "; ".join(" → ".join(self.label(name) for name in chain) for chain in self.chains)
        losses = "; ".join(
            f"{loss.name} judges {self.label(loss.between[0])}"
            if len(loss.between) == 1
            else f"{loss.name} compares {self.label(loss.between[0])} with {self.label(loss.between[1])}"
            for loss in self.losses
        )
        shared = f" One set of weights: {', '.join(sorted(self.shared))}." if self.shared else ""
        return f"Diagram of {self.title}. {flows}." + (f" Losses: {losses}." if losses else "") + shared
