"""DCLGAN and SimDCL: their terms and gradients against the plain form, in which every pass is made for itself."""

import pytest
import torch
from torch.nn import functional

from labkit.errors import LabError
from labkit.losses.contrastive import patch_nce
from labkit.nets.patches import at_places
from labkit.systems.dclgan import DCLGAN, DCLGANSettings, SimDCL, SimDCLSettings
from systems.plain import shared, with_gradients
from systems.small import contrast_while_training

SMALL = dict(ngf=4, ndf=4, blocks=2, d_layers=1, dim=8, num_patches=9)
ALL = frozenset({"D", "G", "F"})
BOTH = pytest.mark.parametrize("cls", [DCLGAN, SimDCL])


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(1)
    return {key: torch.rand(2, 3, 16, 16, generator=generator, dtype=torch.float64) * 2 - 1 for key in "AB"}


def make(cls=DCLGAN, **changes):
    """In double precision, and with larger weights than fresh ones, so that gradients are no rounding errors."""
    torch.manual_seed(0)
    system = cls(cls.Settings(**SMALL | changes)).double()
    with torch.no_grad():
        for parameter in system.parameters():
            parameter.mul_(5.0)
    return system


def places_of(system, batch, monkeypatch):
    """Places to sample, handed to the system as well."""
    maps = system.G_AB.encode(batch["A"], system.taps)
    places = [torch.randperm(m.shape[2] * m.shape[3], generator=torch.Generator().manual_seed(7))[:9] for m in maps]
    monkeypatch.setattr("labkit.systems.dclgan.random_places", lambda maps, n: places)
    return places


def plain_losses(system, batch, places):
    """The losses of all players in plain form: every network called by itself, on one kind of image at a time."""
    s, real_A, real_B = system.settings, batch["A"], batch["B"]
    fake_B, fake_A = system.G_AB(real_A), system.G_BA(real_B)

    def judged(D, real, fake):
        return ((1 - D(real)).clamp(min=0).mean() + (1 + D(fake.detach())).clamp(min=0).mean()) / 2

    def patches(image, G, heads):
        return heads([at_places(m, p) for m, p in zip(G.encode(image, system.taps), places, strict=True)])

    of_A, of_fake_A = (patches(image, system.G_AB, system.F_A) for image in (real_A, fake_A))
    of_B, of_fake_B = (patches(image, system.G_BA, system.F_B) for image in (real_B, fake_B))

    def nce(queries, keys):
        each = []
        for query, key in zip(queries, keys, strict=True):
            q, k = (x / x.norm(dim=-1, keepdim=True) for x in (query, key.detach()))
            if s.negatives == "both":  # every place's own key stands in its own column
                logits = q.flatten(0, 1) @ k.flatten(0, 1).T / s.tau
                each.append(functional.cross_entropy(logits, torch.arange(len(logits))))
            else:
                each.append(patch_nce(q, k, s.tau))
        return sum(each) / len(each)

    adversarial = sum((1 - D(fake)).clamp(min=0).mean() for D, fake in ((system.D_B, fake_B), (system.D_A, fake_A)))
    of_patches = s.lambda_nce * (nce(of_fake_B, of_A) + nce(of_fake_A, of_B))
    if isinstance(system, SimDCL):
        A, fA, B, fB = (
            system.M[name](x)
            for name, x in (("real_A", of_A), ("fake_A", of_fake_A), ("real_B", of_B), ("fake_B", of_fake_B))
        )
        of_patches = of_patches + s.lambda_sim * ((A - fA).abs().mean() + (B - fB).abs().mean())
    of_G = s.lambda_adv * adversarial + of_patches
    if s.lambda_idt:
        identity = (system.G_AB(real_B) - real_B).abs().mean() + (system.G_BA(real_A) - real_A).abs().mean()
        of_G = of_G + s.lambda_idt * identity
    of_D = judged(system.D_A, real_A, fake_A) + judged(system.D_B, real_B, fake_B)
    return {"D": of_D, "G": of_G, "F": of_patches}


@BOTH
@pytest.mark.parametrize(
    "changes", [{}, {"lambda_idt": 0.0}, {"negatives": "internal", "lambda_adv": 2.0}, {"antialias": False}]
)
def test_losses_and_gradients_equal_the_plain_form(cls, changes, batch, monkeypatch):
    system = make(cls, **changes)
    places = places_of(system, batch, monkeypatch)
    found = with_gradients(system, shared(system, system(batch, ALL)))
    wanted = with_gradients(system, plain_losses(system, batch, places))
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-9)
    assert all(max(g.abs().max() for g in gradients) > 1e-4 for _, *gradients in wanted.values())


@BOTH
def test_terms_have_the_names_of_what_they_are_about(cls, batch):
    system = make(cls)
    out = system(batch, ALL)
    of_patches = {"nce_A", "nce_B"} | ({"sim"} if cls is SimDCL else set())
    assert system.losses("D", out).keys() == {"A", "B"}
    assert system.losses("F", out).keys() == of_patches
    assert system.losses("G", out).keys() == {"adv_AB", "adv_BA", "idt_A", "idt_B"} | of_patches


def test_a_to_b_trains_both_generators_and_the_heads_of_b(batch):
    system = make()
    term = system.losses("G", system(batch, ALL))["nce_A"]
    for name, trained in {"G_AB": True, "G_BA": True, "F_B": True, "F_A": False}.items():
        slopes = torch.autograd.grad(term, [*getattr(system, name).parameters()], retain_graph=True, allow_unused=True)
        assert any(slope is not None and slope.abs().max() > 0 for slope in slopes) == trained, name


def test_a_fooled_discriminator_asks_nothing_more_of_g(batch):
    system = make()
    with torch.no_grad():
        system.D_B.layers[-1].bias.fill_(50.0)
    terms = system.losses("G", system(batch, ALL))
    assert terms["adv_AB"].item() == 0 and terms["adv_BA"].item() > 0


def test_a_player_computes_only_what_it_needs(batch):
    system = make()
    assert set(system(batch, frozenset({"D"}))) == {"real_A", "real_B", "fake_A", "fake_B"}
    out = system(batch, ALL)
    assert out["fake_A"].requires_grad and out["fake_B_0"].requires_grad and "idt_A" in out
    out = system(batch, frozenset({"F"}))
    assert not out["fake_B_0"].requires_grad and "idt_A" not in out
    assert "idt_B" not in make(lambda_idt=0.0)(batch, ALL)


@BOTH
def test_nothing_is_encoded_twice(cls, batch):
    """Images through the first layer of each generator: two translated, and one that the other one made."""
    system, seen = make(cls), {"G_AB": 0, "G_BA": 0}
    for name in seen:

        def count(module, inputs, output, name=name):
            seen[name] += len(output)

        getattr(system, name).layers[0].register_forward_hook(count)
    system(batch, ALL)
    assert seen == {"G_AB": 3 * 2, "G_BA": 3 * 2}


@pytest.mark.parametrize(
    ("negatives", "what"), [("both", "negatives"), ("external", "negatives"), ("internal", "draw")]
)
def test_what_couples_a_batch_is_said(negatives, what, batch):
    system = make(negatives=negatives)
    assert what in system.coupling
    assert system.losses("G", system(batch, ALL))["nce_B"].isfinite()


def test_layers_can_be_chosen_and_wrong_ones_are_refused(batch):
    system = make(SimDCL, nce_layers=(2, 4))
    assert len(system.F_A.heads) == 2 and system.M["real_A"].layers[0].in_channels == 2
    assert system.losses("G", system(batch, ALL))["sim"].isfinite()
    with pytest.raises(LabError, match="0 to 4"):
        make(nce_layers=(5,))
    with pytest.raises(LabError, match="blocks"):
        make(blocks=1)


def test_layers_may_have_fewer_places_than_are_sampled(batch):
    """Of 16 px the last maps are 4×4."""
    system = make(SimDCL, num_patches=40)
    out = system(batch, ALL)
    assert [out[f"fake_A_{i}"].shape[1] for i in range(4)] == [40, 40, 16, 16]
    assert system.losses("G", out)["sim"].isfinite()


def test_vectors_that_all_but_vanish_have_gradients_that_do_not_explode():
    tiny = [torch.full((1, 3, 8), 1e-12, dtype=torch.float64, requires_grad=True)]
    key = [torch.randn(1, 3, 8, dtype=torch.float64)]
    (slope,) = torch.autograd.grad(make()._nce(tiny, key), tiny)
    assert 0 < slope.abs().max() < 100


@BOTH
def test_paper_size_and_the_codes_settings_by_default(cls):
    with torch.device("meta"):
        system = cls()
    counts = {name: sum(p.numel() for p in network.parameters()) for name, network in system.named_children()}
    wanted = {"G_AB": 11_378_179, "D_A": 2_764_737, "F_A": 493_568}
    wanted |= {"G_BA": wanted["G_AB"], "D_B": wanted["D_A"], "F_B": wanted["F_A"]}
    assert counts == wanted | ({"M": 4 * 10_688} if cls is SimDCL else {})
    dcl, sim = DCLGANSettings(), SimDCLSettings()
    assert (dcl.lambda_adv, dcl.lambda_nce, dcl.lambda_idt) == (0.5, 1.0, 0.5)
    assert (sim.lambda_adv, sim.lambda_nce, sim.lambda_idt, sim.lambda_sim) == (0.5, 0.5, 0.5, 10.0)
    assert (dcl.heads_lr, dcl.heads_beta1) == (1e-3, 0.9) and (sim.heads_lr, sim.heads_beta1) == (sim.lr, sim.beta1)


@BOTH
def test_only_generators_are_needed_once_it_is_trained(cls):
    system = make(cls)
    assert {name for name, _ in system.named_children()} - {*system.training_only} == {"G_AB", "G_BA"}


@BOTH
def test_translates_both_ways(cls, batch):
    system = make(cls)
    assert torch.equal(system.translate(batch["A"]), system.G_AB(batch["A"]))
    assert torch.equal(system.translate(batch["B"], "B", "A"), system.G_BA(batch["B"]))
    with pytest.raises(LabError, match="A → A"):
        system.translate(batch["A"], "A", "A")


@BOTH
def test_overfits_one_batch(cls, batch):
    system = make(cls, lambda_adv=0.0, lr=2e-3)
    losses = contrast_while_training(system, batch)
    assert sum(losses[-5:]) < 0.7 * sum(losses[:5])
