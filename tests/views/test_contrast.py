import torch
from torch.nn import functional as F

from labkit.losses.contrastive import negative_weights
from labkit.metrics.pairs import pair_scores
from labkit.views import style
from labkit.views.contrast import (
    alignment_map,
    information_curves,
    probe_bars,
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
    bars = probe_bars({"pixels": (0.5, 0.9), "ceiling": (0.9, 1.0)}, ceiling="ceiling")
    assert [text.get_text() for text in bars.axes[0].texts] == ["0.50", "0.90", "0.90", "1.00"]
