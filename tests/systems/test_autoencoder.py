import torch

from labkit.systems.autoencoder import Autoencoder, AutoencoderSettings

DUE = frozenset({"f"})


def make(**settings):
    torch.manual_seed(0)
    return Autoencoder(AutoencoderSettings(**dict(size=16, width=8, features=24, lr=3e-3) | settings)).train()


def batch(n=6):
    return {"real": torch.rand(n, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1}


def test_repaints_the_view_that_it_was_shown():
    system = make(augmentation="digits")
    out = system(batch(), DUE)
    assert not torch.allclose(out["view"], batch()["real"])
    assert out["rec"].shape == out["view"].shape
    expected = ((out["rec"] - out["view"]) ** 2).mean()
    assert torch.allclose(system.losses("f", out)["rec"], expected)


def test_without_augmentation_the_view_is_the_image():
    assert torch.allclose(make()(batch(), DUE)["view"], batch()["real"], atol=1e-5)


def test_overfits_one_batch():
    system = make()
    (player,) = system.players()
    optimiser = player.optimiser(system.parameters_of(player))
    losses = []
    for _ in range(80):
        loss = system.losses("f", system(batch(), DUE))["rec"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]
