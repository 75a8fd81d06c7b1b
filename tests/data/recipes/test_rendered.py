import pytest
import torch

from labkit.data.recipes import rendered
from labkit.data.recipes.rendered import LAND, MAP_COLOURS, figure_on_ground, textured_to_flat
from labkit.errors import LabError

RECIPES = [textured_to_flat, figure_on_ground]


@pytest.fixture(scope="module", params=RECIPES, ids=lambda recipe: recipe.__name__)
def recipe(request):
    return request.param


@pytest.fixture(scope="module")
def dataset(recipe):
    return recipe(size=32, n_train=40, n_test=18)


@pytest.fixture(scope="module")
def land():
    return textured_to_flat(size=64, n_train=20, n_test=20)


@pytest.fixture(scope="module")
def horses():
    return figure_on_ground(size=64, n_train=20, n_test=20)


def test_shape_and_range(dataset):
    for part, n in ((dataset.train, 40), (dataset.test, 18)):
        for domain in part.values():
            assert domain.images.shape == (n, 3, 32, 32)
            assert domain.images.dtype == torch.float32
            assert -1 <= domain.images.min() < domain.images.max() <= 1
            assert domain.labels is None


def test_the_truth_belongs_to_the_test_images(dataset):
    assert torch.equal(dataset.truth["A", "B"], dataset.test["B"].images)
    assert torch.equal(dataset.truth["B", "A"], dataset.test["A"].images)


def test_the_same_seed_draws_the_same_and_another_seed_something_else(recipe, dataset):
    again, other = recipe(size=32, n_train=40, n_test=18), recipe(size=32, n_train=40, n_test=18, seed=1)
    for key in ("A", "B"):
        assert torch.equal(dataset.train[key].images, again.train[key].images)
        assert torch.equal(dataset.test[key].images, again.test[key].images)
        assert not torch.equal(dataset.train[key].images, other.train[key].images)


def test_scenes_of_A_of_B_and_of_the_tests_are_disjoint(recipe, monkeypatch):
    """Both domains drawn by one renderer without grain: equal scenes would show as equal pictures."""
    if recipe is textured_to_flat:
        monkeypatch.setattr(rendered, "_aerial", lambda land, seed: rendered._map(land))
    else:
        for painter in ("_plain", "_striped"):
            monkeypatch.setattr(
                rendered, painter, lambda s, saddled=False: rendered._halved(s.masks.amax(1)).repeat(1, 3, 1, 1) * 2 - 1
            )
    dataset = recipe(size=32, n_train=30, n_test=30)
    assert torch.equal(dataset.test["A"].images, dataset.test["B"].images)  # the test scenes are the same
    parts = [dataset.train["A"].images, dataset.train["B"].images, dataset.test["A"].images]
    flat = torch.cat(parts).flatten(1)
    distance = torch.cdist(flat, flat) / flat.shape[1] ** 0.5
    assert distance.fill_diagonal_(1).min() > 0.05


def test_the_map_is_flat_and_shows_the_true_kind_of_land(land):
    kinds = land.truth["A", "land"][:, 0].long()
    assert kinds.unique().tolist() == list(range(len(LAND)))
    pixels = (land.test["B"].images.permute(0, 2, 3, 1) + 1) / 2
    nearest = torch.cdist(pixels.reshape(-1, 3), MAP_COLOURS).argmin(1).reshape(kinds.shape)
    assert (nearest == kinds).float().mean() > 0.9  # all but the pixels that a border runs through
    exact = ((pixels - MAP_COLOURS[kinds]).abs().amax(3) < 1e-5).float().mean()
    assert exact > 0.75


def test_the_aerial_view_is_textured_where_the_map_is_flat(land):
    kinds = land.truth["A", "land"][:, 0].long()
    interior = torch.nn.functional.max_pool2d(kinds.float(), 5, 1, 2) == -torch.nn.functional.max_pool2d(
        -kinds.float(), 5, 1, 2
    )
    for kind in ("wood", "field", "town"):
        here = interior & (kinds == LAND.index(kind))
        assert here.sum() > 500
        assert land.test["A"].images.mean(1)[here].std() > 0.05
        assert land.test["B"].images.mean(1)[here].std() < 1e-5


def test_every_kind_of_land_keeps_its_own_colour(land):
    kinds = land.truth["A", "land"][:, 0].long()
    mean = torch.stack([land.test["A"].images.permute(0, 2, 3, 1)[kinds == kind].mean(0) for kind in range(len(LAND))])
    assert torch.cdist(mean, mean).fill_diagonal_(9).min() > 0.1


def test_the_mask_tells_where_the_figure_is(horses):
    mask = horses.truth["A", "mask"]
    assert torch.equal(mask, horses.truth["B", "mask"])
    assert (mask.min(), mask.max()) == (0, 1)
    area = mask.mean((1, 2, 3))
    assert area.min() > 0.03
    assert area.max() < 0.4
    figure, ground = (mask == 1).expand(-1, 3, -1, -1), (mask == 0).expand(-1, 3, -1, -1)
    brown, striped = horses.test["A"].images, horses.test["B"].images

    def greenness(images, where):
        r, g, _ = images.unbind(1)
        return float((g - r)[where[:, 0]].mean())

    assert greenness(brown, ground) > 0.1
    assert greenness(brown, figure) < -0.2
    assert striped.mean(1)[figure[:, 0]].std() > 3 * striped.mean(1)[ground[:, 0]].std()


def test_the_ground_is_plain(horses):
    for key in ("A", "B"):
        bare = (horses.truth[key, "mask"] == 0).expand(-1, 3, -1, -1)
        for image, ground in zip(horses.test[key].images, bare, strict=True):
            assert image[ground].view(3, -1).std(1).max() < 1e-5


def test_figures_stand_anywhere_and_are_one_or_more():
    many = figure_on_ground(size=32, n_train=2, n_test=300)
    masks = many.truth["A", "mask"]
    there = masks.mean(0)[0]
    assert there[8:24, 8:24].min() > 0.4 * there.max()  # no place near the middle is rare
    alone = figure_on_ground(size=32, n_train=2, n_test=300, most=1).truth["A", "mask"]
    assert masks.mean() > 1.4 * alone.mean()
    with pytest.raises(LabError, match="one horse at least"):
        figure_on_ground(most=0)


def test_coats_are_drawn_and_labelled_and_change_nothing_else(horses):
    both = figure_on_ground(size=64, n_train=20, n_test=20, coats=("brown", "white"))
    assert horses.test["A"].labels is None
    labels, figure = both.test["A"].labels, both.truth["A", "mask"] == 1
    assert set(labels.tolist()) == {0, 1} == set(both.train["A"].labels.tolist())
    coat = figure[:, 0].float()
    brightness = (both.test["A"].images.mean(1) * coat).sum((1, 2)) / coat.sum((1, 2))
    assert brightness[labels == 1].min() > brightness[labels == 0].max() + 0.5
    brown = labels == 0
    assert torch.equal(both.test["A"].images[brown], horses.test["A"].images[brown])
    assert torch.equal(both.test["B"].images, horses.test["B"].images)
    with pytest.raises(LabError, match="coats are among brown, white"):
        figure_on_ground(coats=("pink",))


def test_horses_take_many_poses(horses):
    masks = horses.truth["A", "mask"].flatten(1)
    assert (torch.cdist(masks, masks, p=1).fill_diagonal_(1e9).min() / masks.shape[1]) > 0.01


def test_saddles_are_on_the_zebras_of_training_alone(horses):
    saddled = figure_on_ground(size=64, n_train=20, n_test=20, saddled=True)
    assert torch.equal(saddled.train["A"].images, horses.train["A"].images)
    assert torch.equal(saddled.truth["A", "B"], horses.truth["A", "B"])
    changed = (saddled.train["B"].images - horses.train["B"].images).abs().amax((1, 2, 3))
    assert changed.min() > 0.5


# Kinds of land that have a shape and a frequency of their own ---------------------------------------------------------


def test_alike_is_the_default_and_other_words_are_refused(land):
    again = textured_to_flat(size=64, n_train=20, n_test=20, kinds="alike")
    assert torch.equal(land.test["A"].images, again.test["A"].images)
    with pytest.raises(LabError, match="kinds are alike or unlike"):
        textured_to_flat(size=16, n_train=2, n_test=2, kinds="other")


def test_unlike_kinds_are_told_apart_by_how_often_they_occur():
    def shares(kinds):
        land = textured_to_flat(size=32, n_train=2, n_test=60, kinds=kinds).truth["A", "land"].flatten().long()
        return dict(zip(LAND, (land.bincount(minlength=6) / len(land)).tolist(), strict=True))

    alike, unlike = shares("alike"), shares("unlike")
    names = ("water", "wood", "field", "town")
    assert max(alike[k] for k in names) < 1.7 * min(alike[k] for k in names)
    assert all(unlike["wood"] > 2 * unlike[k] > 0.02 for k in LAND if k != "wood")


def test_the_sea_of_unlike_kinds_lies_below_and_nothing_of_it_above():
    land = rendered._land(40, 32, seed=5, unlike=True)
    assert (land[:, -4:] == 0).float().mean() > 0.85  # all but the roads
    assert not (land[:, :40] == 0).any()


def test_unlike_scenes_of_A_of_B_and_of_the_tests_differ_by_their_seeds():
    one, same, other = (rendered._land(3, 32, seed, True) for seed in (0, 0, 1))
    assert torch.equal(one, same) and not torch.equal(one, other)
