"""A translator whose answers are given, for tests of measures."""

from labkit.systems.base import Translator


class Known(Translator):
    """Translates by two given functions."""

    def __init__(self, there, back=lambda y: y):
        super().__init__()
        self.ways = {("A", "B"): there, ("B", "A"): back}

    def translate(self, x, src="A", dst="B"):
        return self.ways[src, dst](x)
