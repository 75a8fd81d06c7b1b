import pytest
import torch

from labkit.nets.blocks import count_parameters
from labkit.nets.unit_digits import CoupledClassifier, CoupledVAE, Shift, with_coordinates


@pytest.mark.parametrize(("make", "count"), [(CoupledVAE, 22_606_468), (CoupledClassifier, 4_332_812)])
def test_as_many_parameters_as_the_official_code(make, count):
    with torch.device("meta"):
        assert count_parameters(make()) == count


def test_coordinates_tell_each_pixel_where_it_is():
    x = with_coordinates(torch.zeros(2, 1, 4, 8))
    assert x.shape == (2, 3, 4, 8)
    assert x[1, 1, :, 5].tolist() == [-1.0, -0.5, 0.0, 0.5]
    assert x[0, 2, 3].tolist() == [-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75]


def test_codes_are_one_pixel_and_painted_in_both_domains():
    G = CoupledVAE(3, 1, ngf=2)
    mu, sigma = G.encode({"A": torch.rand(2, 3, 32, 32), "B": torch.rand(4, 1, 32, 32)})
    assert mu.shape == sigma.shape == (6, 16, 1, 1)
    assert (sigma > 0).all()
    painted = G.decode(mu)
    assert painted["A"].shape == (6, 3, 32, 32) and painted["B"].shape == (6, 1, 32, 32)
    assert max(x.abs().max() for x in painted.values()) <= 1


def test_both_domains_pass_the_shared_encoder_together():
    G = CoupledVAE(1, 1, ngf=2).train()
    a, b = torch.rand(3, 1, 32, 32), torch.rand(3, 1, 32, 32)
    together, _ = G.encode({"A": a, "B": b})
    apart, _ = G.encode({"A": a})
    assert not torch.allclose(together[:3], apart, atol=1e-4)  # statistics over both domains
    G.eval()
    assert torch.allclose(G.encode({"A": a, "B": b})[0][:3], G.encode({"A": a})[0], atol=1e-5)


def test_features_are_without_dropout_and_judgements_with_it():
    torch.manual_seed(0)
    D = CoupledClassifier(3, 1, ndf=2, classes=4).train()
    x = torch.rand(5, 1, 32, 32)
    assert D.features(x, "B").shape == (5, 16, 2, 2)
    assert torch.equal(D.features(x, "B"), D.features(x, "B"))
    assert not torch.equal(D.judge(x, "B"), D.judge(x, "B"))
    assert not torch.equal(D.classify(x, "B"), D.classify(x, "B"))
    D.eval()
    assert torch.equal(D.judge(x, "B"), D.judge(x, "B"))
    assert D.judge(x, "B").shape == (5,) and D.classify(x, "B").shape == (5, 4)


def test_dropout_can_be_switched_off():
    D = CoupledClassifier(3, 1, ndf=2, classes=4, dropout=0.0).train()
    x = torch.rand(5, 1, 32, 32)
    assert torch.equal(D.judge(x, "B"), D.judge(x, "B"))
    assert [round(rate, 3) for rate in CoupledClassifier(ndf=1, dropout=0.5).rates] == [0.05, 0.15, 0.25, 0.25]


def test_a_shift_adds_one_number_a_channel():
    shift = Shift(3)
    assert torch.allclose(shift(torch.zeros(2, 3, 4, 4))[1, :, 2, 2], shift.shift.flatten())
