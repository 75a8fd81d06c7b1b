import torch

from labkit.data.recipes.toy import ring_centres
from labkit.views.relations import FIVE, relation


def test_a_circle_for_every_mode_and_a_colour_for_every_source():
    figure = relation(torch.tensor([0, 1, 4]), {"a": torch.zeros(3, 2), "b": torch.ones(3, 2)}, ring_centres(10), 0.2)
    for panel in figure.axes:
        assert len(panel.patches) == 10
        assert len(panel.collections[0].get_offsets()) == 3
    assert len(set(FIVE)) == 5
