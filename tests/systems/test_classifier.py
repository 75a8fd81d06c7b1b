import pytest
import torch

from labkit.errors import LabError
from labkit.systems.classifier import Classifier, ClassifierSettings

DUE = frozenset({"f"})
SMALL = ClassifierSettings(encoder="conv", augmentation="none", classes=3, channels=1, width=8, features=16, lr=5e-3)


def batch(n=9):
    images = torch.rand(n, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return {"real": images, "real_label": torch.arange(n) % 3}


def test_learns_its_labels_and_needs_them():
    torch.manual_seed(0)
    system = Classifier(SMALL).train()
    (player,) = system.players()
    optimiser = player.optimiser(system.parameters_of(player))
    for _ in range(60):
        loss = system.losses("f", system(batch(), DUE))["cls"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert torch.equal(system.logits(batch()["real"]).argmax(1), batch()["real_label"])
    with pytest.raises(LabError, match="labels"):
        system({"real": batch()["real"]}, DUE)


def test_can_be_trained_on_one_of_two_domains_and_tried_on_the_other():
    torch.manual_seed(0)
    settings = ClassifierSettings(encoder="cogan", augmentation="none", classes=3, channels=1, width=2, domain="A")
    system = Classifier(settings).train()
    images = torch.rand(6, 1, 28, 28) * 2 - 1
    out = system({"A": images, "B": images, "A_label": torch.arange(6) % 3}, DUE)
    assert torch.allclose(out["logits"], system.logits(images), atol=1e-5)
    assert torch.equal(system.classify(images, "B"), system.classify(images, "A"))
    assert system.coupling is None
    with pytest.raises(LabError, match="name 'A'"):
        system({"A": images}, DUE)
