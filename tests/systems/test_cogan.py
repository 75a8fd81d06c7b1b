"""CoGAN: its terms written out, what a pair shares, and a classifier that learns B from labels of A."""

import pytest
import torch
from torch.nn import functional as F

from labkit.errors import LabError
from labkit.systems.cogan import CoGAN, CoGANSettings

BOTH = frozenset({"G", "D"})


def small(**settings):
    torch.manual_seed(0)
    return CoGAN(CoGANSettings(**({"nz": 4, "ngf": 2, "ndf": 2} | settings)))


@pytest.fixture
def batch():
    torch.manual_seed(1)
    return {key: torch.rand(3, 1, 28, 28) * 2 - 1 for key in "AB"} | {"A_label": torch.tensor([0, 2, 1])}


def test_terms_are_the_official_ones_written_out(batch):
    system = small(classes=3, lambda_match=0.01)
    out = system(batch, BOTH)

    def two_way(domain, image, real):  # the official code's: a softmax over two, cross-entropy over both domains
        features = system.D.features(out[image], domain)
        return F.cross_entropy(system.D.heads["shared"](features), torch.full((3,), int(real)))

    g = system.losses("G", out)
    d = system.losses("D", out)
    for domain in "AB":
        fooled = 0.5 * two_way(domain, f"fake_{domain}", True)
        assert g[f"adv_{domain}"].item() == pytest.approx(fooled.item(), rel=1e-4)
        by_hand = 0.5 * (two_way(domain, f"real_{domain}", True) + two_way(domain, f"fake_{domain}", False))
        assert d[domain].item() == pytest.approx(by_hand.item(), rel=1e-4)
    seen = [system.D.features(out[f"fake_{domain}"], domain) for domain in "AB"]
    assert d["match"].item() == pytest.approx(0.01 * (seen[0] - seen[1]).square().sum().item() / 3, rel=1e-4)
    logits = system.classify(batch["A"], "A")
    assert d["cls"].item() == pytest.approx(10 * F.cross_entropy(logits, batch["A_label"]).item(), rel=1e-4)
    assert set(d) == {"A", "B", "match", "cls"}


def test_without_classifier_and_matching_there_are_two_games_alone(batch):
    system = small()
    assert set(system.losses("D", system(batch, BOTH))) == {"A", "B"}
    with pytest.raises(LabError, match="classes"):
        system.classify(batch["A"], "A")


def test_labels_of_A_are_asked_for_and_labels_of_B_never_used(batch):
    system = small(classes=3)
    with pytest.raises(LabError, match="labels"):
        system({key: batch[key] for key in "AB"}, BOTH)
    with pytest.raises(LabError, match="shared"):
        small(classes=3, shared=False)


def test_a_pair_comes_from_one_code_and_is_the_same_for_the_same_seed():
    system = small().train()
    A, B = system.sample_pairs(5, seed=3)
    again, _ = system.sample_pairs(5, seed=3)
    other, _ = system.sample_pairs(5, seed=4)
    assert A.shape == B.shape == (5, 1, 28, 28)
    assert torch.equal(A, again) and not torch.equal(A, other)
    assert system.training


def test_a_D_step_leaves_no_gradient_in_G(batch):
    system = small()
    sum(system.losses("D", system(batch, BOTH)).values()).backward()
    assert all(p.grad is None for p in system.G.parameters())


def test_paper_size_by_default():
    with torch.device("meta"):
        assert sum(p.numel() for p in CoGAN(CoGANSettings(classes=10)).parameters()) == 7_842_694 + 432_603


def test_overfits_one_batch(batch):
    system = small(ndf=4, classes=3)
    optimiser = torch.optim.Adam(system.D.parameters(), lr=2e-3)
    for _ in range(60):
        loss = sum(system.losses("D", system(batch, frozenset({"D"}))).values())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert torch.equal(system.classify(batch["A"], "A").argmax(1), batch["A_label"])


@pytest.fixture
def portraits():
    torch.manual_seed(1)
    return {key: torch.rand(3, 3, 32, 32) * 2 - 1 for key in "AB"}


def test_at_a_larger_size_real_and_generated_images_are_judged_apart(portraits):
    """With BatchNorm a logit depends on its batch: one of real images, and one of generated ones."""
    system = small(size=32, channels=3)
    out = system(portraits, BOTH)
    d = system.losses("D", out)
    for domain in "AB":
        real, fake = (system.D(out[f"{kind}_{domain}"], domain)[0] for kind in ("real", "fake"))
        by_hand = 0.5 * (F.softplus(-real).mean() + F.softplus(fake).mean())
        assert d[domain].item() == pytest.approx(by_hand.item(), rel=1e-4)
    mixed = system.D(torch.cat([out["real_A"], out["fake_A"]]), "A")[0].chunk(2)
    assert not torch.allclose(mixed[0], system.D(out["real_A"], "A")[0], atol=1e-4)


def test_at_28_px_one_pass_gives_what_two_would(batch):
    system = small()
    out = system(batch, BOTH)
    one = system._judged(out["real_A"], out["fake_A"], "A")
    (real, seen), (fake, of_fake) = system.D(out["real_A"], "A"), system.D(out["fake_A"], "A")
    for found, wanted in zip(one, (real, fake, seen, of_fake), strict=True):
        assert torch.allclose(found, wanted, atol=1e-5)


def test_pairs_are_as_large_as_the_images_of_training(portraits):
    A, B = small(size=32, channels=3).sample_pairs(4)
    assert A.shape == B.shape == (4, 3, 32, 32)


def test_the_discriminators_may_have_a_rate_of_their_own():
    def rates(**settings):
        system = small(**settings)
        return [player.optimiser(system.parameters_of(player)).param_groups[0]["lr"] for player in system.players()]

    assert rates(lr=3e-4) == [3e-4, 3e-4]
    assert rates(lr=3e-4, lr_D=1e-4) == [1e-4, 3e-4]
