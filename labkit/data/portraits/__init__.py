"""Drawn faces whose every attribute is a parameter: what they are, how they are drawn, and who drew the originals."""

from labkit.data.portraits.drawing import drawn
from labkit.data.portraits.faces import ATTRIBUTES, SKIN_TONES, Face, faces, people
from labkit.data.portraits.styles import STYLES, Style, credit

__all__ = ["ATTRIBUTES", "SKIN_TONES", "STYLES", "Face", "Style", "credit", "drawn", "faces", "people"]
