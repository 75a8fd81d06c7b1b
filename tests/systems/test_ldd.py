"""LDD: its terms written out, rounds of the translator M, noise, and what each weight switches off."""

import pytest
import torch

from labkit import data
from labkit.data.unpaired import UnpairedBatches
from labkit.errors import LabError
from labkit.systems.ldd import LDD, LDDSettings
from labkit.train import train
from systems.plain import agree_on_codes

BOTH = frozenset({"G", "D"})
QUIET = {"drop": 0.0, "shuffle": 0}


def small(**settings):
    torch.manual_seed(0)
    return LDD(LDDSettings(**({"ngf": 4, "blocks": 2, "shared": 2, "hidden": 8, "refresh": 2} | settings))).train()


class Noise:
    def batch(self, step=0, rank=0, world=1):
        generator = torch.Generator().manual_seed(step)
        return {key: torch.rand(2, 3, 16, 16, generator=generator) * 2 - 1 for key in "AB"}


@pytest.fixture
def batch():
    return Noise().batch(9)


def test_terms_are_the_papers_written_out(batch):
    system = small(lambda_auto=2.0, lambda_cd=3.0, lambda_adv=0.5, **QUIET)
    train(system, Noise(), 2)  # the second round begins
    for parameter in system.G.parameters():  # and M is no longer the model
        parameter.data.mul_(1.1)
    out = system(batch, BOTH)
    G, M, D, x, y = system.G, system.M, system.D, batch["A"], batch["B"]
    x_there, y_there = M(x, 0, 1), M(y, 1, 0)
    assert not torch.allclose(x_there, G(x, 0, 1), atol=1e-3)
    e_x, e_y, e_x_there, e_y_there = G.encode(x, 0), G.encode(y, 1), G.encode(x_there, 1), G.encode(y_there, 0)
    of_A, of_B = D(torch.cat([e_x, e_y_there])), D(torch.cat([e_y, e_x_there]))
    expected = {
        "auto_A": 2 * (G.decode(e_x, 0) - x).abs().mean(),
        "auto_B": 2 * (G.decode(e_y, 1) - y).abs().mean(),
        "cd_A": 3 * (G.decode(e_x_there, 0) - x).abs().mean(),
        "cd_B": 3 * (G.decode(e_y_there, 1) - y).abs().mean(),
    }
    agree_on_codes(system, out, expected, of_A, of_B)


def test_the_first_translator_copies_and_a_round_later_it_is_the_model(batch):
    system = small(refresh=3, **QUIET)
    states = {}
    for step in range(7):
        out = system(batch, BOTH)
        if step < 3:
            assert torch.equal(out["fake_B"], batch["A"]) and torch.equal(out["fake_A"], batch["B"])
        else:
            of_round = states[3 * (step // 3)]
            assert all(torch.equal(value, of_round[key]) for key, value in system.M.state_dict().items())
            assert torch.equal(out["fake_B"], system.M(batch["A"], 0, 1))
        for parameter in system.G.parameters():
            parameter.data.add_(0.01 * torch.randn_like(parameter))
        system.after_step(BOTH)
        states[step + 1] = {key: value.clone() for key, value in system.G.state_dict().items()}


def test_no_gradient_passes_through_the_translation(batch):
    system = small()
    train(system, Noise(), 2)
    out = system(batch, BOTH)
    assert not out["fake_A"].requires_grad and not any(p.requires_grad for p in system.M.parameters())
    system.losses("G", out)["cd_A"].backward()
    G, paths = system.G, {}
    for name, layer in (("A in", G.encoders[0][1]), ("B in", G.encoders[1][1]), ("A out", G.decoders[0][-2])):
        paths[name] = layer.weight.grad.abs().max().item() > 0
    assert paths == {"A in": False, "B in": True, "A out": True}  # M(x) is of B, and the decoder of A draws
    assert all(p.grad is None for p in G.decoders[1].parameters())


def test_the_encoder_climbs_and_the_decoder_is_not_asked(batch):
    system = small()
    system.losses("G", system(batch, BOTH))["adv"].backward()
    assert system.G.shared_in[0].layers[1].weight.grad.abs().max() > 0
    assert all(p.grad is None for p in system.G.decoders.parameters())


@pytest.mark.parametrize(
    ("settings", "gone", "without"),
    [
        ({"lambda_auto": 0.0}, {"auto_A", "auto_B"}, {"rec_A", "rec_B"}),
        ({"lambda_cd": 0.0}, {"cd_A", "cd_B"}, {"fake_A", "fake_B", "across_A", "back_A"}),
        ({"lambda_adv": 0.0}, {"adv"}, set()),
        ({"lambda_adv": 0.0, "lambda_auto": 0.0}, {"adv", "auto_A", "auto_B"}, {"own_A", "rec_A"}),
    ],
)
def test_a_weight_of_zero_takes_its_terms_and_passes_away(settings, gone, without, batch):
    system = small(**settings)
    out = system(batch, frozenset(player.name for player in system.players()))
    assert system.losses("G", out).keys() == {"auto_A", "auto_B", "cd_A", "cd_B", "adv"} - gone
    assert not without & out.keys()
    assert ("D" in [player.name for player in system.players()]) == ("adv" not in gone)
    assert hasattr(system, "M") == ("cd_A" not in gone)


def test_what_is_not_asked_for_anything_is_refused():
    with pytest.raises(LabError, match="nothing is asked of a decoder"):
        small(lambda_auto=0.0, lambda_cd=0.0)
    with pytest.raises(LabError, match="found refresh 0"):
        small(refresh=0)


def test_when_only_D_is_due_nothing_is_decoded(batch):
    out = small()(batch, frozenset({"D"}))
    assert not {"rec_A", "back_A"} & out.keys() and not out["own_A"].requires_grad


def test_noise_disturbs_training_and_not_the_translation(batch):
    quiet, noisy = small(**QUIET), small()
    assert torch.equal(quiet(batch, BOTH)["rec_A"], quiet(batch, BOTH)["rec_A"])
    assert not torch.equal(noisy(batch, BOTH)["rec_A"], noisy(batch, BOTH)["rec_A"])
    assert torch.equal(noisy.translate(batch["A"]), noisy.translate(batch["A"]))


def test_blocks_are_shared_and_pixels_are_not():
    shared, apart = small(), small(shared=0)
    assert len(shared.G.shared_in) == len(shared.G.shared_out) == 1
    assert not len(apart.G.shared_in) and shared.G.encoders[0] is not shared.G.encoders[1]


def test_an_embedding_is_a_vector_of_what_the_code_is_like(batch):
    system = small()
    code = system.encode(batch["B"], "B")
    assert code.shape == (2, 16, 4, 4)
    embedding = system.embed(batch["B"], "B")
    assert embedding.shape == (2, 32)
    assert torch.allclose(embedding[:, :16], code.mean((2, 3)), atol=1e-6)


def test_translates_both_ways_and_names_the_ways_it_has(batch):
    system = small()
    assert torch.equal(system.translate(batch["B"], "B", "A"), system.decode(system.encode(batch["B"], "B"), "A"))
    assert system.translate(batch["A"], "A", "A").shape == batch["A"].shape
    with pytest.raises(LabError, match="A → C"):
        system.translate(batch["A"], "A", "C")


def test_thirty_steps_on_portraits_stay_finite_and_repair_better():
    portraits = data.load("portraits", {"size": 32, "n_train": 12, "n_test": 2})
    history = train(small(lr=2e-3), UnpairedBatches(portraits.train, 4, seed=0), 30)
    assert set(history.terms()) == {"G/auto_A", "G/auto_B", "G/cd_A", "G/cd_B", "G/adv", "D/code"}
    assert all(torch.tensor(history.curve(term)[1]).isfinite().all() for term in history.terms())
    repair = history.curve("G/auto_B")[1]
    assert sum(repair[-5:]) < 0.8 * sum(repair[:5])
