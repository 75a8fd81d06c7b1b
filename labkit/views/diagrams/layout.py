"""What a diagram says, before anything is drawn.

A diagram is a handful of lines: where each node stands, which way things flow, and what each loss compares. The kind of
a node follows from its name, which is the name that the lessons and the code use: `real_A` is an image of A, `G_AB` a
generator, `D_B` a discriminator, `E_A` an encoder, `Dec_A` a decoder, `c_A`, `s_A`, `z` are codes.
"""

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from labkit.errors import LabError

KINDS = {  # the first pattern that fits a name gives its kind
    "code": r"(own_|rec_)?(c|s|z|q|k|code|key|query)(_\w+)?|queue",
    "encoder": r"G_enc|(E|Es|f|teacher)(_\w+)?",
    "decoder": r"G_dec|(Dec|g)(_\w+)?",
    "generator": r"G(_\w+)?|small_AB",
    "discriminator": r"(small_)?D(_\w+)?",
    "head": r"(F|C|M|head|mlp)(_\w+)?",
    "image": r"(real|fake|rec|idt|cyc|small|view|others|one)(_\w+)?",
    "label": r"label(_\w+)?",
    "step": r"(flip|crops|tiles|noise|mean)(_\w+)?",
    "patch": r"place(_\w+)?",
}


@dataclass(frozen=True)
class Loss:
    """One term of a loss, drawn as a pill. Losses with the same nodes and side stand next to each other.

    name:    the term, as histories name it.
    between: the one node that it judges, or those that it compares.
    side:    where the pill stands, seen from its nodes: beside all of them, or "between" two.
    """

    name: str
    between: tuple[str, ...]
    side: Literal["above", "below", "left", "right", "between"] = "above"


@dataclass(frozen=True)
class Arrow:
    """From a node to another; `says` stands beside it, and `quiet` ones, drawn broken, carry no gradient."""

    start: str
    end: str
    says: str = ""
    quiet: bool = False


@dataclass(frozen=True)
class Diagram:
    """A system on one page.

    title:  printed above.
    rows:   the rows of the drawing, from the top; each gives node names from left to right, "." is an empty place.
            A name that stands more than once bears a number from its second place on: "G_AB", "G_AB@2".
    flows:  chains such as "real_A > G_AB > fake_B": arrows from each node to the next. "..>" is a quiet one, and what
            follows a colon stands beside the last arrow of its chain.
    losses: the terms, each beside what it compares.
    shared: names of networks that are one for both domains, as a whole or next to the code, drawn with a double edge.
    frozen: names of networks that do not learn here, drawn with a broken edge.
    many:   nodes that stand for several of their kind, drawn as a stack.
    labels: what to print instead of a name; a second line is printed smaller.
    note:   sentences beneath.
    """

    title: str
    rows: tuple[str, ...]
    flows: tuple[str, ...]
    losses: tuple[Loss, ...] = ()
    shared: frozenset[str] = frozenset()
    frozen: frozenset[str] = frozenset()
    many: frozenset[str] = frozenset()
    labels: dict[str, str] = field(default_factory=dict)
    note: str = ""

    def __post_init__(self):
        names = [name for line in self.rows for name in line.split() if name != "."]
        for name in names:
            if names.count(name) > 1:
                raise LabError(f"diagram '{self.title}': '{name}' has two places in its rows; call one '{name}@2'.")
        used = [n for arrow in self.arrows for n in (arrow.start, arrow.end)]
        used += [n for loss in self.losses for n in loss.between] + [*self.many, *self.labels]
        for name in used:
            if name not in names:
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
    def arrows(self) -> list[Arrow]:
        found = []
        for flow in self.flows:
            chain, _, says = (part.strip() for part in flow.partition(" : "))
            names, signs = re.split(r"\s+(?:\.\.)?>\s+", chain), re.findall(r"\s((?:\.\.)?>)\s", chain)
            for (start, end), sign in zip(pairwise(names), signs, strict=True):
                found.append(Arrow(start, end, says if end == names[-1] else "", sign == "..>"))
        return found

    @staticmethod
    def base(name: str) -> str:
        """The name without the number of its place."""
        return name.partition("@")[0]

    def label(self, name: str) -> str:
        """What is printed in the node."""
        return self.labels.get(name, self.base(name))

    def kind(self, name: str) -> str:
        """One of `KINDS`. Raises LabError for a name that no kind has."""
        for kind, pattern in KINDS.items():
            if re.fullmatch(pattern, self.base(name)):
                return kind
        raise LabError(f"diagram '{self.title}': '{self.base(name)}' is none of the field's names.")

    def mirrored(self, name: str) -> bool:
        """Whether what flows through the node comes from the right."""
        column = self.places[name][0]
        steps = [column - self.places[arrow.start][0] for arrow in self.arrows if arrow.end == name]
        steps += [self.places[arrow.end][0] - column for arrow in self.arrows if arrow.start == name]
        return min(steps, default=0) < 0 and max(steps, default=0) <= 0

    def alternative_text(self) -> str:
        """The diagram in words, for those who cannot see it."""
        chains = [re.sub(r"\s+(?:\.\.)?>\s+", " > ", flow).split(" : ") for flow in self.flows]
        flows = "; ".join(
            " → ".join(self._words(name.strip()) for name in chain.split(" > ")) + (f" ({says[0]})" if says else "")
            for chain, *says in chains
        )
        losses = "; ".join(
            f"{loss.name} {'judges' if len(loss.between) == 1 else 'compares'} "
            + " with ".join(self._words(name) for name in loss.between)
            for loss in self.losses
        )
        told = f"Diagram of {self.title}. {flows}." + (f" Losses: {losses}." if losses else "")
        told += f" Shared by both domains: {', '.join(sorted(self.shared))}." if self.shared else ""
        return told + (f" Frozen: {', '.join(sorted(self.frozen))}." if self.frozen else "")

    def _words(self, name: str) -> str:
        return self.label(name).replace("\n", " ")
