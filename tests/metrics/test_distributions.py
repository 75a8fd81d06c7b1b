import pytest
import torch

from labkit.errors import LabError
from labkit.metrics import frechet_distance, kid


def gaussian(n, d, seed, mean=0.0, std=1.0):
    return mean + std * torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def exactly(mean, covariance, n=200):
    """Points whose sample mean and covariance are exactly those given."""
    raw = gaussian(n, len(mean), 7)
    raw = raw - raw.mean(0)
    white = raw @ torch.linalg.inv(torch.linalg.cholesky(raw.T @ raw / (n - 1))).T
    return white @ torch.linalg.cholesky(covariance).T + mean


def test_equal_sets_have_no_distance():
    features = gaussian(300, 16, 0)
    assert frechet_distance(features, features).value == pytest.approx(0, abs=1e-9)
    assert frechet_distance(features, features[torch.randperm(300)]).value == pytest.approx(0, abs=1e-9)


def test_two_gaussians_on_the_line():
    # (m1 - m2)² + (s1 - s2)²
    a, b = (
        exactly(torch.tensor([1.0]).double(), torch.eye(1).double() * 4),
        exactly(torch.zeros(1).double(), torch.eye(1).double()),
    )
    assert frechet_distance(a, b).value == pytest.approx(1 + (2 - 1) ** 2, rel=1e-6)


def test_commuting_covariances():
    d1, d2 = torch.tensor([1.0, 4.0, 9.0]).double(), torch.tensor([4.0, 1.0, 16.0]).double()
    a, b = exactly(torch.zeros(3).double(), torch.diag(d1)), exactly(torch.tensor([3.0, 0, 4]).double(), torch.diag(d2))
    assert frechet_distance(a, b).value == pytest.approx(25 + float((d1.sqrt() - d2.sqrt()).square().sum()), rel=1e-6)


def test_covariances_that_do_not_commute():
    from scipy.linalg import sqrtm

    c1 = torch.tensor([[2.0, 0.8], [0.8, 1.0]]).double()
    c2 = torch.tensor([[1.0, -0.5], [-0.5, 3.0]]).double()
    expected = float(c1.trace() + c2.trace()) - 2 * sqrtm(c1.numpy() @ c2.numpy()).real.trace()
    zero = torch.zeros(2).double()
    assert frechet_distance(exactly(zero, c1), exactly(zero, c2)).value == pytest.approx(expected, rel=1e-6)


def test_distances_are_symmetric_and_turn_with_the_features():
    a, b = gaussian(400, 6, 0), gaussian(300, 6, 1, mean=0.5, std=2)
    turn, _ = torch.linalg.qr(gaussian(6, 6, 2))
    for metric in (frechet_distance, kid):
        assert metric(a, b).value == pytest.approx(metric(b, a).value, rel=1e-6)
        assert metric(a @ turn, b @ turn).value == pytest.approx(metric(a, b).value, rel=1e-6)


def test_a_set_of_points_on_a_line_has_a_distance_too():
    """Singular covariances: a collapsed generator must not break the metric."""
    line = gaussian(100, 1, 0) @ torch.ones(1, 8).double()
    constant = torch.zeros(50, 8).double()
    expected = float(line.mean(0).square().sum() + torch.cov(line.T).trace())
    assert frechet_distance(line, constant).value == pytest.approx(expected, rel=1e-6)


def test_kid_by_hand():
    # one feature, kernel (xy + 1)³: within a: 2 pairs of (1·2 + 1)³ = 27; within b: (0 + 1)³ = 1; between: (0 + 1)³ = 1
    a, b = torch.tensor([[1.0], [2.0]]), torch.zeros(3, 1)
    assert kid(a, b).value == pytest.approx(27 + 1 - 2, rel=1e-9)


def test_kid_is_unbiased_where_the_frechet_distance_is_not():
    pairs = [(gaussian(60, 8, 2 * i), gaussian(60, 8, 2 * i + 1)) for i in range(40)]
    values = torch.tensor([kid(a, b).value for a, b in pairs])
    assert abs(values.mean()) < 3 * values.std() / 40**0.5
    assert min(frechet_distance(a, b).value for a, b in pairs) > 0.3


def test_both_agree_with_torchmetrics():
    from labkit.torchvision_shim import torchvision  # noqa: F401, I001 (before torchmetrics)
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchmetrics.image.kid import KernelInceptionDistance

    class Flat(torch.nn.Module):
        num_features = 12

        def forward(self, images):
            return images.flatten(1)

    a, b = gaussian(150, 12, 0, mean=0.2).float(), gaussian(150, 12, 1, std=1.5).float()
    fid = FrechetInceptionDistance(feature=Flat(), input_img_size=(3, 2, 2), normalize=True)
    other = KernelInceptionDistance(feature=Flat(), subsets=1, subset_size=150, normalize=True)
    images_a, images_b = (x.sigmoid().reshape(-1, 3, 2, 2) for x in (a, b))
    for metric in (fid, other):
        metric.update(images_a, real=True)
        metric.update(images_b, real=False)
    a, b = images_a.flatten(1), images_b.flatten(1)
    assert frechet_distance(a, b).value == pytest.approx(float(fid.compute()), rel=1e-4)
    assert kid(a, b).value == pytest.approx(float(other.compute()[0]), rel=1e-4)


@pytest.mark.parametrize("metric", [frechet_distance, kid])
def test_circumstances_and_refusals(metric):
    a, b = gaussian(30, 4, 0), gaussian(20, 4, 1)
    result = metric(a, b, judge="optdigits", split="test", seed=5)
    assert (result.n, result.judge, result.split, result.seed) == (20, "optdigits", "test", 5)
    for wrong in (b[:, :3], b[:1], b[0]):
        with pytest.raises(ValueError):
            metric(a, wrong)
    with pytest.raises(LabError, match="not finite"):  # a broken generator must not score as perfect
        metric(a, b * float("nan"))
