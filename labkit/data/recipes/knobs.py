"""Recipes that hand their `**knobs` on to another: what `load` may be given for them."""

from collections.abc import Callable
from inspect import Parameter, Signature, signature


def with_knobs_of(other: Callable) -> Callable[[Callable], Callable]:
    """Say that the `**knobs` of a recipe are the settings of `other` that it does not have itself."""

    def say(recipe: Callable) -> Callable:
        own = {name: p for name, p in signature(recipe).parameters.items() if p.kind is not Parameter.VAR_KEYWORD}
        handed_on = [
            p.replace(kind=Parameter.KEYWORD_ONLY) for n, p in signature(other).parameters.items() if n not in own
        ]
        recipe.__signature__ = Signature([*own.values(), *handed_on])
        return recipe

    return say
