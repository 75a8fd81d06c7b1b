"""Settings to begin with: every translator at the paper's scale, for a night and for minutes on a processor.

paper: the paper's networks, size, batch and number of steps; where neither paper nor code says how many steps, the
       comment says so.
small: pictures of 64 px and networks of about half the width: hours on one core.
quick: narrow networks that show within minutes whether things work at all.

What each costs is measured by `python -m labkit presets --measure`, see `labkit.runs.preset_costs`.
"""

from dataclasses import dataclass, field, fields, replace

from labkit.errors import LabError
from labkit.systems import system_class

PRESETS = ("paper", "small", "quick")


@dataclass(frozen=True)
class Preset:
    """size: side of the images in pixels. settings: what differs from the system's defaults, which are the paper's."""

    size: int
    batch_size: int
    steps: int
    settings: dict = field(default_factory=dict)


# Of small and quick, where the system has these settings: an averaged generator translates, and nothing leaves
# checkerboards.
SMOOTH = {"ema": 0.999, "upsample": "resize"}

RESNET = {"ngf": 32, "ndf": 32, "blocks": 6, "d_layers": 2}
NARROW_RESNET = {"ngf": 16, "ndf": 16, "blocks": 2, "d_layers": 2}
PATCHES = RESNET | {"dim": 128, "num_patches": 128}
FEW_PATCHES = NARROW_RESNET | {"dim": 64, "num_patches": 64, "init_gain": 0.5, "lr": 1e-3}

TABLE = {
    "direct": {
        "paper": Preset(256, 1, 266_800),  # as CycleGAN
        "small": Preset(64, 1, 30_000, RESNET),
        "quick": Preset(32, 8, 1000, NARROW_RESNET | {"lr": 1e-3}),
    },
    "cyclegan": {
        "paper": Preset(256, 1, 266_800),  # 200 epochs of 1,334 zebras
        "small": Preset(64, 1, 30_000, RESNET),
        "quick": Preset(32, 8, 1000, NARROW_RESNET | {"lr": 5e-4}),
    },
    "discogan": {
        "paper": Preset(64, 64, 100_000),  # the number of steps is ours
        "small": Preset(64, 16, 10_000, {"ngf": 32, "ndf": 32, "rate_steps": 1000}),
        "quick": Preset(32, 16, 1000, {"ngf": 16, "ndf": 16, "lr": 5e-4, "rate_steps": 100}),
    },
    "dualgan": {
        "paper": Preset(256, 1, 100_000),  # the number of steps is ours
        "small": Preset(64, 4, 20_000, {"ngf": 32, "ndf": 32, "levels": 5, "d_layers": 4}),
        "quick": Preset(
            *(32, 8, 1000),
            {"ngf": 16, "ndf": 16, "levels": 4, "d_layers": 3, "lr": 5e-4, "lambda_cyc": 20.0, "n_critic": 2},
        ),
    },
    "cut": {
        "paper": Preset(256, 1, 533_600),  # 400 epochs
        "small": Preset(64, 1, 30_000, PATCHES),
        "quick": Preset(32, 8, 1000, FEW_PATCHES),
    },
    "fastcut": {
        "paper": Preset(256, 1, 266_800),  # 200 epochs
        "small": Preset(64, 1, 30_000, PATCHES),
        "quick": Preset(32, 8, 1000, FEW_PATCHES),
    },
    "dclgan": {
        "paper": Preset(256, 1, 533_600),  # 400 epochs
        "small": Preset(64, 1, 30_000, PATCHES),
        "quick": Preset(32, 8, 1000, FEW_PATCHES),
    },
    "simdcl": {
        "paper": Preset(256, 1, 533_600),  # 400 epochs
        "small": Preset(64, 1, 30_000, PATCHES),
        "quick": Preset(32, 8, 1000, FEW_PATCHES | {"heads_lr": 1e-3}),
    },
    "sincut": {
        "paper": Preset(64, 16, 100_000),  # crops, of one picture
        "small": Preset(64, 8, 6000, {"ngf": 6, "ndf": 6}),
        "quick": Preset(32, 8, 500, {"ngf": 4, "ndf": 4, "tile": 32}),
    },
    "cogan": {
        "paper": Preset(28, 64, 10_000),
        "small": Preset(28, 32, 5000, {"ngf": 64, "lr": 5e-4}),
        "quick": Preset(28, 16, 600, {"ngf": 16, "ndf": 16, "lr": 1e-3}),
    },
    "unit": {
        "paper": Preset(256, 1, 500_000),
        "small": Preset(64, 1, 30_000, {"ngf": 32, "ndf": 32, "blocks": 2, "d_layers": 4, "d_kaiming": True}),
        "quick": Preset(32, 4, 1000, {"ngf": 16, "ndf": 16, "blocks": 1, "d_layers": 3, "d_kaiming": True, "lr": 1e-3}),
    },
    "unit2018": {
        "paper": Preset(256, 1, 1_000_000),
        "small": Preset(64, 1, 30_000, {"width": 32, "blocks": 3, "ndf": 32, "d_layers": 3, "scales": 2}),
        "quick": Preset(32, 4, 1000, {"width": 16, "blocks": 1, "ndf": 16, "d_layers": 2, "scales": 2, "lr": 1e-3}),
    },
    "unit_digits": {
        "paper": Preset(32, 64, 200_000),
        "small": Preset(
            *(32, 16, 5000),
            {"ngf": 32, "ndf": 16, "dropout": 0.0, "lr": 5e-4, "lambda_adv": 0.1}
            | {"lambda_rec": 0.02, "lambda_match": 0.02},
        ),
        "quick": Preset(
            *(32, 16, 500),
            {"ngf": 16, "ndf": 8, "dropout": 0.0, "lr": 1e-3, "lambda_adv": 0.1}
            | {"lambda_rec": 0.02, "lambda_match": 0.02},
        ),
    },
    "munit": {
        "paper": Preset(256, 1, 1_000_000),
        "small": Preset(
            64, 1, 30_000, {"width": 32, "blocks": 3, "mlp_width": 128, "ndf": 32, "d_layers": 3, "scales": 2}
        ),
        "quick": Preset(
            *(32, 4, 1000),
            {"width": 16, "blocks": 2, "style_halvings": 3, "mlp_width": 64, "ndf": 16, "d_layers": 2, "scales": 2}
            | {"lr": 3e-4},
        ),
    },
    "dtn": {
        "paper": Preset(32, 128, 20_000),  # batch and steps are ours
        "small": Preset(32, 32, 4000, {"ngf": 64, "ndf": 32, "lambda_const": 1.0, "lr": 1e-3, "constant_share": 0.5}),
        "quick": Preset(32, 16, 500, {"ngf": 16, "ndf": 16, "lambda_const": 1.0, "lr": 2e-3, "constant_share": 0.5}),
    },
    "xgan": {
        "paper": Preset(64, 2, 100_000),  # the port's batch; the number of steps is ours
        "small": Preset(64, 8, 10_000, {"width": 16, "latent": 256}),
        "quick": Preset(32, 16, 500, {"width": 8, "latent": 64, "lr": 5e-4}),
    },
    "funit": {
        "paper": Preset(128, 64, 100_000),
        "small": Preset(64, 8, 10_000, {"width": 32, "halvings": 2, "mlp_width": 128, "ndf": 32, "stages": 4}),
        "quick": Preset(
            *(32, 8, 600),
            {"width": 16, "halvings": 2, "class_halvings": 3, "class_dim": 32, "mlp_width": 64, "ndf": 16, "stages": 3},
        ),
    },
    "combogan": {
        "paper": Preset(256, 1, 266_800),  # 200 epochs of two domains, as CycleGAN
        "small": Preset(64, 1, 30_000, RESNET),
        "quick": Preset(32, 8, 1000, NARROW_RESNET | {"lr": 5e-4}),
    },
    "ldd": {
        "paper": Preset(64, 32, 100_000),  # the batch is the paper's, of sentences; size and number of steps are ours
        "small": Preset(64, 8, 20_000, {"ngf": 32, "blocks": 6, "shared": 6, "hidden": 256}),
        "quick": Preset(
            *(32, 8, 1000),
            {"ngf": 16, "blocks": 2, "shared": 2, "hidden": 64, "refresh": 200, "lr": 1e-3},
        ),
    },
    "stargan": {
        "paper": Preset(128, 16, 200_000),
        "small": Preset(64, 8, 20_000, {"ngf": 32, "ndf": 32, "blocks": 4, "d_layers": 5}),
        "quick": Preset(32, 8, 2000, {"ngf": 16, "ndf": 16, "blocks": 2, "d_layers": 4, "n_critic": 2, "lr": 5e-4}),
    },
}

NEEDS = {  # what two folders alone do not give
    "cogan": "makes pairs and translates nothing; --data with one channel, or --set channels=3",
    "sincut": "one picture of each domain: --data single_pair",
    "unit_digits": "classes of A: --data with classes, and --labels A",
    "dtn": "a frozen judge that knows the meaning, --set f=NAME: digits",
    "funit": "classes of both domains: --data with classes, --labels A B and --set classes=NUMBER",
    "combogan": "for more than two domains their names: --data portraits_many --set domains=[black,brown,blond,grey]",
    "stargan": "yes or no labels of A: --data portraits_attributes --labels A, and --set attributes=[…] rivals=[…] for"
    " other labels; for two folders --set attributes=[] domains=[A,B]",
}


def preset(system: str, name: str) -> Preset:
    """The preset `name` of a system. Raises LabError for a name that is none, and a system that has none."""
    if system not in TABLE:
        system_class(system)  # which says so, where there is no such system
        raise LabError(f"there is no preset of {system}; there are presets of {', '.join(TABLE)}.")
    if name not in PRESETS:
        raise LabError(f"there is no preset '{name}'; there are {', '.join(PRESETS)}.")
    found = TABLE[system][name]
    smooth = {} if name == "paper" else {key: value for key, value in SMOOTH.items() if has_setting(system, key)}
    return replace(found, settings=smooth | sized(system, found.size) | found.settings)


def sized(system: str, size: int) -> dict:
    """The setting `size` of a system that is built for one side of image; nothing for others."""
    return {"size": size} if has_setting(system, "size") else {}


def has_setting(system: str, name: str) -> bool:
    return name in {setting.name for setting in fields(system_class(system).Settings)}
