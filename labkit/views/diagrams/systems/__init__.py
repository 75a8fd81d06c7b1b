"""One description a system, by family. Names are those of the lessons; losses are the terms that histories name."""

from labkit.views.diagrams.systems import codes, contrast, domains, games

DIAGRAMS = games.DIAGRAMS | contrast.DIAGRAMS | codes.DIAGRAMS | domains.DIAGRAMS
