"""CycleGAN: its terms against an oracle written out loop by loop, its symmetry, and who owns which gradient."""

import pytest
import torch

from labkit.errors import LabError
from labkit.systems.cyclegan import CycleGAN, CycleGANSettings

SMALL = CycleGANSettings(ngf=4, ndf=4, blocks=1, d_layers=1, pool=0)
BOTH = frozenset({"G", "D"})


@pytest.fixture
def batch():
    torch.manual_seed(1)
    return {key: torch.rand(2, 3, 16, 16) * 2 - 1 for key in "AB"}


def test_terms_are_the_papers_written_out(batch):
    system = CycleGAN(SMALL)
    out = system(batch, BOTH)
    terms = system.losses("G", out)
    x, y, G, F = batch["A"], batch["B"], system.G_AB, system.G_BA
    expected = {
        "adv_AB": (system.D_B(G(x)) - 1).square().mean(),
        "adv_BA": (system.D_A(F(y)) - 1).square().mean(),
        "cyc_A": 10 * (F(G(x)) - x).abs().mean(),
        "cyc_B": 10 * (G(F(y)) - y).abs().mean(),
        "idt_A": 5 * (F(x) - x).abs().mean(),
        "idt_B": 5 * (G(y) - y).abs().mean(),
    }
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        assert terms[name].item() == pytest.approx(value.item(), rel=1e-5), name
    d = system.losses("D", out)
    for key, real, fake in (("A", x, F(y)), ("B", y, G(x))):
        D = getattr(system, f"D_{key}")
        value = 0.5 * ((D(real) - 1).square().mean() + D(fake).square().mean())
        assert d[key].item() == pytest.approx(value.item(), rel=1e-5)


def test_exchanging_the_domains_exchanges_the_terms(batch):
    system, mirror = CycleGAN(SMALL), CycleGAN(SMALL)
    for a, b in (("G_AB", "G_BA"), ("G_BA", "G_AB"), ("D_A", "D_B"), ("D_B", "D_A")):
        getattr(mirror, a).load_state_dict(getattr(system, b).state_dict())
    out, mirrored = system(batch, BOTH), mirror({"A": batch["B"], "B": batch["A"]}, BOTH)
    a, b = system.losses("G", out), mirror.losses("G", mirrored)
    for name, twin in (("adv_AB", "adv_BA"), ("cyc_A", "cyc_B"), ("idt_A", "idt_B")):
        assert a[name].item() == pytest.approx(b[twin].item(), rel=1e-5)


def test_a_D_step_leaves_no_gradient_in_G(batch):
    system = CycleGAN(SMALL)
    sum(system.losses("D", system(batch, BOTH)).values()).backward()
    assert all(p.grad is None for name in ("G_AB", "G_BA") for p in getattr(system, name).parameters())
    assert all(p.grad is not None for p in system.D_A.parameters())


def test_when_only_D_is_due_G_keeps_no_graph(batch):
    out = CycleGAN(SMALL)(batch, frozenset({"D"}))
    assert set(out) == {"real_A", "real_B", "fake_A", "fake_B"}
    assert not out["fake_A"].requires_grad


def test_without_identity_weight_its_terms_and_passes_are_left_out(batch):
    system = CycleGAN(CycleGANSettings(ngf=4, ndf=4, blocks=1, d_layers=1, lambda_idt=0.0))
    out = system(batch, BOTH)
    assert "idt_A" not in out and "idt_A" not in system.losses("G", out)


@pytest.mark.parametrize(
    ("settings", "terms"),
    [
        ({"lambda_cyc": 0.0}, {"adv_AB", "adv_BA"}),
        ({"lambda_adv": 0.0}, {"cyc_A", "cyc_B"}),
        ({"cycles": "forward"}, {"adv_AB", "adv_BA", "cyc_A"}),
        ({"cycles": "backward"}, {"adv_AB", "adv_BA", "cyc_B"}),
    ],
)
def test_an_ablation_leaves_out_its_terms_and_the_passes_they_need(settings, terms, batch):
    system = CycleGAN(CycleGANSettings(ngf=4, ndf=4, blocks=1, d_layers=1, lambda_idt=0.0, **settings))
    out = system(batch, BOTH)
    assert set(system.losses("G", out)) == terms
    assert {name for name in out if name.startswith("rec")} == {f"rec_{t[-1]}" for t in terms if t.startswith("cyc")}


def test_noise_on_the_way_disturbs_the_round_trip_alone(batch):
    quiet, noisy = CycleGAN(SMALL), CycleGAN(CycleGANSettings(**(vars(SMALL) | {"way_noise": 0.5})))
    noisy.load_state_dict(quiet.state_dict())
    a, b = quiet(batch, BOTH), noisy(batch, BOTH)
    assert all(torch.allclose(a[name], b[name]) for name in ("fake_A", "fake_B", "idt_A", "idt_B"))
    assert not torch.allclose(a["rec_A"], b["rec_A"], atol=1e-3)


def test_translates_both_ways_and_names_the_ways_it_has(batch):
    system = CycleGAN(SMALL)
    assert torch.equal(system.translate(batch["A"]), system.G_AB(batch["A"]))
    assert torch.equal(system.translate(batch["B"], "B", "A"), system.G_BA(batch["B"]))
    with pytest.raises(LabError, match="A → C"):
        system.translate(batch["A"], "A", "C")


def test_paper_size_by_default():
    with torch.device("meta"):
        parameters = sum(p.numel() for p in CycleGAN().parameters())
    assert parameters == 28_285_832


def test_the_generators_can_be_unets(batch):
    system = CycleGAN(CycleGANSettings(generator="unet", levels=3, ngf=4, ndf=4, d_layers=1))
    assert system.translate(batch["A"]).shape == batch["A"].shape
    assert system.losses("G", system(batch, BOTH)).keys() >= {"cyc_A", "cyc_B"}


@torch.no_grad()
def test_noise_is_shown_to_both_generators_and_changes_the_translation(batch):
    system = CycleGAN(CycleGANSettings(ngf=4, ndf=4, blocks=1, d_layers=1, noise=5))
    for src, dst, G in (("A", "B", system.G_AB), ("B", "A", system.G_BA)):
        first, second = (system.translate(batch[src], src, dst) for _ in range(2))
        assert first.shape == batch[dst].shape and not torch.equal(first, second)
        assert G.generator.layers[1].in_channels == 3 + 5
        seen = []
        G.generator.register_forward_pre_hook(lambda _module, inputs, seen=seen: seen.append(inputs[0]))
        system.translate(batch[src], src, dst)
        noise = seen[0][:, 3:]
        assert torch.equal(seen[0][:, :3], batch[src])
        assert torch.equal(noise, noise[:, :, :1, :1].expand_as(noise)) and noise[0, 0, 0, 0] != noise[0, 1, 0, 0]


def test_overfits_one_batch(batch):
    torch.manual_seed(0)
    system = CycleGAN(CycleGANSettings(ngf=8, ndf=4, blocks=1, d_layers=1, lr=2e-3))
    optimiser = torch.optim.Adam([*system.G_AB.parameters(), *system.G_BA.parameters()], lr=2e-3)
    cycles = []
    for _ in range(40):
        terms = system.losses("G", system(batch, frozenset({"G"})))
        optimiser.zero_grad()
        sum(terms.values()).backward()
        optimiser.step()
        cycles.append(terms["cyc_A"].item())
    assert cycles[-1] < 0.6 * cycles[0]
