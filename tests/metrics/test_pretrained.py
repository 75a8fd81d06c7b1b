"""LPIPS and FID say what is missing, and compute once it is there (with untrained weights here)."""

import hashlib

import pytest
import torch

from labkit.errors import LabError
from labkit.metrics import pretrained


@pytest.fixture
def torch_home(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return tmp_path


def test_lpips_names_the_missing_file(torch_home):
    with pytest.raises(LabError, match=f"AlexNet.*alexnet.*{torch_home}"):
        pretrained.lpips_diversity(torch.zeros(2, 3, 3, 32, 32))


def test_lpips_is_zero_for_equal_outputs_and_a_mean_over_pairs(torch_home, monkeypatch):
    from labkit.torchvision_shim import torchvision

    file = torch_home / "hub" / "checkpoints" / f"alexnet-{hashlib.sha256(b'').hexdigest()[:8]}.pth"
    file.parent.mkdir(parents=True)
    file.touch()
    monkeypatch.setattr(pretrained, "ALEXNET", f"https://weights.example/{file.name}")
    untrained = torchvision.models.alexnet(weights=None).features
    import torchmetrics.functional.image.lpips as library

    monkeypatch.setattr(library, "_get_tv_model_features", lambda *_args, **_kwargs: untrained)
    torch.manual_seed(0)
    x, y = torch.rand(2, 1, 3, 64, 64) * 2 - 1
    assert pretrained.lpips_diversity(x.expand(2, 1, 3, 64, 64)[:, None, 0].expand(2, 3, -1, -1, -1)).value == 0
    pair = pretrained.lpips_diversity(torch.stack([x[0], y[0]])[None])
    three = pretrained.lpips_diversity(torch.stack([x[0], y[0], x[0]])[None])
    assert pair.value > 0 and pair.n == 1
    assert three.value == pytest.approx(pair.value * 2 / 3, rel=1e-4)  # of three pairs one is of equal images


def test_other_weights_of_the_same_name_are_refused(torch_home, monkeypatch):
    monkeypatch.setattr(pretrained, "find_spec", lambda _name: True)
    file = torch_home / "hub" / "checkpoints" / pretrained.INCEPTION.rpartition("/")[2]
    file.parent.mkdir(parents=True)
    file.write_bytes(b"other weights")
    with pytest.raises(LabError, match=r"6726825d\.pth: these are not Inception-v3's weights"):
        pretrained.inception_distance(torch.zeros(4, 3, 32, 32), torch.zeros(4, 3, 32, 32))


def test_lpips_needs_two_outputs():
    with pytest.raises(ValueError, match="at least two"):
        pretrained.lpips_diversity(torch.zeros(2, 1, 3, 32, 32))


def test_fid_names_the_missing_package_then_the_missing_file(torch_home, monkeypatch):
    images = torch.zeros(4, 3, 32, 32)
    monkeypatch.setattr(pretrained, "find_spec", lambda _name: None)
    with pytest.raises(LabError, match="pip install torch-fidelity"):
        pretrained.inception_distance(images, images)
    monkeypatch.setattr(pretrained, "find_spec", lambda _name: True)
    with pytest.raises(LabError, match=f"Inception-v3.*{torch_home}"):
        pretrained.inception_distance(images, images)
