"""Settings from mappings: what is wrong is named, with the way out."""

from dataclasses import dataclass

import pytest

from labkit.errors import LabError
from labkit.settings import from_mapping


@dataclass(frozen=True)
class Settings:
    width: int = 64
    rate: float = 0.1
    name: str = "x"


def test_named_keys_override_defaults():
    assert from_mapping(Settings, {"width": 8, "rate": 1}, "here") == Settings(8, 1.0)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"widht": 8}, r"file, key: unknown setting 'widht'; did you mean 'width'\?"),
        ({"zzz": 8}, "unknown setting 'zzz'; known are width, rate, name"),
        ({"width": "wide"}, "setting 'width'.*found 'wide'"),
        ({"width": 1.5}, "setting 'width'"),
        ({"rate": None}, "setting 'rate'"),
        ([1], "expected keys and values, found list"),
        ({1: 2}, "unknown setting '1'"),
    ],
)
def test_what_does_not_fit_is_named(mapping, message):
    with pytest.raises(LabError, match=message):
        from_mapping(Settings, mapping, "file, key")
