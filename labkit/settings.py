"""Typed settings from plain mappings (YAML, command line, JSON)."""

from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import TypeVar

from labkit.errors import LabError

T = TypeVar("T")


def from_mapping(cls: type[T], mapping: Mapping, where: str) -> T:
    """Build the dataclass `cls` from `mapping`.

    `where` names the place the mapping came from (a file and key, or an option) and opens every message.
    Raises LabError for an unknown key, a missing one, or a value of the wrong type.
    """
    from pydantic import TypeAdapter, ValidationError

    if not isinstance(mapping, Mapping):
        raise LabError(f"{where}: expected keys and values, found {type(mapping).__name__}.")
    known = [field.name for field in fields(cls)]
    for key in mapping:
        if key not in known:
            close = get_close_matches(str(key), known, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"known are {', '.join(known)}."
            raise LabError(f"{where}: unknown setting {str(key)!r}; {hint}")
    try:
        return TypeAdapter(cls).validate_python(dict(mapping))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise LabError(f"{where}: setting {key!r}: {first['msg']} (found {first['input']!r}).") from None
