"""MUNIT's terms against the plain form, its switches, its three ways to choose a style, its published counts."""

import pytest
import torch

from labkit.errors import LabError
from labkit.nets.blocks import count_parameters
from labkit.runs.bench import gflop
from labkit.systems import build
from labkit.systems.munit import MUNIT
from systems.plain import shared, with_gradients
from systems.small import SMALL

BOTH = frozenset({"D", "G"})
PUBLISHED = 2 * (15_026_187 + 8_271_171)  # per domain: auto-encoder and discriminator


def small(**settings) -> MUNIT:
    torch.manual_seed(0)
    return build("munit", SMALL["munit"][0] | settings).train()


def batch(sizes=(3, 2)):
    generator = torch.Generator().manual_seed(1)
    return {key: torch.rand(n, 3, 16, 16, generator=generator) * 2 - 1 for key, n in zip("AB", sizes, strict=True)}


def plain_losses(system, real_A, real_B, s_A, s_B):
    """The two updates as the paper and the official code write them, each computing all it needs by itself."""
    s, A, B = system.settings, system.AE_A, system.AE_B

    def l1(x, y):
        return (x - y).abs().mean()

    def d_loss(D, real, fake):
        return sum((f**2).mean() + ((r - 1) ** 2).mean() for f, r in zip(D(fake), D(real), strict=True))

    (c_A, _), (c_B, _) = A.encode(real_A), B.encode(real_B)
    fake_A, fake_B = A.decode(c_B, s_A).detach(), B.decode(c_A, s_B).detach()
    loss_D = d_loss(system.D_A, real_A, fake_A) + d_loss(system.D_B, real_B, fake_B)

    (c_A, own_A), (c_B, own_B) = A.encode(real_A), B.encode(real_B)
    rec_A, rec_B = A.decode(c_A, own_A), B.decode(c_B, own_B)
    fake_A, fake_B = A.decode(c_B, s_A), B.decode(c_A, s_B)
    (rec_c_B, rec_s_A), (rec_c_A, rec_s_B) = A.encode(fake_A), B.encode(fake_B)
    loss_G = s.lambda_x * (l1(rec_A, real_A) + l1(rec_B, real_B))
    loss_G += s.lambda_s * (l1(rec_s_A, s_A) + l1(rec_s_B, s_B))
    loss_G += s.lambda_c * (l1(rec_c_A, c_A) + l1(rec_c_B, c_B))
    loss_G += s.lambda_cyc * (l1(A.decode(rec_c_A, own_A), real_A) + l1(B.decode(rec_c_B, own_B), real_B))
    for D, fake in ((system.D_A, fake_A), (system.D_B, fake_B)):
        loss_G += s.lambda_adv * sum(((f - 1) ** 2).mean() for f in D(fake))
    return {"D": loss_D, "G": loss_G}


@pytest.mark.parametrize("lambda_cyc", [0.0, 10.0])
def test_losses_and_gradients_equal_the_plain_form(lambda_cyc):
    system, images = small(lambda_cyc=lambda_cyc).double(), {k: v.double() for k, v in batch().items()}
    out = system(images, BOTH)
    plain = plain_losses(system, out["real_A"], out["real_B"], out["s_A"], out["s_B"])
    found, wanted = with_gradients(system, shared(system, out)), with_gradients(system, plain)
    torch.testing.assert_close(found, wanted, atol=1e-12, rtol=1e-7)


def test_one_step_costs_less_than_the_official_codes():
    assert 1800 < gflop("munit", {}) <= 1950  # official code: 2236.9
    assert 2300 < gflop("munit", {"lambda_cyc": 10.0}) <= 2500  # official code: 2798.4


def test_counts_are_published():
    with torch.device("meta"):
        assert count_parameters(build("munit", {})) == PUBLISHED


@pytest.mark.parametrize(
    ("weight", "terms"),
    [
        ("lambda_adv", {"adv_AB", "adv_BA"}),
        ("lambda_x", {"rec_A", "rec_B"}),
        ("lambda_c", {"con_A", "con_B"}),
        ("lambda_s", {"sty_A", "sty_B"}),
        ("lambda_cyc", {"cyc_A", "cyc_B"}),
    ],
)
def test_a_weight_of_zero_leaves_its_terms_out_and_no_others(weight, terms):
    every = set(small(lambda_cyc=1.0).losses("G", small(lambda_cyc=1.0)(batch(), BOTH)))
    system = small(**({"lambda_cyc": 1.0} | {weight: 0.0}))
    assert set(system.losses("G", system(batch(), BOTH))) == every - terms


def test_terms_are_proportional_to_their_weights():
    images = batch()
    values = []
    for factor in (1.0, 3.0):
        system = small(lambda_x=factor, lambda_c=factor, lambda_s=factor, lambda_cyc=factor, lambda_adv=factor)
        torch.manual_seed(5)
        values.append(system.losses("G", system(images, BOTH)))
    for name, value in values[0].items():
        torch.testing.assert_close(3 * value, values[1][name])


def test_exchanging_the_domains_exchanges_the_terms():
    system, images = small(), batch((2, 2))
    torch.manual_seed(5)
    out = system(images, BOTH)
    other = small()
    other.AE_A, other.AE_B, other.D_A, other.D_B = system.AE_B, system.AE_A, system.D_B, system.D_A
    swapped_name = {"A": "B", "B": "A", "AB": "BA", "BA": "AB"}
    swapped_out = {k[:-1] + swapped_name[k[-1]]: v for k, v in out.items()}
    for player in ("D", "G"):
        terms, mirrored = system.losses(player, out), other.losses(player, swapped_out)
        for name, value in terms.items():
            stem, _, way = name.rpartition("_")
            torch.testing.assert_close(value, mirrored[f"{stem}_{swapped_name[way]}".lstrip("_")])


def test_styles_are_drawn_from_the_prior_anew_each_time():
    system = small()
    first, second = (system(batch((200, 200)), frozenset({"D"})) for _ in range(2))
    assert not torch.equal(first["s_A"], second["s_A"]) and not torch.equal(first["s_A"], first["s_B"])
    assert abs(first["s_A"].mean().item()) < 0.1 and abs(first["s_A"].std().item() - 1) < 0.1


def test_d_alone_computes_two_translations_without_graph_and_nothing_else():
    out = small()(batch(), frozenset({"D"}))
    assert set(out) == {"real_A", "real_B", "s_A", "s_B", "c_A", "c_B", "fake_A", "fake_B"}
    assert not out["fake_A"].requires_grad


@torch.no_grad()
def test_a_style_may_be_drawn_given_or_taken_from_an_example():
    system, images = small().eval(), batch()
    torch.manual_seed(0)
    drawn = [system.translate(images["A"]) for _ in range(2)]
    assert not torch.equal(*drawn)
    code = torch.randn(8)
    same = system.translate(images["A"], style=code)
    torch.testing.assert_close(same, system.translate(images["A"], style=code.expand(3, -1)))
    example = images["B"][:1]
    torch.testing.assert_close(
        system.translate(images["A"], example=example),
        system.translate(images["A"], style=system.AE_B.style_encoder(example)),
    )
    restyled = system.translate(images["A"], "A", "A", example=images["A"])
    torch.testing.assert_close(restyled, system.AE_A.decode(*system.AE_A.encode(images["A"])))


def test_unknown_domains_and_two_styles_at_once_are_refused():
    system, images = small(), batch()
    with pytest.raises(LabError, match="A and B, not C"):
        system.translate(images["A"], "A", "C")
    with pytest.raises(LabError, match="not from both"):
        system.translate(images["A"], style=torch.zeros(8), example=images["B"])


def test_perceptual_loss_without_weights_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(LabError, match="vgg16_features"):
        small(lambda_vgg=1.0)


def test_perceptual_terms_compare_each_translation_with_its_source(monkeypatch):
    monkeypatch.setattr("labkit.systems.munit.load_vgg16", torch.nn.Identity)
    system = small(lambda_vgg=2.0)
    out = system(batch((2, 2)), BOTH)
    out["fake_B"], out["fake_A"] = 0.5 * out["real_A"] + 0.1, torch.zeros_like(out["real_B"])
    terms = system.losses("G", out)
    assert terms["vgg_A"] < 1e-3  # a shift and a scale are taken away
    torch.testing.assert_close(terms["vgg_B"], torch.tensor(2.0), atol=0.01, rtol=0)  # a normalised map against nothing


def test_instance_norm_in_the_upsampler_has_no_parameters():
    layer, instance = small(), small(upsampler_norm="instance")
    assert count_parameters(layer) - count_parameters(instance) == 2 * 2 * (8 + 4)  # two decoders, scale and shift


def test_overfits_one_batch():
    system, images = small(width=8, lambda_cyc=0.0), batch((2, 2))
    optimiser = torch.optim.Adam([*system.AE_A.parameters(), *system.AE_B.parameters()], lr=2e-3)
    rebuilt = []
    for _ in range(60):
        terms = system.losses("G", system(images, frozenset({"G"})))
        optimiser.zero_grad()
        sum(terms.values()).backward()
        optimiser.step()
        rebuilt.append((terms["rec_A"] + terms["rec_B"]).item())
    assert rebuilt[-1] < 0.7 * rebuilt[0]
