"""Figures of codes and of distances: what is drawn where."""

import torch

from labkit.metrics.invariance import PairDistances
from labkit.views.codes import class_map, code_map, distance_histograms, principal


def test_principal_directions_of_a_stretched_cloud():
    cloud = torch.randn(4000, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([0.1, 3.0, 1.0]) + 5
    mean, directions = principal(cloud)
    torch.testing.assert_close(mean, torch.full((3,), 5.0), atol=0.2, rtol=0)
    torch.testing.assert_close(directions.norm(dim=1), torch.tensor([3.0, 1.0]), atol=0.1, rtol=0)
    assert directions[0, 1].abs() > 2.9 and directions[1, 2].abs() > 0.9


def test_code_map_draws_every_image_once_in_the_colour_of_its_kind():
    codes, kinds = torch.randn(30, 5), torch.arange(30) % 3
    palette = torch.eye(3)
    figure = code_map({"style": codes, "content": codes}, kinds, ["a", "b", "c"], palette)
    assert [panel.get_title(loc="left") or panel.get_title() for panel in figure.axes] == ["style", "content"]
    dots = figure.axes[0].collections
    assert sum(len(d.get_offsets()) for d in dots) == 30
    assert [tuple(d.get_facecolor()[0][:3]) for d in dots] == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]


def test_class_map_shows_source_as_dots_and_target_as_diamonds_in_the_directions_of_the_source():
    source = torch.tensor([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    target = torch.tensor([[6.0, 0.0]])
    inks = (["sky", "sky", "pink", "pink"], ["pink"])
    figure = class_map(source, target, {"ink": inks, "same": inks}, {"sky": (0, 0, 1), "pink": (1, 0, 0)})
    assert len(figure.axes) == 2
    drawn = [(c.get_offsets().tolist(), tuple(c.get_facecolor()[0][:3])) for c in figure.axes[0].collections]
    drawn = [(points, colour) for points, colour in drawn if len(points)]
    by_size = {(len(points), colour) for points, colour in drawn}
    assert by_size == {(2, (1, 0, 0)), (1, (1, 0, 0)), (2, (0, 0, 1))}
    (diamond,) = [points[0] for points, _ in drawn if len(points) == 1]
    dots = [abs(x) for points, colour in drawn for x, _ in points if colour == (0, 0, 1)]
    assert abs(diamond[0]) == 2 * dots[0] and abs(diamond[1]) < 1e-6
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["pink", "sky"]


def test_histograms_hold_every_pair_and_name_the_auc():
    distances = PairDistances(torch.rand(50), torch.rand(40) + 2)
    figure = distance_histograms({"raw": distances})
    (panel,) = figure.axes
    assert sum(bar.get_height() for bar in panel.patches) == 90
    assert "AUC 1.00" in (panel.get_title(loc="left") or panel.get_title())
