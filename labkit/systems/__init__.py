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
    "cut": "labkit.systems.cut:CUT",
    "fastcut": "labkit.systems.cut:FastCUT",
    "sincut": "labkit.systems.sincut:SinCUT",
    "dclgan": "labkit.systems.dclgan:DCLGAN",
    "simdcl": "labkit.systems.dclgan:SimDCL",
    "cogan": "labkit.systems.cogan:CoGAN",
    "unit": "labkit.systems.unit:UNIT",
    "unit2018": "labkit.systems.unit2018:UNIT2018",
    "unit_digits": "labkit.systems.unit_digits:UNITDigits",
    "munit": "labkit.systems.munit:MUNIT",
    "dtn": "labkit.systems.dtn:DTN",
    "xgan": "labkit.systems.xgan:XGAN",
    "funit": "labkit.systems.funit:FUNIT",
    "combogan": "labkit.systems.combogan:ComboGAN",
    "ldd": "labkit.systems.ldd:LDD",
    "stargan": "labkit.systems.stargan:StarGAN",
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
