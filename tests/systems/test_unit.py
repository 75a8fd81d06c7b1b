"""UNIT (2017): its terms written out with the noise switched off, its symmetry, and its parts switched off."""

import pytest
import torch

from labkit.errors import LabError
from labkit.systems.unit import UNIT, UNITSettings

BOTH = frozenset({"G", "D"})


def small(**settings):
    torch.manual_seed(0)
    return UNIT(UNITSettings(**({"ngf": 4, "ndf": 4, "blocks": 1, "d_layers": 2} | settings)))


@pytest.fixture
def batch():
    torch.manual_seed(1)
    return {key: torch.rand(2, 3, 16, 16) * 2 - 1 for key in "AB"}


def test_terms_are_the_papers_written_out(batch):
    system = small().eval()  # in evaluation mode the code is its mean
    out = system(batch, BOTH)
    terms = system.losses("G", out)
    encode, decode = system.encode, system.decode
    expected = {}
    for own, other in (("A", "B"), ("B", "A")):
        x = batch[own]
        code = encode(x, own)
        fake = decode(code, other)
        back = encode(fake, other)
        D = getattr(system, f"D_{other}")
        expected[f"adv_{own}{other}"] = 10 * -D(fake).sigmoid().log().mean()
        expected[f"rec_{own}"] = 100 * (decode(code, own) - x).abs().mean()
        expected[f"kl_{own}"] = 0.1 * code.square().mean()
        expected[f"cyc_{own}"] = 100 * (decode(back, own) - x).abs().mean()
        expected[f"kl_fake_{other}"] = 0.1 * back.square().mean()
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        assert terms[name].item() == pytest.approx(value.item(), rel=1e-3), name
    d = system.losses("D", out)
    for own, other in (("A", "B"), ("B", "A")):
        D, fake = getattr(system, f"D_{own}"), decode(encode(batch[other], other), own)
        value = 10 * (-D(batch[own]).sigmoid().log().mean() - (1 - D(fake).sigmoid()).log().mean())
        assert d[own].item() == pytest.approx(value.item(), rel=1e-3)


def test_exchanging_the_domains_exchanges_the_terms(batch):
    system, mirror = small().eval(), small().eval()
    for net in ("fronts", "tails"):
        for a, b in (("A", "B"), ("B", "A")):
            getattr(mirror.G, net)[a].load_state_dict(getattr(system.G, net)[b].state_dict())
    mirror.G.shared_in.load_state_dict(system.G.shared_in.state_dict())
    mirror.G.shared_out.load_state_dict(system.G.shared_out.state_dict())
    mirror.D_A.load_state_dict(system.D_B.state_dict())
    mirror.D_B.load_state_dict(system.D_A.state_dict())
    a = system.losses("G", system(batch, BOTH))
    b = mirror.losses("G", mirror({"A": batch["B"], "B": batch["A"]}, BOTH))
    swap = str.maketrans("AB", "BA")
    for name, value in a.items():
        twin = name.translate(swap)
        assert value.item() == pytest.approx(b[twin].item(), rel=1e-3), name


def test_codes_are_noisy_in_training_alone(batch):
    system = small().train()
    first, second = (system(batch, BOTH)["rec_A"] for _ in range(2))
    assert not torch.allclose(first, second)
    system.eval()
    assert torch.equal(system.translate(batch["A"]), system.translate(batch["A"]))


def test_without_cycle_its_terms_and_passes_are_left_out(batch):
    system = small(lambda_cyc=0.0)
    out = system(batch, BOTH)
    assert not {name for name in out if "cyc" in name or name.startswith("mu_fake")}
    assert set(system.losses("G", out)) == {"adv_AB", "adv_BA", "rec_A", "rec_B", "kl_A", "kl_B"}


def test_when_only_D_is_due_G_keeps_no_graph(batch):
    out = small()(batch, frozenset({"D"}))
    assert not out["fake_A"].requires_grad and "cyc_A" not in out


def test_a_D_step_leaves_no_gradient_in_G(batch):
    system = small()
    sum(system.losses("D", system(batch, BOTH)).values()).backward()
    assert all(p.grad is None for p in system.G.parameters())


def test_translates_by_the_code_and_names_the_ways_it_has(batch):
    system = small().eval()
    assert torch.equal(system.translate(batch["A"]), system.decode(system.encode(batch["A"], "A"), "B"))
    assert torch.equal(system.translate(batch["B"], "B", "B"), system.decode(system.encode(batch["B"], "B"), "B"))
    with pytest.raises(LabError, match="A → C"):
        system.translate(batch["A"], "A", "C")


def test_paper_size_by_default():
    with torch.device("meta"):
        assert sum(p.numel() for p in UNIT().parameters()) == 18_017_286 + 50_298_114


def test_overfits_one_batch(batch):
    system = small(ngf=8, lr=3e-3).eval()
    optimiser = torch.optim.Adam(system.G.parameters(), lr=3e-3)
    losses = []
    for _ in range(40):
        terms = system.losses("G", system(batch, frozenset({"G"})))
        optimiser.zero_grad()
        sum(terms.values()).backward()
        optimiser.step()
        losses.append(terms["cyc_A"].item() + terms["rec_A"].item())
    assert losses[-1] < 0.7 * losses[0]


def test_a_system_that_starts_alike_translates_as_it_reconstructs():
    torch.manual_seed(0)
    settings = {"ngf": 2, "ndf": 2, "blocks": 1, "d_layers": 1}
    alike = UNIT(UNITSettings(**settings, same_start=True)).eval()
    apart = UNIT(UNITSettings(**settings)).eval()
    x = torch.rand(2, 3, 16, 16) * 2 - 1
    with torch.no_grad():
        assert torch.equal(alike.translate(x, "A", "B"), alike.translate(x, "A", "A"))
        assert not torch.allclose(apart.translate(x, "A", "B"), apart.translate(x, "A", "A"))
