"""What these tests share."""

import pytest

import small_study
from small_run import spec  # noqa: F401 (a fixture)


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A folder with the small lessons' profiles, in which studies run and record."""
    small_study.furnish(tmp_path, monkeypatch.setattr)
    return tmp_path
