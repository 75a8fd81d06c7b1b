"""XGAN: terms written out, shared and private layers, and the reversed gradient in its place."""

import pytest
import torch
from torch.nn.functional import softplus

from labkit import data
from labkit.errors import LabError
from labkit.systems.xgan import XGAN, XGANSettings
from labkit.train import train

BOTH = frozenset({"G", "D"})


def small(**settings):
    torch.manual_seed(0)
    return XGAN(XGANSettings(**({"size": 32, "width": 2, "latent": 8, "ndf": 2} | settings))).train()


class Noise:
    def batch(self, step, rank=0, world=1):
        generator = torch.Generator().manual_seed(step)
        return {key: torch.rand(3, 3, 32, 32, generator=generator) * 2 - 1 for key in "AB"}


@pytest.fixture
def batch():
    return Noise().batch(9)


def domain_loss(system, code_A, code_B):
    logits_A, logits_B = system.classifier(torch.cat([code_A, code_B])).chunk(2)
    return softplus(-logits_A).mean() + softplus(logits_B).mean()


def test_terms_are_the_papers_written_out(batch):
    weights = {"lambda_rec": 2.0, "lambda_dom": 0.5, "lambda_sem": 3.0, "lambda_adv": 0.7}
    system = small(teacher="optdigits", lambda_teach=1.5, lambda_cyc=4.0, **weights)
    terms, x, y = system.losses("G", system(batch, BOTH)), batch["A"], batch["B"]
    e_x, e_y = system.embed(x, "A"), system.embed(y, "B")
    x_there, y_there = system.draw(e_x, "B"), system.draw(e_y, "A")
    e_x_there, e_y_there = system.embed(x_there, "B"), system.embed(y_there, "A")
    expected = {
        "rec_A": 2 * (system.draw(e_x, "A") - x).square().mean(),
        "rec_B": 2 * (system.draw(e_y, "B") - y).square().mean(),
        "dom": domain_loss(system, e_x, e_y),
        "sem_A": 3 * (e_x_there - e_x).abs().mean(),
        "sem_B": 3 * (e_y_there - e_y).abs().mean(),
        "adv_AB": 0.7 * (system.D_B(x_there) - 1).square().mean(),
        "adv_BA": 0.7 * (system.D_A(y_there) - 1).square().mean(),
        "teach": 1.5 * (system.teacher_head(e_x) - system.teacher.features(x)).abs().mean(),
        "cyc_A": 4 * (system.draw(e_x_there, "A") - x).abs().mean(),
        "cyc_B": 4 * (system.draw(e_y_there, "B") - y).abs().mean(),
    }
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        assert terms[name].item() == pytest.approx(value.item(), rel=1e-3), name


def test_the_encoders_climb_what_the_classifier_descends(batch):
    system = small(lambda_dom=2.0)
    system.losses("G", system(batch, BOTH))["dom"].backward()
    found = system.shared_E[0].weight.grad.clone(), system.classifier.layers[0].weight.grad.clone()
    system.zero_grad()
    domain_loss(system, system.embed(batch["A"], "A"), system.embed(batch["B"], "B")).backward()
    assert torch.allclose(found[0], -2 * system.shared_E[0].weight.grad, atol=1e-6)
    assert torch.allclose(found[1], system.classifier.layers[0].weight.grad, atol=1e-6)
    assert found[0].abs().max() > 0


def test_the_semantic_loss_reaches_both_encodings(batch):
    """It is not detached: the embedding of the input and that of the translation move towards each other."""
    system = small()
    system.losses("G", system(batch, BOTH))["sem_A"].backward()
    for part in (system.outer_E_A, system.outer_E_B, system.outer_Dec_B):
        assert max(p.grad.abs().max().item() for p in part.parameters()) > 0
    assert all(p.grad is None for p in system.outer_Dec_A.parameters())


def test_inner_layers_are_one_and_outer_layers_are_two():
    system = small()
    assert system.outer_E_A is not system.outer_E_B
    (auto_encoders, _) = system.players()
    assert auto_encoders.modules.count("shared_E") == auto_encoders.modules.count("shared_Dec") == 1


@pytest.mark.parametrize(
    ("setting", "gone"),
    [
        ("lambda_dom", {"dom"}),
        ("lambda_sem", {"sem_A", "sem_B"}),
        ("lambda_adv", {"adv_AB", "adv_BA"}),
    ],
)
def test_a_weight_of_zero_takes_its_terms_away(batch, setting, gone):
    everything = small().losses("G", small()(batch, BOTH)).keys()
    system = small(**{setting: 0.0})
    assert system.losses("G", system(batch, BOTH)).keys() == everything - gone
    assert ("D" in [p.name for p in system.players()]) == (setting != "lambda_adv")


def test_the_teacher_is_frozen_and_needs_a_weight():
    system = small(teacher="optdigits", lambda_teach=1.0)
    assert all(not p.requires_grad for p in system.teacher.parameters())
    for settings in ({"teacher": "optdigits"}, {"lambda_teach": 1.0}):
        with pytest.raises(LabError, match="teacher"):
            small(**settings)


def test_fits_one_batch():
    digits = data.load("optdigits", {"channels": 3}).train["real"].images[:6]

    class Same:
        def batch(self, step, rank=0, world=1):
            return {"A": digits[:3], "B": -digits[3:]}

    system = small(latent=32, width=4, lr=0.003, lambda_adv=0.0, lambda_dom=0.0, lambda_sem=0.0)
    values = train(system, Same(), 100).curve("G/rec_B")[1]
    assert values[-1] < 0.2 * values[0]


def test_translates_both_ways_and_names_the_ways_it_has(batch):
    system = small().eval()
    assert torch.equal(system.translate(batch["B"], "B", "A"), system.draw(system.embed(batch["B"], "B"), "A"))
    with pytest.raises(LabError, match="A → C"):
        system.translate(batch["A"], "A", "C")
