"""The systems, one paper a file, all under the contract of `labkit.systems.base`."""

import importlib

from labkit.errors import LabError
from labkit.settings import from_mapping

SYSTEMS = {
    "gan": "labkit.systems.gan:GAN",
    "direct": "labkit.systems.direct:Direct",
    "classifier": "labkit.systems.classifier:Classifier",
    "autoencoder": "labkit.systems.autoencoder:Autoencoder",
    "simclr": "labkit.systems.simclr:SimCLR",
    "moco": "labkit.systems.moco:MoCo",
    "cyclegan": "labkit.systems.cyclegan:CycleGAN",
    "discogan": "labkit.systems.discogan:DiscoGAN",
    "dualgan": "labkit.systems.dualgan:DualGAN",
}


def system_class(name: str) -> type:
    """The class of a system by its short name. Raises LabError for a name that is none."""
    if name not in SYSTEMS:
        raise LabError(f"There is no system '{name}'; there are {', '.join(SYSTEMS)}.")
    module, attribute = SYSTEMS[name].split(":")
    return getattr(importlib.import_module(module), attribute)


def build(name: str, settings: dict, where: str = "settings"):
    """Build a system from its short name and a mapping of settings; what is not named keeps the paper's value."""
    cls = system_class(name)
    return cls(from_mapping(cls.Settings, settings, where))
