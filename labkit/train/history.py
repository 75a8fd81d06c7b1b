"""What training recorded: every named term of every player."""

from collections import defaultdict

CLOCK = "seconds"  # where a dictionary holds the clock; no term is called so, theirs have a stroke


class History:
    """Curves by name, and the clock. A name is "player/term", as in "G/adv_AB" or "D/A".

    Two histories are equal where their curves are; the clock is the machine's affair.
    """

    def __init__(self):
        self._curves: dict[str, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
        self._clock: tuple[list[int], list[float]] = ([], [])

    def add(self, step: int, name: str, value: float) -> None:
        steps, values = self._curves[name]
        steps.append(step)
        values.append(value)

    def tick(self, step: int, seconds: float) -> None:
        """`seconds` of training had passed, stops left out, when `step` ended."""
        self._clock[0].append(step)
        self._clock[1].append(round(seconds, 3))

    def clock(self) -> tuple[list[int], list[float]]:
        """Steps (from 0) and the seconds of training that had passed when they ended; empty in older records."""
        return self._clock

    def seconds(self) -> float:
        """Seconds of training up to the last step that was recorded."""
        return self._clock[1][-1] if self._clock[1] else 0.0

    def go_on_from(self, before: "History") -> None:
        """Take over what `before` holds, in place of what is here."""
        self._curves, self._clock = before._curves, before._clock

    def terms(self) -> list[str]:
        """The names recorded, in the order of their first appearance."""
        return list(self._curves)

    def curve(self, name: str) -> tuple[list[int], list[float]]:
        """Steps (from 0) and values of one term. Raises KeyError for a name that was never recorded."""
        if name not in self._curves:
            raise KeyError(f"no term '{name}' was recorded; there are {', '.join(self.terms())}")
        return self._curves[name]

    def to_dict(self) -> dict[str, list]:
        curves = {name: [list(steps), list(values)] for name, (steps, values) in self._curves.items()}
        return curves | ({CLOCK: [list(part) for part in self._clock]} if self._clock[0] else {})

    @classmethod
    def from_dict(cls, data: dict[str, list]) -> "History":
        history = cls()
        for name, (steps, values) in data.items():
            if name == CLOCK:
                history._clock = (list(steps), list(values))
            else:
                history._curves[name] = (list(steps), list(values))
        return history

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History) and self._curves == other._curves
