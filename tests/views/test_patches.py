import torch
from matplotlib.patches import Rectangle

from labkit.views.patches import principal_colours, question, similarity_figure, similarity_map


def test_a_query_is_most_like_its_own_place():
    vectors = torch.nn.functional.normalize(torch.randn(8, 4, 4, generator=torch.Generator().manual_seed(0)), dim=0)
    similarity = similarity_map(vectors, vectors, (1, 2))
    assert similarity.shape == (4, 4)
    assert similarity.argmax() == 6 and similarity[1, 2].item() > 0.999


def test_places_of_one_kind_get_one_colour():
    kinds = torch.randint(3, (2, 8, 8), generator=torch.Generator().manual_seed(0))
    features = torch.nn.functional.one_hot(kinds, 5).permute(0, 3, 1, 2).float()
    colours = principal_colours(features)
    assert colours.shape == (2, 3, 8, 8) and colours.abs().max() <= 1
    found = [colours.permute(0, 2, 3, 1)[kinds == kind] for kind in range(3)]
    assert all(torch.allclose(each, each[:1].expand_as(each), atol=1e-5) for each in found)
    assert not torch.allclose(found[0][0], found[1][0], atol=0.1)


def test_figures_hold_the_boxes_and_panels_that_were_asked_for():
    image = torch.zeros(3, 16, 16)
    figure = question(image, image, [image, image], (4, 4), [(8, 8), (12, 3)], side=5)
    boxes = [[p for p in axes.patches if isinstance(p, Rectangle)] for axes in figure.axes]
    assert [len(b) for b in boxes] == [1, 3, 3, 3]
    assert boxes[0][0].get_width() == 5
    assert len(similarity_figure(image, image, {"RGB": torch.zeros(4, 4)}, (0.5, 0.5)).axes) == 4  # and a colour bar
