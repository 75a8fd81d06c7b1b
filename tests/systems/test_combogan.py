"""ComboGAN: its terms written out, which domains a step touches, what n domains cost, and a domain that comes later."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import avg_pool2d

from labkit import data
from labkit.data.unpaired import UnpairedBatches
from labkit.errors import LabError
from labkit.nets.blocks import count_parameters
from labkit.runs import bench
from labkit.systems.combogan import ComboGAN, ComboGANSettings, grown
from labkit.train import train

BOTH = frozenset({"G", "D"})
OPTIONS = {"lambda_idt": 5.0, "lambda_latent": 2.0, "lambda_forward": 0.5}


def small(**settings):
    torch.manual_seed(0)
    narrow = {"domains": ("A", "B", "C"), "ngf": 4, "ndf": 4, "blocks": 3, "d_layers": 1, "pool": 0}
    return ComboGAN(ComboGANSettings(**(narrow | settings)))


class Noise:
    def batch(self, step=0, rank=0, world=1):
        generator = torch.Generator().manual_seed(step)
        return {key: torch.rand(2, 3, 16, 16, generator=generator) * 2 - 1 for key in "ABCD"}


@pytest.fixture
def batch():
    return Noise().batch(9)


def drawing(system, *pair):
    system.draw_pair = lambda: pair
    return system


def test_terms_are_cyclegans_written_out_with_halves(batch):
    system = drawing(small(**OPTIONS), 2, 0)
    out = system(batch, BOTH)
    x, y, E, Dec, D = batch["C"], batch["A"], system.G.encoders, system.G.decoders, system.D
    there, back = Dec[0](E[2](x)), Dec[2](E[0](y))
    expected = {
        "adv_AB": (D[0](there) - 1).square().mean(),
        "adv_BA": (D[2](back) - 1).square().mean(),
        "cyc_A": 10 * (Dec[2](E[0](there)) - x).abs().mean(),
        "cyc_B": 10 * (Dec[0](E[2](back)) - y).abs().mean(),
        "idt_A": 5 * (Dec[2](E[2](x)) - x).abs().mean(),
        "idt_B": 5 * (Dec[0](E[0](y)) - y).abs().mean(),
        "latent_A": 2 * (E[0](there) - E[2](x)).abs().mean(),
        "latent_B": 2 * (E[2](back) - E[0](y)).abs().mean(),
        "forward_A": 0.5 * (avg_pool2d(there, 3, 4) - avg_pool2d(x, 3, 4)).abs().mean(),
        "forward_B": 0.5 * (avg_pool2d(back, 3, 4) - avg_pool2d(y, 3, 4)).abs().mean(),
    }
    terms = system.losses("G", out)
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        assert terms[name].item() == pytest.approx(value.item(), rel=1e-4), name
    d = system.losses("D", out)
    for name, judge, real, fake in (("A", D[2], x, back), ("B", D[0], y, there)):
        value = 0.5 * ((judge(real) - 1).square().mean() + judge(fake).square().mean())
        assert d[name].item() == pytest.approx(value.item(), rel=1e-4)


@pytest.mark.parametrize(
    ("settings", "gone"),
    [
        ({"lambda_adv": 0.0}, {"adv_AB", "adv_BA"}),
        ({"lambda_cyc": 0.0}, {"cyc_A", "cyc_B"}),
        ({"lambda_latent": 0.0}, {"latent_A", "latent_B"}),
    ],
)
def test_a_weight_of_zero_takes_its_terms_and_passes_away(settings, gone, batch):
    everything = small(**OPTIONS)
    terms = everything.losses("G", everything(batch, BOTH)).keys()
    system = small(**(OPTIONS | settings))
    out = system(batch, BOTH)
    assert system.losses("G", out).keys() == terms - gone
    assert ("rec_A" in out) == (gone != {"cyc_A", "cyc_B"})


def test_without_cycle_and_options_nothing_is_encoded_twice(batch):
    out = small(lambda_cyc=0.0)(batch, BOTH)
    assert not {"rec_A", "code_fake_A", "idt_A"} & out.keys()


def test_a_step_moves_two_domains_and_leaves_the_third_bitwise():
    system = drawing(small(), 1, 2)
    before = {key: value.clone() for key, value in system.state_dict().items()}
    train(system, Noise(), 3)
    changed = {key for key, value in system.state_dict().items() if not torch.equal(value, before[key])}
    networks = {".".join(key.split(".")[: 3 if key.startswith("G") else 2]) for key in changed}
    assert networks == {f"{network}.{i}" for network in ("G.encoders", "G.decoders", "D") for i in (1, 2)}


def test_every_ordered_pair_is_drawn_equally_often():
    system = small(domains=tuple("ABCD"))
    pairs = [system.draw_pair() for _ in range(2400)]
    counts = {pair: pairs.count(pair) for pair in set(pairs)}
    assert len(counts) == 12 and all(a != b for a, b in counts)
    assert all(140 < count < 260 for count in counts.values())  # 200 expected, 14 is one standard deviation


def test_encodes_once_and_decodes_to_all(batch):
    system = small().eval()
    calls = []
    for encoder in system.G.encoders:
        encoder.register_forward_hook(lambda *_: calls.append(1))
    found = system.translate_to_all(batch["B"], "B")
    assert list(found) == ["A", "B", "C"] and len(calls) == 1
    for domain, images in found.items():
        assert torch.equal(images, system.translate(batch["B"], "B", domain))
    with pytest.raises(LabError, match="the domains A, B, C, not D"):
        system.translate(batch["A"], "A", "D")


def test_fourteen_domains_of_the_papers_size_have_the_official_counts():
    with torch.device("meta"):
        system = ComboGAN(ComboGANSettings(domains=tuple(f"painter {i}" for i in range(14))))
    for networks, count in ((system.G.encoders, 5_099_136), (system.G.decoders, 6_565_763), (system.D, 2_764_737)):
        assert [count_parameters(network) for network in networks] == [count] * 14
    assert count_parameters(system) == 14 * 14_429_636


def test_networks_grow_linearly_with_the_domains_and_a_step_costs_the_same():
    def settings(n):
        return {"domains": [f"d{i}" for i in range(n)], "ngf": 8, "ndf": 8, "blocks": 2}

    with torch.device("meta"):
        counts = {n: count_parameters(ComboGAN(ComboGANSettings(**settings(n)))) for n in (2, 3, 7)}
    assert counts[7] - counts[2] == 5 * (counts[3] - counts[2]) and counts[2] == 2 * (counts[3] - counts[2])
    costs = [bench.gflop("combogan", settings(n), size=64) for n in (2, 7)]
    assert costs[0] == costs[1] > 0


def test_shared_blocks_are_one_for_all_domains():
    own, shared = small(), small(shared=3)
    assert len(shared.G.shared_in) == 2 and len(shared.G.shared_out) == 1
    block = count_parameters(shared.G.shared_out)
    assert count_parameters(own.G) - count_parameters(shared.G) == (3 - 1) * 3 * block
    with pytest.raises(LabError, match="of 3 residual blocks 4"):
        small(shared=4)


def test_a_later_domain_learns_and_the_others_stay_bitwise():
    system = small(domains=("A", "B"), ema=0.9)
    train(system, Noise(), 2)
    bigger = grown(system, "C")
    assert bigger.settings == replace(system.settings, domains=("A", "B", "C"), frozen=("A", "B"))
    before = {key: value.clone() for key, value in bigger.state_dict().items()}
    system.settle()
    assert all(torch.equal(before[key], value) for key, value in system.state_dict().items())
    train(bigger, Noise(), 6)
    of_new = ("G.encoders.2.", "G.decoders.2.", "D.2.", "mean_G.network.encoders.2.", "mean_G.network.decoders.2.")
    moved = {key for key, value in bigger.state_dict().items() if not torch.equal(value, before[key])}
    assert {key for key in moved if not key.startswith(of_new)} == {"mean_G.updates"}
    assert all(any(key.startswith(part) for key in moved) for part in of_new)
    x = Noise().batch()["A"]
    assert torch.equal(bigger.translate(x, "A", "B"), system.translate(x, "A", "B"))
    assert bigger.translate(x, "A", "C").shape == x.shape


def test_with_frozen_domains_every_pair_has_one_that_learns():
    system = small(domains=tuple("ABCD"), frozen=("A", "C"))
    pairs = {system.draw_pair() for _ in range(200)}
    assert {first for first, _ in pairs} == {1, 3} and {second for _, second in pairs} == {0, 1, 2, 3}
    drawing(system, 1, 0)
    assert set(system.losses("D", system(Noise().batch(), BOTH))) == {"A"}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"domains": ("A",)}, "two or more different names, found A"),
        ({"domains": ("A", "B", "A")}, "different names"),
        ({"frozen": ("X",)}, "frozen are some of the domains"),
        ({"frozen": ("A", "B", "C")}, "and not all of them"),
    ],
)
def test_domains_that_make_no_sense_are_refused(settings, sentence):
    with pytest.raises(LabError, match=sentence):
        small(**settings)


def test_data_without_one_of_the_domains_are_refused(batch):
    with pytest.raises(LabError, match="no domain 'X'"):
        small(domains=("A", "X"))(batch, BOTH)


def test_a_system_without_discriminators_cannot_grow():
    system = small()
    system.D = torch.nn.Identity()
    with pytest.raises(LabError, match="only a system with its discriminators"):
        grown(system, "D")


def test_thirty_steps_on_portraits_stay_finite():
    hair = ("black", "brown", "blond")
    portraits = data.load("portraits_many", {"hair": list(hair), "size": 32, "n_train": 12, "n_test": 2})
    history = train(small(domains=hair, pool=5), UnpairedBatches(portraits.train, 2, seed=0), 30)
    assert set(history.terms()) == {"G/adv_AB", "G/adv_BA", "G/cyc_A", "G/cyc_B", "D/A", "D/B"}
    assert all(torch.tensor(history.curve(term)[1]).isfinite().all() for term in history.terms())
    cycle = history.curve("G/cyc_A")[1]
    assert sum(cycle[-5:]) < sum(cycle[:5])
