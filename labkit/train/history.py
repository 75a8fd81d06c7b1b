"""What training recorded: every named term of every player."""

from collections import defaultdict


class History:
    """Curves by name. A name is "player/term", as in "G/adv_AB" or "D/A"."""

    def __init__(self):
        self._curves: dict[str, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))

    def add(self, step: int, name: str, value: float) -> None:
        steps, values = self._curves[name]
        steps.append(step)
        values.append(value)

    def terms(self) -> list[str]:
        """The names recorded, in the order of their first appearance."""
        return list(self._curves)

    def curve(self, name: str) -> tuple[list[int], list[float]]:
        """Steps (from 0) and values of one term. Raises KeyError for a name that was never recorded."""
        if name not in self._curves:
            raise KeyError(f"no term '{name}' was recorded; there are {', '.join(self.terms())}")
        return self._curves[name]

    def to_dict(self) -> dict[str, list]:
        return {name: [list(steps), list(values)] for name, (steps, values) in self._curves.items()}

    @classmethod
    def from_dict(cls, data: dict[str, list]) -> "History":
        history = cls()
        for name, (steps, values) in data.items():
            history._curves[name] = (list(steps), list(values))
        return history

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History) and self.to_dict() == other.to_dict()
