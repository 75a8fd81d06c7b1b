"""Figures of codes and of distances: what is drawn where."""

import torch

from labkit.metrics.invariance import PairDistances
from labkit.views.codes import code_map, distance_histograms, principal


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


def test_histograms_hold_every_pair_and_name_the_auc():
    distances = PairDistances(torch.rand(50), torch.rand(40) + 2)
    figure = distance_histograms({"raw": distances})
    (panel,) = figure.axes
    assert sum(bar.get_height() for bar in panel.patches) == 90
    assert "AUC 1.00" in (panel.get_title(loc="left") or panel.get_title())
