"""Every system at a size that tests can afford: settings, and a batch. A new system adds one line here."""

import torch

SIZE = 16


def images(*keys: str, channels: int = 3, size: int = SIZE):
    def batch(step: int = 0, rank: int = 0, world: int = 1, batch_size: int = 2) -> dict[str, torch.Tensor]:
        """Noise images, the same for the same step; `world` ranks share what one rank would see in one batch."""
        generator = torch.Generator().manual_seed(step)
        whole = {key: torch.rand(batch_size * world, channels, size, size, generator=generator) * 2 - 1 for key in keys}
        return {key: value[rank * batch_size : (rank + 1) * batch_size] for key, value in whole.items()}

    return batch


def labelled_A(channels: int, size: int):
    """Noise images of two domains with labels of A."""

    def batch(step: int = 0, rank: int = 0, world: int = 1, batch_size: int = 2) -> dict[str, torch.Tensor]:
        found = images("A", "B", channels=channels, size=size)(step, rank, world, batch_size)
        return found | {"A_label": torch.arange(batch_size) % 3}

    return batch


def two_labelled(step: int = 0, rank: int = 0, world: int = 1, batch_size: int = 2) -> dict[str, torch.Tensor]:
    """Noise images of two domains, both with labels."""
    batch = images("A", "B")(step, rank, world, batch_size)
    return batch | {"A_label": torch.arange(batch_size) % 3, "B_label": (torch.arange(batch_size) + step) % 3}


def labelled(step: int = 0, rank: int = 0, world: int = 1, batch_size: int = 2) -> dict[str, torch.Tensor]:
    """Noise images with labels."""
    batch = images("real", channels=1)(step, rank, world, batch_size)
    return batch | {"real_label": torch.arange(batch_size) % 3}


SMALL = {
    "gan": ({"size": 16, "nz": 8, "ngf": 8, "ndf": 8}, images("real", size=16)),
    "direct": ({"ngf": 4, "ndf": 4, "depth": 4, "d_layers": 1, "small_depth": 2, "small_steps": 2}, images("A", "B")),
    "cyclegan": ({"ngf": 4, "ndf": 4, "blocks": 1, "d_layers": 1, "pool": 3}, images("A", "B")),
    "discogan": ({"size": 16, "ngf": 4, "ndf": 4, "rate_steps": 2}, images("A", "B")),
    "dualgan": ({"size": 16, "ngf": 4, "ndf": 4, "levels": 4, "d_layers": 2, "n_critic": 2}, images("A", "B")),
    "cogan": ({"nz": 4, "ngf": 2, "ndf": 2, "classes": 3, "lambda_match": 0.01}, labelled_A(channels=1, size=28)),
    "unit": ({"ngf": 4, "ndf": 4, "blocks": 1, "d_layers": 2}, images("A", "B")),
    "unit2018": ({"width": 4, "blocks": 1, "ndf": 4, "d_layers": 2, "scales": 2}, images("A", "B")),
    "unit_digits": (
        {"channels_A": 3, "channels_B": 3, "ngf": 2, "ndf": 2, "classes": 3},
        labelled_A(channels=3, size=32),
    ),
    "cut": ({"ngf": 4, "ndf": 4, "blocks": 2, "d_layers": 1, "dim": 8, "num_patches": 9}, images("A", "B")),
    "fastcut": (
        {"ngf": 4, "ndf": 4, "blocks": 2, "d_layers": 1, "dim": 8, "num_patches": 9, "antialias": False},
        images("A", "B"),
    ),
    "dclgan": ({"ngf": 4, "ndf": 4, "blocks": 2, "d_layers": 1, "dim": 8, "num_patches": 9}, images("A", "B")),
    "simdcl": (
        {"ngf": 4, "ndf": 4, "blocks": 2, "d_layers": 1, "dim": 8, "num_patches": 9, "sim_dim": 8, "antialias": False},
        images("A", "B"),
    ),
    "sincut": ({"ngf": 1, "ndf": 1, "tile": 8, "dim": 8}, images("A", "B")),
    "munit": (
        {"width": 4, "blocks": 1, "style_halvings": 3, "mlp_width": 8, "ndf": 4, "d_layers": 2, "scales": 2}
        | {"lambda_cyc": 1.0},
        images("A", "B"),
    ),
    "dtn": ({"size": 16, "ngf": 4, "ndf": 4, "lambda_tv": 0.1, "f_every": 2}, images("A", "B")),
    "xgan": (
        {"size": 32, "width": 2, "latent": 8, "ndf": 2, "pool": 3, "teacher": "optdigits", "lambda_teach": 1.0}
        | {"lambda_cyc": 1.0},
        images("A", "B", size=32),
    ),
    "funit": (
        {"classes": 3, "width": 2, "halvings": 2, "blocks": 1, "class_halvings": 3, "class_dim": 4, "mlp_width": 8}
        | {"ndf": 2, "stages": 3, "ema": 0.9},
        two_labelled,
    ),
    "combogan": (
        {"domains": ["A", "B", "C"], "ngf": 4, "ndf": 4, "blocks": 2, "d_layers": 1, "pool": 3},
        images("A", "B", "C"),
    ),
    "ldd": ({"ngf": 4, "blocks": 2, "shared": 2, "hidden": 8, "refresh": 2}, images("A", "B")),
    "stargan": (
        {"attributes": (), "domains": ("A", "B"), "size": 16, "ngf": 4, "ndf": 4, "blocks": 1}
        | {"d_layers": 2, "n_critic": 2},
        images("A", "B"),
    ),
    "classifier": (
        {"encoder": "conv", "augmentation": "digits", "classes": 3, "channels": 1, "width": 4, "features": 8},
        labelled,
    ),
    "autoencoder": ({"size": 16, "width": 4, "features": 8, "augmentation": "digits"}, images("real", channels=1)),
    "simclr": (
        {"encoder": "conv", "augmentation": "digits", "channels": 1, "width": 4, "features": 8, "dim": 4, "lr": 0.1},
        images("real", channels=1),
    ),
    "moco": (
        {"encoder": "conv", "augmentation": "digits", "channels": 1, "width": 4, "features": 8, "dim": 4}
        | {"queue": 5, "bn_splits": 2},
        images("real", channels=1),
    ),
}


def contrast_while_training(system, batch, steps: int = 60) -> list[float]:
    """The last player's loss in each step in which G and the heads F learn one batch, as D stands still."""
    players = [p for p in system.players() if p.name != "D"]
    optimisers = {p.name: p.optimiser(system.parameters_of(p)) for p in players}
    losses = []
    for _ in range(steps):
        out = system(batch, frozenset({"G", "F"}))
        for name, optimiser in optimisers.items():
            total = sum(system.losses(name, out).values())
            optimiser.zero_grad()
            total.backward()
            optimiser.step()
        losses.append(total.item())
    return losses
