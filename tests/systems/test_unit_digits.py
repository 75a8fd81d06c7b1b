"""UNIT for digits: its terms written out, and where the classifier's labels come from."""

import pytest
import torch
from torch.nn import functional as F

from labkit.errors import LabError
from labkit.systems.unit_digits import UNITDigits, UNITDigitsSettings

BOTH = frozenset({"G", "D"})


def small(**settings):
    torch.manual_seed(0)
    return UNITDigits(UNITDigitsSettings(**({"ngf": 2, "ndf": 2, "classes": 3} | settings)))


@pytest.fixture
def batch():
    torch.manual_seed(1)
    images = {"A": torch.rand(3, 3, 32, 32) * 2 - 1, "B": torch.rand(3, 1, 32, 32) * 2 - 1}
    return images | {"A_label": torch.tensor([0, 2, 1])}


def test_terms_are_the_official_ones_written_out(batch):
    system = small().eval()  # no dropout, and BatchNorm by running statistics
    out = system(batch, BOTH)
    g, d = system.losses("G", out), system.losses("D", out)

    def two_way(name, real):
        domain = name[-1]
        logits = system.D.head(system.D.features(out[name], domain)).flatten(1)
        return F.cross_entropy(logits, torch.full((3,), int(real)))

    def features(name):
        return system.D.features(out[name], name[-1])

    for domain in "AB":
        fake, rec, real = (f"{kind}_{domain}" for kind in ("fake", "rec", "real"))
        adv = 0.5 * (two_way(fake, True) + two_way(rec, True))
        assert g[f"adv_{domain}"].item() == pytest.approx(adv.item(), rel=1e-4)
        squared = (out[rec] - out[real]).square().sum() / 3
        assert g[f"rec_{domain}"].item() == pytest.approx(1e-3 * squared.item(), rel=1e-4)
        judged = 0.5 * (two_way(real, True) + 0.5 * (two_way(fake, False) + two_way(rec, False)))
        assert d[domain].item() == pytest.approx(judged.item(), rel=1e-4)
    mu, sigma = out["mu"], out["sigma"]
    assert len(mu) == 6
    assert g["kl"].item() == pytest.approx(2e-4 * (mu**2 + sigma**2 - (sigma**2).log()).sum().item() / 6, rel=1e-4)
    pairs = (("fake_B", "rec_A"), ("fake_A", "rec_B"))
    apart = sum((features(one) - features(other)).square().sum() for one, other in pairs)
    assert d["match"].item() == pytest.approx(1e-4 * apart.item() / 3, rel=1e-4)
    classes = F.cross_entropy(system.classify(batch["A"], "A"), batch["A_label"])
    assert d["cls"].item() == pytest.approx(10 * classes.item(), rel=1e-4)


def test_there_is_no_cycle_and_labels_of_A_are_asked_for(batch):
    system = small()
    out = system(batch, BOTH)
    assert set(system.losses("G", out)) == {"adv_A", "adv_B", "rec_A", "rec_B", "kl"}
    with pytest.raises(LabError, match="labels"):
        system({key: batch[key] for key in "AB"}, BOTH)


def test_a_D_step_leaves_no_gradient_in_G(batch):
    system = small()
    sum(system.losses("D", system(batch, BOTH)).values()).backward()
    assert all(p.grad is None for p in system.G.parameters())


def test_translates_from_the_channels_of_one_domain_to_those_of_the_other(batch):
    system = small().eval()
    assert system.translate(batch["A"]).shape == (3, 1, 32, 32)
    assert system.translate(batch["B"], "B", "A").shape == (3, 3, 32, 32)
    assert system.encode(batch["A"], "A").shape == (3, 16, 1, 1)
    with pytest.raises(LabError, match="A → C"):
        system.translate(batch["A"], "A", "C")


def test_same_start_means_equal_values_and_not_shared_ones():
    system = small(channels_A=1, same_start=True)
    for own in (system.G.fronts, system.G.tails, system.D.fronts):
        for of_A, of_B in zip(own["A"].parameters(), own["B"].parameters(), strict=True):
            assert torch.equal(of_A, of_B) and of_A is not of_B
    apart = small(channels_A=1)
    assert not torch.equal(*(apart.G.fronts[d][0].weight for d in "AB"))
    with pytest.raises(LabError, match="channels"):
        small(same_start=True)


def test_paper_size_by_default():
    with torch.device("meta"):
        assert sum(p.numel() for p in UNITDigits().parameters()) == 22_606_468 + 4_332_812


def test_the_classifier_learns_its_labels(batch):
    system = small(ndf=4)
    optimiser = torch.optim.Adam(system.D.parameters(), lr=2e-3)
    for _ in range(150):
        loss = system.losses("D", system(batch, frozenset({"D"})))["cls"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    system.eval()
    assert torch.equal(system.classify(batch["A"], "A").argmax(1), batch["A_label"])
