"""What these tests share."""

from small_run import spec  # noqa: F401 (a fixture)
