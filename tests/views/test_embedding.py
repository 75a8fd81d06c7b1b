import pytest
import torch

from labkit.views.embedding import embedding_map, neighbour_maps, plane


def test_the_plane_is_that_of_the_widest_directions():
    generator = torch.Generator().manual_seed(0)
    codes = torch.randn(400, 5, generator=generator) * torch.tensor([0.1, 3.0, 0.2, 6.0, 0.1]) + 7
    points = plane(codes)
    assert points.std(0).tolist() == pytest.approx([1.0, 0.5], abs=0.05)
    assert abs(torch.corrcoef(torch.stack([points[:, 0], codes[:, 3]]))[0, 1]) > 0.99


def test_every_code_stands_in_its_domain_and_as_its_digit():
    codes, domains = torch.randn(30, 4), torch.arange(2).repeat_interleave(15)
    by_domain, by_digit = embedding_map(codes, domains, torch.arange(30) % 10).axes
    assert [len(dots.get_offsets()) for dots in by_domain.collections] == [15, 15]
    assert sorted(text.get_text() for text in by_digit.texts) == sorted(str(i % 10) for i in range(30))


def test_maps_of_neighbours_draw_each_image_once_and_keep_groups_together():
    labels = torch.arange(60) % 3
    codes = torch.randn(60, 5, generator=torch.Generator().manual_seed(0)) + 20 * torch.eye(5)[labels]
    (panel,) = neighbour_maps({"codes": codes}, labels).axes
    groups = [torch.tensor(dots.get_offsets().tolist()) for dots in panel.collections]
    assert [len(group) for group in groups] == [20, 20, 20]
    middles = torch.stack([group.mean(0) for group in groups])
    assert all(torch.cdist(group, middles).argmin(1).eq(i).all() for i, group in enumerate(groups))
    assert [text.get_text() for text in panel.texts] == ["0", "1", "2"]
