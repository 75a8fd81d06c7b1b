"""DTN: terms written out, f frozen and in inference mode, the baseline and each part that can be taken away."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from labkit import data
from labkit.errors import LabError
from labkit.systems.dtn import DTN, DTNSettings
from labkit.train import train

ALL = frozenset({"G", "D", "f"})


def small(**settings):
    torch.manual_seed(0)
    return DTN(DTNSettings(**({"size": 16, "ngf": 4, "ndf": 4} | settings))).train()


@pytest.fixture
def batch():
    torch.manual_seed(1)
    return {"A": torch.rand(3, 3, 16, 16) * 2 - 1, "B": torch.rand(2, 3, 16, 16) * 2 - 1}


class Noise:
    def batch(self, step, rank=0, world=1):
        generator = torch.Generator().manual_seed(step)
        return {key: torch.rand(4, 3, 16, 16, generator=generator) * 2 - 1 for key in "AB"}


def classes(n, kind):
    return torch.full((n,), kind)


def test_terms_are_the_papers_written_out(batch):
    system = small(lambda_const=7.0, lambda_idt=3.0, lambda_tv=0.5)
    out = system(batch, ALL)
    s, t, f = batch["A"], batch["B"], system.f.features
    G_s, G_t = system.g(torch.cat([f(s), f(t)])).split([3, 2])
    down, right = G_s[:, :, 1:, :-1] - G_s[:, :, :-1, :-1], G_s[:, :, :-1, 1:] - G_s[:, :, :-1, :-1]
    expected = {
        "adv": cross_entropy(system.D(G_s), classes(3, 2)) + cross_entropy(system.D(G_t), classes(2, 2)),
        "const": 7 * (f(s) - f(G_s)).square().mean(),
        "idt": 3 * (t - G_t).square().mean(),
        "tv": 0.5 * (down**2 + right**2).sqrt().mean(),
    }
    terms = system.losses("G", out)
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        assert terms[name].item() == pytest.approx(value.item(), rel=1e-3), name
    d = cross_entropy(system.D(G_s), classes(3, 0)) + cross_entropy(system.D(G_t), classes(2, 1))
    d = d + cross_entropy(system.D(t), classes(2, 2))
    assert system.losses("D", out)["B"].item() == pytest.approx(d.item(), rel=1e-3)


def test_the_baseline_has_two_risks_and_never_sees_what_G_makes_of_the_target(batch):
    system = small(on_f=False, discriminator="binary", lambda_idt=0.0)
    out = system(batch, ALL)
    assert "idt_B" not in out
    assert system.losses("G", out).keys() == {"adv", "const"}
    assert system.D(batch["B"]).shape == (2, 1)
    system.losses("G", out)["const"].backward()
    assert all(p.grad is not None for p in system.encoder.parameters())


def test_built_on_f_no_gradient_leads_into_f(batch):
    system = small()
    sum(system.losses("G", system(batch, ALL)).values()).backward()
    assert all(not p.requires_grad and p.grad is None for p in system.f.parameters())
    assert all(p.grad is not None for p in system.g.parameters())


def test_the_constancy_teaches_g_through_f(batch):
    system = small(lambda_adv=0.0, lambda_idt=0.0)
    system.losses("G", system(batch, ALL))["const"].backward()
    assert max(p.grad.abs().max().item() for p in system.g.parameters()) > 0


@pytest.mark.parametrize(
    ("setting", "left"),
    [
        ("lambda_adv", {"const", "idt"}),
        ("lambda_const", {"adv", "idt"}),
        ("lambda_idt", {"adv", "const"}),
    ],
)
def test_a_weight_of_zero_takes_a_term_away(batch, setting, left):
    system = small(**{setting: 0.0})
    assert system.losses("G", system(batch, ALL)).keys() == left
    assert [p.name for p in system.players()] == (["G"] if setting == "lambda_adv" else ["D", "G"])


def test_f_stays_in_inference_mode_and_frozen_through_training():
    system = small()
    before = {key: value.clone() for key, value in system.f.state_dict().items()}
    train(system, Noise(), 3)
    assert system.training and not system.f.training
    assert all(torch.equal(value, before[key]) for key, value in system.f.state_dict().items())


def test_a_trained_f_makes_its_features_constant_at_its_turns_only():
    system = small(f_every=2)
    assert [system.players()[-1].due(step) for step in range(4)] == [False, True, False, True]
    images = Noise().batch(0)["A"]
    spread = system.f.features(images).std(0).mean().item()
    train(system, Noise(), 60)
    assert system.f.features(images).std(0).mean().item() < 0.8 * spread


def test_fits_one_batch():
    digits = data.load("optdigits", {"size": 16, "channels": 3}).train["real"].images[:6]

    class Same:
        def batch(self, step, rank=0, world=1):
            return {"A": digits, "B": digits}

    system = small(f="optdigits", ngf=8, lambda_adv=0.0, lambda_const=0.0, lr=0.01)
    values = train(system, Same(), 60).curve("G/idt")[1]
    assert values[-1] < 0.1 * values[0]


def test_one_way_and_it_says_so(batch):
    system = small().eval()
    with pytest.raises(LabError, match="B → A"):
        system.translate(batch["B"], "B", "A")


def test_a_binary_D_with_the_identity_is_refused():
    with pytest.raises(LabError, match="lambda_idt"):
        small(discriminator="binary")
