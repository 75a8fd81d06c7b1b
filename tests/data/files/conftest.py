"""What the tests of downloading share."""

from misbehaving_server import server  # noqa: F401 (a fixture)
