import pytest
import torch
from torch.nn import functional as F

from labkit.losses.contrastive import negative_weights
from labkit.metrics.pairs import pair_scores
from labkit.views import style
from labkit.views.contrast import (
    alignment_map,
    circles,
    information_curves,
    label_curves,
    reading_tables,
    score_histograms,
    temperature_figure,
)


def views(n=12):
    generator = torch.Generator().manual_seed(0)
    a = F.normalize(torch.randn(n, 4, generator=generator), dim=1)
    return a, F.normalize(a + 0.1 * torch.randn(n, 4, generator=generator), dim=1)


def test_histograms_have_a_panel_an_encoder_and_a_row_a_group():
    scores = pair_scores(*views(), torch.arange(12) % 3)
    figure = score_histograms({"one": scores, "two": scores})
    assert [panel.get_title(loc="left") or panel.get_title() for panel in figure.axes] == ["one", "two"]
    assert len(figure.axes[0].patches) == 3
    assert 1000 < len(style.png(figure)) < 100_000


def test_curves_show_truth_ceiling_and_estimates():
    figure = information_curves([16, 64], {2.0: [1.5, 1.8], 6.0: [2.6, 3.7]}, {64: 1.0})
    heights = [list(line.get_ydata()) for line in figure.axes[0].lines]
    assert [1.5, 1.8] in heights and [2.6, 3.7] in heights and [1.0] in heights
    assert any(abs(h[0] - 2.7726) < 1e-3 and abs(h[-1] - 4.1589) < 1e-3 for h in heights)


def test_bars_of_the_temperature_figure_are_the_shares_hardest_first():
    a, b = views(5)
    similarity = a @ b.T
    figure = temperature_figure(similarity, torch.zeros(5, 1, 8, 8), 0.2, query=2)
    others = similarity[2, [0, 1, 3, 4]].sort(descending=True).values
    bars = [patch.get_height() for patch in figure.axes[2].patches]
    assert torch.allclose(torch.tensor(bars, dtype=torch.float32), negative_weights(others, 0.2), atol=1e-6)
    assert torch.allclose(torch.tensor(figure.axes[1].images[0].get_array()).sum(1).float(), torch.ones(5), atol=1e-5)


def test_the_other_figures_draw_what_they_are_given():
    figure = alignment_map({"left": (0.10, -2.0, 0.8), "right": (0.11, -2.1, 0.9), "far": (0.4, -3.0, 0.5)})
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["far", "left", "right"]


def test_label_curves_run_through_the_means_and_leave_out_what_was_not_measured():
    figure = label_curves({"one": [[0.2, 0.4], [0.6, 0.8]], "none yet": [[], []]}, ["1", "all"], "a note")
    lines = [line for line in figure.axes[0].lines if line.get_label() == "one"]
    assert lines[0].get_ydata().tolist() == pytest.approx([0.3, 0.7])
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["1", "all"]


def test_tables_write_each_accuracy_and_shade_from_chance_on():
    rows = {"crops": {"hair": 0.9, "skin": 0.2}, "colours": {"hair": 0.5, "skin": float("nan")}}
    figure = reading_tables({"before": rows, "behind": rows}, {"hair": 0.5, "skin": 0.2})
    assert [text.get_text() for text in figure.axes[0].texts] == ["0.90", "0.20", "0.50", "–"]
    shades = figure.axes[1].images[0].get_array()
    assert shades[0, 0] == pytest.approx(0.8) and shades[0, 1] == shades[1, 0] == 0


def test_each_class_has_its_ring_and_a_collapsed_encoder_no_names():
    angles = torch.linspace(0, 6, 12)
    even = torch.stack([angles.cos(), angles.sin()], 1)
    one_place = torch.tensor([[1.0, 0.0]]).repeat(12, 1)
    labels = torch.arange(12) % 3
    figure = circles({"even": (even, even), "collapsed": (one_place, one_place)}, labels)
    for panel, names in zip(figure.axes, (["0", "1", "2"], []), strict=True):
        radii = [torch.tensor(dots.get_offsets().tolist()).norm(dim=1) for dots in panel.collections]
        assert [radius[0].item() for radius in radii] == pytest.approx([1, 1.07, 1.14], abs=1e-4)
        assert [text.get_text() for text in panel.texts] == names
    assert "uniformity 0.00" in figure.axes[1].get_xlabel()
