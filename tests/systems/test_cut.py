"""CUT and FastCUT: their terms and gradients against the plain form, in which every pass is made for itself."""

import pytest
import torch

from labkit.errors import LabError
from labkit.losses.contrastive import patch_nce
from labkit.nets.patches import at_places
from labkit.systems.cut import CUT, CUTSettings, FastCUT, FastCUTSettings
from systems.small import contrast_while_training

SMALL = dict(ngf=4, ndf=4, blocks=2, d_layers=1, dim=8, num_patches=9)
ALL = frozenset({"D", "G", "F"})


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(1)
    return {key: torch.rand(2, 3, 16, 16, generator=generator, dtype=torch.float64) * 2 - 1 for key in "AB"}


def make(cls=CUT, settings=CUTSettings, **changes):
    """In double precision, and with larger weights than fresh ones, so that gradients are no rounding errors."""
    torch.manual_seed(0)
    system = cls(settings(**SMALL | changes)).double()
    with torch.no_grad():
        for parameter in system.parameters():
            parameter.mul_(5.0)
    return system


def plain_terms(system, batch, places, flipped):
    """The paper's losses of G, every network called by itself and keys encoded again, with their gradient cut off."""
    s, G = system.settings, system.G_AB

    def nce(image, mirrored):
        made = G(image.flip(3) if mirrored else image)
        seen, keys = G.encode(made, system.taps), G.encode(image, system.taps)
        seen = [m.flip(3) for m in seen] if mirrored else seen
        queries, keys = (
            system.F([at_places(m, p) for m, p in zip(maps, places, strict=True)]) for maps in (seen, keys)
        )
        return sum(patch_nce(q, k.detach(), s.tau) for q, k in zip(queries, keys, strict=True)) / len(queries)

    fake = G(batch["A"].flip(3) if flipped else batch["A"])
    terms = {"adv": (system.D_B(fake) - 1).square().mean(), "nce": s.lambda_nce * nce(batch["A"], flipped)}
    if s.lambda_idt:
        terms["idt"] = s.lambda_idt * nce(batch["B"], flipped)
    return terms


def places_of(system, batch, monkeypatch):
    """Places to sample, handed to the system as well."""
    maps = system.G_AB.encode(batch["A"], system.taps)
    places = [torch.randperm(m.shape[2] * m.shape[3], generator=torch.Generator().manual_seed(7))[:9] for m in maps]
    monkeypatch.setattr("labkit.systems.cut.random_places", lambda maps, n: places)
    return places


def gradients(total, system, *names):
    parameters = [p for name in names for p in getattr(system, name).parameters()]
    return torch.autograd.grad(total, parameters, allow_unused=True)


def same(a, b):
    return all(
        (x is None and y is None) or torch.allclose(x, y, rtol=1e-6, atol=1e-9) for x, y in zip(a, b, strict=True)
    )


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize(
    ("changes", "cls", "settings"),
    [
        ({}, CUT, CUTSettings),
        ({"lambda_idt": 0.0}, CUT, CUTSettings),
        ({"flip": 0.0}, FastCUT, FastCUTSettings),
        ({"flip": 1.0}, FastCUT, FastCUTSettings),
        ({"flip": 1.0}, CUT, CUTSettings),
    ],
)
def test_losses_and_gradients_equal_the_plain_form(changes, cls, settings, antialias, batch, monkeypatch):
    system = make(cls, settings, antialias=antialias, **changes)
    places = places_of(system, batch, monkeypatch)
    out = system(batch, ALL)
    terms = system.losses("G", out)
    plain = plain_terms(system, batch, places, flipped=changes.get("flip") == 1.0)
    assert terms.keys() == plain.keys()
    for name, value in plain.items():
        assert terms[name].item() == pytest.approx(value.item(), rel=1e-9), name
    wanted = gradients(sum(plain.values()), system, "G_AB")
    assert any(g is not None and g.abs().max() > 1e-4 for g in wanted)
    assert same(gradients(sum(terms.values()), system, "G_AB"), wanted)
    # F's own terms give the gradient that it would have had from G's
    plain = plain_terms(system, batch, places, flipped=changes.get("flip") == 1.0)
    wanted = gradients(sum(value for name, value in plain.items() if name != "adv"), system, "F")
    assert same(gradients(sum(system.losses("F", system(batch, ALL)).values()), system, "F"), wanted)


def test_keys_with_a_gradient_that_is_cut_off_change_nothing(batch, monkeypatch):
    """Bit for bit: encoding the keys with or without a graph gives G the same gradient."""
    system = make(lambda_idt=0.0)
    places = places_of(system, batch, monkeypatch)
    found = []
    for context in (torch.enable_grad, torch.no_grad):
        fake = system.G_AB(batch["A"])
        seen = system.G_AB.encode(fake, system.taps)
        with context():
            maps = system.G_AB.encode(batch["A"], system.taps)
            keys = system.F([at_places(m, p) for m, p in zip(maps, places, strict=True)])
        queries = system.F([at_places(m, p) for m, p in zip(seen, places, strict=True)])
        loss = sum(patch_nce(q, k) for q, k in zip(queries, keys, strict=True))
        found.append(gradients(loss, system, "G_AB"))
    assert all((a is None and b is None) or torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_a_player_computes_only_what_it_needs(batch):
    system = make()
    assert set(system(batch, frozenset({"D"}))) == {"real_A", "real_B", "fake_B"}
    out = system(batch, ALL)
    assert out["fake_B"].requires_grad and out["query_0"].requires_grad and not out["key_0"].requires_grad
    assert not system(batch, frozenset({"F"}))["query_0"].requires_grad
    assert "idt_B" not in make(lambda_idt=0.0)(batch, ALL)


def test_d_sees_real_and_generated_images_and_leaves_g_alone(batch):
    system = make()
    out = system(batch, ALL)
    (loss,) = system.losses("D", out).values()
    real, fake = system.D_B(batch["B"]), system.D_B(out["fake_B"])
    assert loss.item() == pytest.approx(0.5 * ((real - 1).square().mean() + fake.square().mean()).item(), rel=1e-4)
    loss.backward()
    assert all(p.grad is None for p in system.G_AB.parameters())


@pytest.mark.parametrize("negatives", ["external", "both", "queue"])
def test_negatives_from_other_images_couple_the_batch(negatives, batch):
    system = make(negatives=negatives)
    assert "negatives" in system.coupling
    assert system.losses("G", system(batch, ALL))["nce"].isfinite()


def test_a_queue_holds_the_keys_of_earlier_images_of_each_domain(batch):
    system = make(negatives="queue", queue=40, num_negatives=9)
    before = system.banks["A"][0].keys.clone()
    out = system(batch, ALL)
    system.losses("G", out)
    system.after_step(ALL)
    for domain, images in (("A", slice(2)), ("B", slice(2, None))):
        for layer, queue in enumerate(system.banks[domain]):
            assert torch.equal(queue.keys[:18], out[f"key_{layer}"][images].flatten(0, 1))
    assert torch.equal(system.banks["A"][0].keys[18:], before[18:])
    assert not any(name.startswith("banks") for name, _ in system.named_parameters())


def test_a_distance_of_collections_takes_the_place_of_patch_nce(batch):
    system = make(patch_loss="swd")
    assert [player.name for player in system.players()] == ["D", "G"]
    out = system(batch, ALL)
    terms = system.losses("G", out)
    assert terms.keys() == {"adv", "nce", "idt"}
    shuffled = out | {f"key_{i}": out[f"key_{i}"].flip(1) for i in range(5)}
    assert system.losses("G", shuffled)["nce"].item() == pytest.approx(terms["nce"].item(), rel=1e-9)
    sum(terms.values()).backward()
    assert all(p.grad is None for p in system.F.parameters())


def test_layers_can_be_chosen_and_wrong_ones_are_refused(batch):
    system = make(nce_layers=(4,))
    assert len(system.F.heads) == 1
    assert system.losses("G", system(batch, ALL)).keys() == {"adv", "nce", "idt"}
    with pytest.raises(LabError, match="0 to 4"):
        make(nce_layers=(5,))
    with pytest.raises(LabError, match="blocks"):
        make(blocks=1)


def test_paper_size_and_weights_by_default():
    with torch.device("meta"):
        for antialias in (True, False):
            assert sum(p.numel() for p in CUT(CUTSettings(antialias=antialias)).parameters()) == 14_703_300
        assert sum(p.numel() for p in FastCUT().parameters()) == 14_703_300
    cut, fast = CUTSettings(), FastCUTSettings()
    assert (cut.lambda_nce, cut.lambda_idt, cut.flip) == (1.0, 1.0, 0.0)
    assert (fast.lambda_nce, fast.lambda_idt, fast.flip) == (10.0, 0.0, 0.5)


def test_translates_one_way_and_says_so(batch):
    system = make()
    assert torch.equal(system.translate(batch["A"]), system.G_AB(batch["A"]))
    with pytest.raises(LabError, match="B → A"):
        system.translate(batch["B"], "B", "A")


def test_overfits_one_batch(batch):
    system = make(lambda_adv=0.0, lr=2e-3)
    losses = contrast_while_training(system, batch)
    assert sum(losses[-5:]) < 0.7 * sum(losses[:5])
