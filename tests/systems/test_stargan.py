"""StarGAN's terms against the plain form, its labels and switches, the named target, and a short training."""

import pytest
import torch
from torch.nn import functional as F

from labkit import data
from labkit.errors import LabError
from labkit.networks.contents import empty_system
from labkit.runs import RunSpec, run
from labkit.systems.stargan import StarGAN, StarGANSettings
from labkit.train import train
from systems.plain import with_gradients

BOTH = frozenset({"D", "G"})
NARROW = {"size": 16, "ngf": 4, "ndf": 4, "blocks": 1, "d_layers": 2}
HAIR = {"attributes": ("black", "blond", "brown", "beard"), "rivals": ("black", "blond", "brown")}
EXPRESSIONS = {"attributes": (), "domains": ("serious", "smile", "sad")}


def small(**settings) -> StarGAN:
    torch.manual_seed(0)
    return StarGAN(StarGANSettings(**(NARROW | settings))).train()


def batch(*kinds: str, n: int = 3) -> dict[str, torch.Tensor]:
    """Noise with labels: "attributes" of A, then "domains" of the next set."""
    generator, made = torch.Generator().manual_seed(1), {}
    for key, kind in zip("AB", kinds, strict=False):
        made[key] = torch.rand(n, 3, 16, 16, generator=generator) * 2 - 1
        shape, most = ((n, 4), 2) if kind == "attributes" else ((n,), 3)
        made[f"{key}_label"] = torch.randint(most, shape, generator=generator)
    return made


KINDS = {"attributes": HAIR, "domains": EXPRESSIONS}


def plain_losses(system, x, label, target, epsilon, kind):
    """Both updates as the paper writes them."""
    s = system.settings

    def G(x, label):
        told = label.to(x) if kind == "attributes" else F.one_hot(label, 3).to(x)
        planes = [torch.stack([value.expand(16, 16) for value in values]) for values in told]
        return system.G.layers(torch.cat([x, torch.stack(planes)], 1))

    def D(x):
        h = system.D.layers(x)
        return system.D.patches(h), system.D.classes(h)[:, :, 0, 0]

    def cls(logits, label):
        if kind == "domains":
            return -torch.stack([row.log_softmax(0)[c] for row, c in zip(logits, label, strict=True)]).mean()
        p = logits.sigmoid()
        return -(label * p.log() + (1 - label) * (1 - p).log()).sum(1).mean()

    fake = G(x, target)
    between = (epsilon * x + (1 - epsilon) * fake.detach()).requires_grad_(True)
    penalty = 0
    for i in range(len(x)):
        (slope,) = torch.autograd.grad(D(between)[0][i].sum(), between, create_graph=True)
        penalty = penalty + (slope[i].square().sum().sqrt() - 1) ** 2 / len(x)
    loss_D = D(fake.detach())[0].mean() - D(x)[0].mean() + s.lambda_cls * cls(D(x)[1], label) + s.lambda_gp * penalty
    loss_G = -D(fake)[0].mean() + s.lambda_cls * cls(D(fake)[1], target)
    return {"D": loss_D, "G": loss_G + s.lambda_rec * (x - G(fake, label)).abs().mean()}


@pytest.mark.parametrize("kind", KINDS)
def test_losses_and_gradients_equal_the_plain_form(kind):
    system = small(**KINDS[kind], lambda_cls=2.0, lambda_rec=3.0, lambda_gp=5.0).double()
    images = {key: x.double() if x.is_floating_point() else x for key, x in batch(kind).items()}
    out = system(images, BOTH)
    torch.manual_seed(3)
    found = {player: sum(system.losses(player, out).values()) for player in ("D", "G")}
    torch.manual_seed(3)
    epsilon = torch.rand(3, 1, 1, 1, dtype=torch.float64)
    plain = plain_losses(system, images["A"], images["A_label"], out["target_A"], epsilon, kind)
    torch.testing.assert_close(with_gradients(system, found), with_gradients(system, plain), atol=1e-12, rtol=1e-7)


def test_the_paper_s_system_by_default_fits_together():
    with torch.device("meta"):
        system = StarGAN().train()
        images = {"A": torch.empty(2, 3, 128, 128), "A_label": torch.empty(2, 5, dtype=torch.int64)}
        out = system(images, BOTH)
        for player in system.players():
            sum(system.losses(player.name, out).values()).backward(retain_graph=True)
        assert all(p.grad is not None for p in system.parameters())
        assert system.translate(images["A"], target=images["A_label"]).shape == images["A"].shape
        assert sum(p.numel() for p in system.parameters()) == 8_430_528 + 44_762_048


def test_targets_are_the_labels_of_the_batch_in_another_order():
    system, images = small(**HAIR), batch("attributes", n=8)
    out = system(images, BOTH)
    assert sorted(out["target_A"].tolist()) == sorted(out["label_A"].tolist())
    assert not torch.equal(out["target_A"], out["label_A"])


def test_domains_are_named_by_the_keys_of_a_batch_or_by_labels():
    system, (x, y, z) = small(**EXPRESSIONS), torch.rand(3, 2, 3, 16, 16)
    by_key = system.labelled({"smile": y, "serious": x, "sad": z})
    by_label = system.labelled({"real": torch.cat([x, y, z]), "real_label": torch.tensor([0, 0, 1, 1, 2, 2])})
    for one, other in zip(by_key["A"], by_label["A"], strict=True):
        assert torch.equal(one, other)


def test_the_mask_says_whose_labels_are_meant_and_the_others_are_zero():
    system = small(**HAIR | {"domains": EXPRESSIONS["domains"]})
    assert system.vector(torch.tensor([[1, 0, 0, 1]])).tolist() == [[1, 0, 0, 1, 0, 0, 0, 1, 0]]
    assert system.vector(torch.tensor([2])).tolist() == [[0, 0, 0, 0, 0, 0, 1, 0, 1]]
    images = batch("attributes", "domains")
    out = system(images, BOTH)
    d, g = (system.losses(player, out) for player in ("D", "G"))
    assert set(d) == {f"{term}_{key}" for term in ("adv", "cls", "gp") for key in "AB"}
    assert set(g) == {f"{term}_{key}" for term in ("adv", "cls", "rec") for key in "AB"}
    (slope,) = torch.autograd.grad(d["cls_A"], system.D.classes.weight, retain_graph=True)
    assert slope[:4].any() and not slope[4:].any()  # what A does not know teaches nothing
    (slope,) = torch.autograd.grad(d["cls_B"], system.D.classes.weight)
    assert slope[4:].any() and not slope[:4].any()


@pytest.mark.parametrize(
    ("settings", "without"),
    [
        ({"lambda_cls": 0.0}, {("D", "cls"), ("G", "cls")}),
        ({"lambda_rec": 0.0}, {("G", "rec")}),
        ({"lambda_gp": 0.0}, {("D", "gp")}),
    ],
)
def test_a_switch_leaves_its_terms_out_and_no_others(settings, without):
    def terms(system):
        out = system(batch("attributes"), BOTH)
        return {(player, name) for player in ("D", "G") for name in system.losses(player, out)}

    assert terms(small(**HAIR, **settings)) == terms(small(**HAIR)) - without
    assert ("rec_A" in small(**HAIR, **settings)(batch("attributes"), BOTH)) == ("lambda_rec" not in settings)


def test_only_the_penalty_differentiates_twice():
    assert small(**HAIR).double_backward == ("D",) and small(**HAIR, lambda_gp=0.0).double_backward == ()


def test_the_critic_moves_at_every_step_and_the_generator_at_every_nth():
    players = small(**HAIR, n_critic=3).players()
    assert [p.name for p in players] == ["D", "G"]
    assert [[p.due(step) for step in range(6)] for p in players] == [[True] * 6, [False, False, True] * 2]
    alone = small(**HAIR, n_critic=1).players()[1]
    assert all(alone.due(step) for step in range(3))


def test_d_alone_computes_one_translation_without_graph():
    out = small(**HAIR)(batch("attributes"), frozenset({"D"}))
    assert "rec_A" not in out and not out["fake_A"].requires_grad


def test_a_target_is_named_and_rivals_give_way():
    system = small(**HAIR)
    assert system.changes("blond") == {0: 0, 1: 1, 2: 0}
    assert system.changes("no beard+brown") == {3: 0, 0: 0, 1: 0, 2: 1}
    assert system.changes("no black") == {0: 0}
    with pytest.raises(LabError, match="translates to black, blond, brown, beard, not to green"):
        system.translate(batch("attributes")["A"], dst="green")


@torch.no_grad()
def test_what_the_target_does_not_name_stays_as_d_reads_it():
    system, x = small(**HAIR).eval(), batch("attributes")["A"]
    target = system.read(x)
    assert target.unique().tolist() == [0, 1] and target.shape == (3, 4)
    target[:, 3] = 1
    assert torch.equal(system.translate(x, dst="beard"), system.translate(x, target=target))
    assert system.read(F.interpolate(x, (24, 32))).shape == (3, 4)
    domains = small(**EXPRESSIONS).eval()
    assert torch.equal(domains.translate(x, dst="sad"), domains.translate(x, target=torch.tensor([2, 2, 2])))
    assert not torch.equal(domains.translate(x, dst="sad"), domains.translate(x, dst="smile"))


def test_the_ways_are_those_between_domains_or_from_a_labelled_set():
    assert small(attributes=(), domains=("A", "B")).ways()[:2] == [("A", "B"), ("B", "A")]
    assert ("sad", "smile") in small(**EXPRESSIONS).ways() and ("A", "smile") in small(**EXPRESSIONS).ways()
    assert small(**HAIR).ways()[:4] == [("A", name) for name in HAIR["attributes"]]


def test_d_is_recorded_where_it_reads_what_a_target_leaves_open():
    read = empty_system(RunSpec("stargan", "none", 1, 1, NARROW | HAIR), "x/y")
    assert read.read(torch.zeros(1, 3, 16, 16)).shape == (1, 4)
    told = empty_system(RunSpec("stargan", "none", 1, 1, NARROW | EXPRESSIONS), "x/y")
    with pytest.raises(LabError, match="D was not recorded, only G"):
        told.read(torch.zeros(1, 3, 16, 16))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"attributes": ("beard",), "rivals": ()}, "name at least two labels, each once, found beard"),
        ({"attributes": (), "domains": ()}, "found none"),
        (HAIR | {"domains": ("beard",)}, "each once"),
        ({"attributes": ("beard", "glasses")}, "rivals are attributes, and black is none"),
        (HAIR | {"size": 18}, "must be a multiple of 4, not 18"),
    ],
)
def test_settings_that_fit_nothing_are_refused(settings, message):
    with pytest.raises(LabError, match=message):
        small(**settings)


def test_labels_are_asked_for_and_must_fit():
    x = torch.zeros(2, 3, 16, 16)
    with pytest.raises(LabError, match="name A among the run's labels"):
        small(**HAIR)({"A": x}, BOTH)
    with pytest.raises(LabError, match="name A and B among the run's labels"):
        small(**HAIR | {"domains": ("serious", "smile")})({"A": x, "A_label": torch.zeros(2, 4).long(), "B": x}, BOTH)
    with pytest.raises(LabError, match=r"shape \(2, 7\) do not fit 4 attributes and 0 domains"):
        small(**HAIR)({"A": x, "A_label": torch.zeros(2, 7).long()}, BOTH)
    with pytest.raises(LabError, match="a label is 3, and there are 3 domains"):
        small(**EXPRESSIONS)({"A": x, "A_label": torch.tensor([0, 3])}, BOTH)


def test_overfits_one_batch_and_d_learns_to_read():
    system, images = small(**HAIR, n_critic=1, lr=2e-3), batch("attributes")

    class Batches:
        batch = staticmethod(lambda step, rank=0, world=1: images)

    history = train(system, Batches(), 60)
    _, read = history.curve("D/cls")
    _, rec = history.curve("G/rec")
    assert read[-1] < 0.5 * read[0] and rec[-1] < 0.7 * rec[0]


def test_thirty_steps_on_portraits_run_and_stay_finite(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "cache"))
    shown = {"size": 32, "n_train": 24, "n_test": 2, "n_mouth": 12}
    names = ("black", "blond", "brown", "glasses", "beard")
    settings = {"attributes": names, "domains": ("serious", "smile"), "size": 32, "ngf": 4, "ndf": 4, "blocks": 1}
    spec = RunSpec("stargan", "portraits_attributes", 30, 4, settings | {"d_layers": 3}, shown, ["A", "B"])
    done = run(spec, tmp_path / "run")
    assert len(done.history.curve("D/gp_A")[0]) == 30 and len(done.history.curve("G/rec_B")[0]) == 6
    assert all(p.isfinite().all() for p in done.system.parameters())
    people = data.load(spec.data, shown).test["A"].images
    for dst in ("blond+no beard", "smile"):
        assert done.system.translate(people, "A", dst).shape == people.shape
