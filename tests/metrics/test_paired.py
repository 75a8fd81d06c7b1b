import pytest
import torch

from labkit.data.recipes.rendered import MAP_COLOURS, textured_to_flat
from labkit.metrics import matched_palette_accuracy, palette_accuracy, pixel_error


def test_pixel_error_by_hand():
    truth = torch.zeros(2, 3, 4, 4)
    images = truth.clone()
    images[0] += 0.5
    assert pixel_error(truth, truth).value == 0
    assert pixel_error(images, truth).value == pytest.approx(0.25)
    assert pixel_error(truth - 1, truth + 1).value == pytest.approx(2)


def test_a_mask_limits_the_error_to_the_figure():
    truth, mask = torch.zeros(1, 3, 4, 4), torch.zeros(1, 1, 4, 4)
    mask[..., :2] = 1
    images = truth.clone()
    images[..., 2:] = 1
    assert pixel_error(images, truth, mask).value == 0
    assert pixel_error(images, truth, 1 - mask).value == pytest.approx(1)
    assert pixel_error(images, truth).value == pytest.approx(0.5)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="one shape"):
        pixel_error(torch.zeros(1, 3, 4, 4), torch.zeros(1, 1, 4, 4))


def test_palette_accuracy_of_pure_colours():
    kinds = torch.arange(6).reshape(1, 1, 2, 3).float()
    images = (MAP_COLOURS[kinds[:, 0].long()] * 2 - 1).permute(0, 3, 1, 2)
    assert palette_accuracy(images, kinds, MAP_COLOURS).value == 1
    assert palette_accuracy(images + 0.04, kinds, MAP_COLOURS).value == 1
    assert palette_accuracy(images, (kinds + 1) % 6, MAP_COLOURS).value == 0
    assert palette_accuracy(images.flip(3), kinds, MAP_COLOURS).value == pytest.approx(1 / 3)


def test_the_true_map_scores_high_and_the_aerial_view_low():
    dataset = textured_to_flat(size=32, n_train=2, n_test=20)
    kinds = dataset.truth["A", "land"]
    true, copied = (palette_accuracy(dataset.test[key].images, kinds, MAP_COLOURS) for key in ("B", "A"))
    assert true.value > 0.85
    assert copied.value < 0.4
    assert true.n == 20


def test_a_renaming_of_the_colours_scores_low_and_high_after_it_is_undone():
    kinds = torch.randint(6, (3, 1, 8, 8), generator=torch.Generator().manual_seed(0)).float()
    renamed = (MAP_COLOURS[(kinds[:, 0].long() + 1) % 6] * 2 - 1).permute(0, 3, 1, 2)
    assert palette_accuracy(renamed, kinds, MAP_COLOURS).value == 0
    assert matched_palette_accuracy(renamed, kinds, MAP_COLOURS).value == 1
    merged = (MAP_COLOURS[kinds[:, 0].long().clamp(max=4)] * 2 - 1).permute(0, 3, 1, 2)
    assert matched_palette_accuracy(merged, kinds, MAP_COLOURS).value == pytest.approx(
        1 - (kinds == (4 if (kinds == 4).sum() < (kinds == 5).sum() else 5)).float().mean().item()
    )
