"""Sentences without pairs: the networks' masks, the terms written out, rounds, and a stop in the middle."""

import pytest
import torch
from torch.nn.functional import pad

from labkit.data.unpaired import UnpairedBatches
from labkit.text.languages import END, PAD, languages
from labkit.text.networks import SentenceAutoencoder
from labkit.text.translator import SentenceSettings, SentenceTranslator
from labkit.train import train
from systems.plain import agree_on_codes

BOTH = frozenset({"G", "D"})


@pytest.fixture(scope="module")
def data():
    return languages(n_train=60, n_test=8)


def small(data, **settings):
    torch.manual_seed(0)
    narrow = {"width": 8, "hidden": 8, "layers": 1, "judge": 8, "refresh": 2, "lr": 1e-2}
    return SentenceTranslator(data.dictionaries, SentenceSettings(**(narrow | settings)))


def batches(data):
    return UnpairedBatches(data.train, 6, seed=0)


def test_what_lies_behind_the_end_does_not_matter(data):
    torch.manual_seed(0)
    G, x = SentenceAutoencoder((70, 70), 8, 8, 2), data.test["A"].numbers
    longer = pad(x, (0, 3), value=PAD)
    code, further = G.encode(x, 0), G.encode(longer, 0)
    assert torch.allclose(code, further[:, :-3], atol=1e-6) and (code[x == PAD] == 0).all()
    y = data.test["B"].numbers
    assert torch.allclose(G.logits(code, x, y, 1), G.logits(further, longer, y, 1), atol=1e-5)


def test_a_word_is_told_by_the_words_before_it_and_not_by_itself(data):
    torch.manual_seed(0)
    G, x = SentenceAutoencoder((70, 70), 8, 8, 1), data.test["A"].numbers[:1]
    y, changed = x.clone(), x.clone()
    changed[0, 2] = 60
    code = G.encode(x, 0)
    differ = (G.logits(code, x, y, 0) != G.logits(code, x, changed, 0)).any(2)[0]
    assert not differ[:3].any() and differ[3]


def test_greedy_takes_the_likeliest_word_and_ends(data):
    torch.manual_seed(0)
    G, x = SentenceAutoencoder((70, 70), 8, 8, 1), data.test["A"].numbers
    found = G.translate(x, 0, 1)
    assert found.shape == x.shape and ((found == END).sum(1) == 1).all()
    logits = G.logits(G.encode(x, 0), x, found, 1)
    logits[..., [0, 1]] = -torch.inf
    inside = (found != PAD)[:, :-1]
    assert torch.equal(logits.argmax(2)[:, :-1][inside], found[:, :-1][inside])


def test_terms_are_the_papers_written_out(data):
    system = small(data, drop=0.0, shuffle=0, lambda_auto=2.0, lambda_cd=3.0, lambda_adv=0.5)
    train(system, batches(data), 2)  # the second round begins
    batch = batches(data).batch(7)
    out, G, D = system(batch, BOTH), system.G, system.D
    x, y = batch["A"], batch["B"]
    x_there, y_there = system.M.translate(x, 0, 1), system.M.translate(y, 1, 0)
    assert torch.equal(out["fake_B"], x_there) and torch.equal(out["fake_A"], y_there)

    def repair(source, src, wanted, dst):
        log_p = G.logits(G.encode(source, src), source, wanted, dst).log_softmax(2)
        return -log_p.gather(2, wanted[..., None])[..., 0][wanted != PAD].mean()

    def read(*sentences, language):
        return torch.cat([D(G.encode(s, language)[s != PAD]) for s in sentences])

    of_A, of_B = read(x, y_there, language=0), read(y, x_there, language=1)
    expected = {
        "auto_A": 2 * repair(x, 0, x, 0),
        "auto_B": 2 * repair(y, 1, y, 1),
        "cd_A": 3 * repair(x_there, 1, x, 0),
        "cd_B": 3 * repair(y_there, 0, y, 1),
    }
    agree_on_codes(system, out, expected, of_A, of_B)


def test_the_first_round_goes_by_the_dictionary(data):
    system, batch = small(data, refresh=1), batches(data).batch(0)
    assert torch.equal(system(batch, BOTH)["fake_B"], system.word_by_word(batch["A"]))
    assert system.word_by_word(batch["A"]).shape == batch["A"].shape
    system.after_step(BOTH)
    assert torch.equal(system(batch, BOTH)["fake_B"], system.M.translate(batch["A"], 0, 1))


@pytest.mark.parametrize(
    ("settings", "gone"),
    [
        ({"lambda_auto": 0.0}, {"auto_A", "auto_B"}),
        ({"lambda_cd": 0.0}, {"cd_A", "cd_B"}),
        ({"lambda_adv": 0.0}, {"adv"}),
    ],
)
def test_a_weight_of_zero_takes_its_terms_away(data, settings, gone):
    system = small(data, **settings)
    out = system(batches(data).batch(0), frozenset(player.name for player in system.players()))
    assert system.losses("G", out).keys() == {"auto_A", "auto_B", "cd_A", "cd_B", "adv"} - gone
    assert ("D" in [player.name for player in system.players()]) == ("adv" not in gone)


def test_learns_and_goes_on_after_a_stop_as_if_there_was_none(data, tmp_path):
    whole, first, second = (small(data, lr=3e-2) for _ in range(3))
    history = train(whole, batches(data), 12)
    assert history.curve("G/auto_A")[1][-1] < 0.9 * history.curve("G/auto_A")[1][0]
    assert all(torch.tensor(history.curve(term)[1]).isfinite().all() for term in history.terms())
    train(first, batches(data), 12, checkpoint=tmp_path / "c.pt", stop_after=5)
    train(second, batches(data), 12, checkpoint=tmp_path / "c.pt")
    assert all(torch.equal(value, second.state_dict()[key]) for key, value in whole.state_dict().items())


def test_translates_both_ways(data):
    system = small(data)
    x = data.test["B"].numbers
    assert torch.equal(system.translate(x, "B", "A"), system.G.translate(x, 1, 0))
    assert system.states(x, "B").shape == (int(((x != PAD) & (x != END)).sum()), 8)
