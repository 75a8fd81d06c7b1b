import numpy as np
import pytest
import torch
from PIL import Image

from labkit.data import domain as module
from labkit.data.domain import Domain, FolderDomain
from labkit.errors import LabError


def some_domain(n=5):
    return Domain("some", torch.rand(n, 1, 4, 4) * 2 - 1, torch.arange(n))


@pytest.fixture
def files(tmp_path):
    """Four 20 x 30 pictures whose brightness grows from left to right, so that crops and mirror images show."""
    paths = []
    for i in range(4):
        ramp = np.tile(np.linspace(10 * i, 200 + 10 * i, 30), (20, 1)).astype(np.uint8)
        paths.append(tmp_path / f"{i}.png")
        Image.fromarray(np.stack([ramp, ramp // 2, 255 - ramp], 2)).save(paths[-1])
    return paths


def test_take_gives_the_images_at_the_indices_whatever_the_draws():
    domain = some_domain()
    assert torch.equal(domain.take([3, 1], [7, 8]), domain.images[[3, 1]])
    assert torch.equal(domain.take([3, 1], [1, 2]), domain.images[[3, 1]])


def test_subset_keeps_images_and_labels_together():
    subset = some_domain().subset([4, 0])
    assert len(subset) == 2
    assert subset.labels.tolist() == [4, 0]


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (torch.zeros(2, 1, 4, 4, dtype=torch.uint8), None),
        (torch.zeros(0, 1, 4, 4), None),
        (torch.zeros(2, 1, 4, 4), torch.zeros(2)),
        (torch.zeros(2, 1, 4, 4), torch.zeros(3, dtype=torch.int64)),
    ],
)
def test_a_domain_refuses_what_is_not_one(images, labels):
    with pytest.raises(ValueError):
        Domain("wrong", images, labels)


def test_files_come_as_float32_in_range(files):
    batch = FolderDomain("f", files, 16).take([0, 2], [1, 2])
    assert batch.shape == (2, 3, 16, 16)
    assert batch.dtype == torch.float32
    assert -1 <= batch.min() < batch.max() <= 1
    assert batch.is_contiguous()


def test_one_channel_is_the_luma(files):
    grey = FolderDomain("f", files, 16, channels=1).images
    r, g, b = FolderDomain("f", files, 16).images.unbind(1)
    assert grey.shape == (4, 1, 16, 16)
    assert torch.allclose(grey[:, 0], 0.299 * r + 0.587 * g + 0.114 * b, atol=2 / 127.5)


def test_without_draws_the_cut_is_central_and_fixed(files):
    domain = FolderDomain("f", files, 10, load_size=20, flip=True)
    pixels = torch.from_numpy(np.array(Image.open(files[1]))).permute(2, 0, 1) / 127.5 - 1
    assert torch.allclose(domain.take([1])[0], pixels[:, 5:15, 10:20], atol=1e-6)
    assert torch.equal(domain.images[1], domain.take([1])[0])


def test_a_draw_decides_crop_and_flip_and_nothing_else_does(files):
    domain = FolderDomain("f", files, 10, load_size=20, flip=True)
    again = FolderDomain("f", files, 10, load_size=20, flip=True)
    assert torch.equal(domain.take([0, 1, 0], [5, 6, 5]), again.take([0, 1, 0], [5, 6, 5]))
    views = domain.take([0] * 40, range(40))
    assert len({view.numpy().tobytes() for view in views}) > 20
    rising = (views[:, 0, 0, -1] > views[:, 0, 0, 0]).sum()
    assert 10 < rising < 30  # about half of them mirrored


def test_without_flip_nothing_is_mirrored(files):
    views = FolderDomain("f", files, 10, load_size=20).take([0] * 20, range(20))
    assert (views[:, 0, 0, -1] > views[:, 0, 0, 0]).all()


def test_a_subset_of_files_keeps_labels_and_settings(files):
    subset = FolderDomain("f", files, 10, 20, True, 1, torch.arange(4)).subset([3, 1])
    assert (subset.paths, subset.labels.tolist()) == ([files[3], files[1]], [3, 1])
    assert (subset.size, subset.load_size, subset.flip, subset.channels) == (10, 20, True, 1)


def test_memory_for_kept_pictures_is_bounded(files, monkeypatch):
    monkeypatch.setattr(module, "KEPT_BYTES", 2 * 10 * 15 * 3)
    domain = FolderDomain("f", files, 10)
    first = domain.images
    assert len(domain._kept) == 2
    assert torch.equal(domain.images, first)


def test_a_damaged_file_is_named_when_it_is_needed(files):
    files[2].write_bytes(files[2].read_bytes()[:60])
    domain = FolderDomain("f", files, 10)
    domain.take([0, 1])
    with pytest.raises(LabError, match="2.png"):
        domain.take([1, 2])


@pytest.mark.parametrize("wrong", [{"size": 0}, {"size": 10, "load_size": 9}, {"size": 10, "channels": 2}])
def test_impossible_sizes_are_refused(files, wrong):
    with pytest.raises(LabError):
        FolderDomain("f", files, **wrong)


def test_no_files_are_no_domain():
    with pytest.raises(LabError, match="no images"):
        FolderDomain("f", [], 10)


def test_zoom_scales_each_draw_and_a_cut_still_fits(files):
    domain = FolderDomain("f", files[:1], 8, load_size=20, zoom=0.4)
    slopes = []  # the ramp is steeper in a smaller picture
    for draw in range(12):
        cut = domain.take([0], [draw])[0]
        assert cut.shape == (3, 8, 8)
        slopes.append((cut[0, :, -1] - cut[0, :, 0]).mean().item())
    assert max(slopes) > 1.5 * min(slopes)
    assert torch.equal(domain.take([0], [3]), domain.take([0], [3]))
    assert torch.equal(domain.take([0]), FolderDomain("f", files[:1], 8, load_size=20).take([0]))
    assert domain.subset([0]).zoom == 0.4
    with pytest.raises(LabError, match="zoom"):
        FolderDomain("f", files, 8, load_size=20, zoom=0.3)
