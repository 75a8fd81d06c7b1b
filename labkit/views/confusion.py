"""Which class became which: one table for each translator, and the renaming that would suit it best."""

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure
from torch import Tensor

from labkit.views import style


def confusions(tables: Mapping[str, Tensor]) -> Figure:
    """A panel for each table (title -> counts, rows: class of the source, columns: class the judge sees).

    Dark on the diagonal: the class survived. A dark cell beside it that stands alone in its row and column: a
    consistent renaming, which is circled where it is the best one (Hungarian method).
    """
    from scipy.optimize import linear_sum_assignment

    figure, axes = style.panels(len(tables), width=2.9, height=2.7)
    for panel, (title, table) in zip(axes, tables.items(), strict=True):
        shares = table.double() / table.sum(1, keepdim=True).clamp_min(1)
        panel.imshow(shares.numpy(), cmap="Oranges", vmin=0, vmax=1)
        rows, columns = linear_sum_assignment(table.numpy(), maximize=True)
        panel.plot(columns, rows, "o", markerfacecolor="none", markeredgecolor=style.A, markersize=10)
        panel.set(title=title, xlabel="the judge reads", xticks=range(len(table)), yticks=range(len(table)))
        panel.grid(visible=False)
    axes[0].set_ylabel("was written")
    return figure


def confusion(seen: Tensor, labels: Tensor, classes: int = 10) -> Tensor:
    """Counts (classes, classes): rows the class in `labels` (N,), columns the class in `seen` (N,)."""
    return torch.bincount(labels * classes + seen, minlength=classes**2).reshape(classes, classes)
