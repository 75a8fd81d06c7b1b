"""Behaviour checks for what students write.

A check calls the student's function and looks at what it does: its values, its gradients, what it leaves alone. In a
lesson it prints one of three things and never raises, so that an unsolved notebook runs to its end with the same output
every time. Tests ask `broken` instead, which says which property fails.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Property:
    """One thing that a right answer has.

    name:  a word that the student can look for: value, gradient, sign, detach.
    holds: student's function -> bool. May raise; then the property does not hold.
    hint:  what to look at when it does not. It says what is wrong, not what to write.
    """

    name: str
    holds: Callable[[Callable], bool]
    hint: str


class Unsolved(Exception):
    """The stub is still a stub."""


@dataclass(frozen=True)
class Exercise:
    """An exercise, called with the student's function. The first of the `properties` that fails is shown."""

    title: str
    properties: tuple[Property, ...]

    def __call__(self, student: Callable) -> None:
        """Print how far the student's function has come. Returns None and never raises."""
        try:
            failed = self.broken(student)
        except Unsolved:
            print(f"○ {self.title}: not solved yet. Replace the `...` and run this cell again.")
            return
        if failed is None:
            names = ", ".join(dict.fromkeys(p.name for p in self.properties))
            print(f"✓ {self.title}: right ({names}).")
        else:
            print(f"✗ {self.title}: {failed.name}. {failed.hint}")

    def broken(self, student: Callable) -> Property | None:
        """The first property that fails, None where all hold. Raises Unsolved for a stub: nothing from the first on."""
        for i, wanted in enumerate(self.properties):
            try:
                holds = bool(wanted.holds(student))
            except (Unsolved, NotImplementedError):
                if i == 0:
                    raise Unsolved from None
                hint = f"{wanted.hint} (Your function returned nothing here.)"  # a branch without a return
                return Property(wanted.name, wanted.holds, hint)
            except Exception as error:  # whatever a student's code may raise is shown, not passed on
                hint = f"{wanted.hint} (Python says: {type(error).__name__}: {error})"
                return Property(wanted.name, wanted.holds, hint)
            if not holds:
                return wanted
        return None


def answer(student: Callable, *arguments):
    """What the student's function returns. Raises Unsolved where that is nothing or `...`."""
    result = student(*arguments)
    if result is None or result is ...:
        raise Unsolved
    if isinstance(result, tuple) and any(part is None or part is ... for part in result):
        raise Unsolved
    return result
