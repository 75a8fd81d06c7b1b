"""Recorded networks: runs that took longer than a lesson has, kept with the repository, opened with one call.

from labkit import networks
cycle = networks.open("03_cyclegan", "cycle")     # a Run: every measure works on it
"""

from labkit.networks.opened import Network, NotReproduced
from labkit.networks.opened import open_network as open
from labkit.networks.record import demand_fits, record

__all__ = ["Network", "NotReproduced", "demand_fits", "open", "record"]
