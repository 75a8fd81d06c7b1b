"""The knobs of every lesson at every scale, from one file: lessons/profiles.yml.

The file maps lesson → profile → knob → value. `lesson` is the profile that every lesson must have: it names each knob
and, by its value, the knob's type. The other profiles inherit from it and override what they name; an override that
names an unknown knob or changes a type is refused.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from labkit import paths
from labkit.errors import LabError
from labkit.yamlfile import is_number, read_yaml

PROFILES = ("smoke", "lesson", "study", "full", "paper")


def names(path: Path | None = None) -> list[str]:
    """The lessons that have an entry in the profiles file, in its order."""
    return list(_read(path or paths.LESSONS / "profiles.yml"))


def knobs(lesson: str, profile: str, path: Path | None = None) -> SimpleNamespace:
    """The knobs of `lesson` at `profile`, mappings as nested namespaces: `knobs("01_gan_minmax", "smoke").ring.steps`.

    Raises LabError for an unknown lesson or profile, an unknown knob in an override, or a value of another type than
    the same knob has in the `lesson` profile.
    """
    return _namespace(knob_values(lesson, profile, path))


def knob_values(lesson: str, profile: str, path: Path | None = None) -> dict[str, Any]:
    """As `knobs`, but as plain nested dictionaries: for hashing, saving and comparing."""
    path = path or paths.LESSONS / "profiles.yml"
    if profile not in PROFILES:
        raise LabError(f"unknown profile '{profile}'; {_hint(profile, PROFILES)}")
    lessons = _read(path)
    if lesson not in lessons:
        raise LabError(f"{path}: no lesson '{lesson}'; {_hint(lesson, lessons)}")
    section = lessons[lesson]
    where = f"{path}: {lesson}"
    if not isinstance(section, Mapping) or "lesson" not in section:
        raise LabError(f"{where}: needs a profile 'lesson' that names every knob.")
    for name in section:
        if name not in PROFILES:
            raise LabError(f"{where}: unknown profile '{name}'; {_hint(str(name), PROFILES)}")
        if not isinstance(section[name] or {}, Mapping):
            raise LabError(f"{where} / {name}: expected knobs and values, found {section[name]!r}.")
    defaults = dict(section["lesson"] or {})
    _check_knobs(defaults, f"{where} / lesson")
    return _override(defaults, section.get(profile) or {}, f"{where} / {profile}")


def _read(path: Path) -> Mapping:
    content = read_yaml(path) or {}
    if not isinstance(content, Mapping):
        raise LabError(f"{path}: expected lessons and their profiles, found {type(content).__name__}.")
    return content


def _check_knobs(knobs: Mapping, where: str) -> None:
    """A knob is reached as an attribute, so its name must be one; and YAML reads `1e-3` as text, not as a number."""
    for key, value in knobs.items():
        if not (isinstance(key, str) and key.isidentifier()):
            raise LabError(f"{where}: '{key}' cannot be the name of a knob; use letters, digits and underscores.")
        if isinstance(value, Mapping):
            _check_knobs(value, f"{where} / {key}")
        elif isinstance(value, str) and is_number(value):
            raise LabError(f"{where}: knob '{key}' is the text '{value}'; write the number as {float(value)!r}.")


def _override(defaults: Mapping, overrides: Mapping, where: str) -> dict[str, Any]:
    _check_knobs(overrides, where)
    merged = dict(defaults)
    for key, value in overrides.items():
        if key not in defaults:
            raise LabError(f"{where}: unknown knob '{key}'; {_hint(key, defaults)}")
        default = defaults[key]
        if not _fits(value, default):
            raise LabError(
                f"{where}: knob '{key}' is {_kind(value)} ({value!r}), in profile 'lesson' it is {_kind(default)}."
            )
        nested = isinstance(default, Mapping) and default
        merged[key] = _override(default, value, f"{where} / {key}") if nested else value
    return merged


def _fits(value: Any, default: Any) -> bool:
    """Whether `value` may stand where `default` stands; a default of null, [] or {} leaves it open."""
    if default is None:
        return True
    if isinstance(default, list):
        return isinstance(value, list) and (not default or all(_fits(item, default[0]) for item in value))
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is type(default)


def _kind(value: Any) -> str:
    kinds = {bool: "true or false", int: "a whole number", float: "a number", str: "text", list: "a list"}
    return "nothing" if value is None else kinds.get(type(value), "a group of knobs")


def _hint(name: str, known) -> str:
    close = get_close_matches(name, [str(item) for item in known], n=1)
    return f"did you mean '{close[0]}'?" if close else f"known are {', '.join(map(str, known)) or 'none'}."


def _namespace(value: Any) -> Any:
    if isinstance(value, Mapping):
        return SimpleNamespace(**{key: _namespace(item) for key, item in value.items()})
    return value
