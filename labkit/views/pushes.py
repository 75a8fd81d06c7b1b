"""Two densities, what the best discriminator of each loss says of them, and how hard that pushes the generator."""

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure
from torch import Tensor

from labkit.data.recipes.toy import Density
from labkit.losses.adversarial import generator_loss, optimal_logit
from labkit.views import style
from labkit.views.losses import LINES

SMALLEST = 1e-12  # of a push that is drawn


def best_logits(p_real: Density, p_fake: Density, x: Tensor) -> dict[str, Tensor]:
    """What D says at each point of `x` (N,) when it is optimal, by the name of its loss.

    The Wasserstein critic is the one for two densities of one shape: a slope of 1 down to the generated one.
    """
    down = -1.0 if sum(p_fake.means) / len(p_fake.means) > sum(p_real.means) / len(p_real.means) else 1.0
    real, fake = p_real.pdf(x), p_fake.pdf(x)
    of_densities = {kind: optimal_logit(kind, real, fake) for kind in ("minimax", "nonsaturating", "lsgan", "hinge")}
    return of_densities | {"wasserstein": down * x}


def pushes(p_real: Density, p_fake: Density, x: Tensor) -> dict[str, Tensor]:
    """How fast the loss of G falls when a sample at `x` (N,) moves, |d loss / dx|, against the best D of each loss."""
    x = x.detach().clone().requires_grad_()
    found = {}
    for kind, logit in best_logits(p_real, p_fake, x).items():
        loss = generator_loss(kind, logit) * len(x)
        found[kind] = torch.autograd.grad(loss, x, retain_graph=True)[0].abs()  # the losses share the densities
    return found


def push_panels(p_real: Density, p_fake: Density, x: Tensor, trained: Mapping[str, Tensor] = {}) -> Figure:
    """Left: both densities. Middle: what the best D of each loss says; `trained` (label -> values on x) dashed. Right:
    the push on a sample, of all losses on one axis.

    `x`: float64, so that densities far from their mean are still above zero.
    """
    figure, (left, middle, right) = style.panels(3, width=3.3, height=2.9)
    for density, colour, label in ((p_real, style.REAL, r"real $p_r$"), (p_fake, style.FAKE, r"generated $p_g$")):
        left.fill_between(x, density.pdf(x), color=colour, alpha=0.25, linewidth=0)
        left.plot(x, density.pdf(x), color=colour, label=label)
    left.set(title="the two densities", ylabel="density")
    left.legend(loc="upper center")
    for kind, logit in best_logits(p_real, p_fake, x).items():
        if kind != "nonsaturating":  # the D of minimax
            name = "minimax, nonsaturating" if kind == "minimax" else kind
            middle.plot(x, logit, color=LINES[kind][0], linestyle=LINES[kind][1], label=name)
    for (label, values), colour in zip(trained.items(), (style.GREY, style.SKY), strict=False):
        middle.plot(x, values, color=colour, linestyle=(0, (2, 1.5)), label=label)
    reach = x.abs().max().item()  # the critic's; a logit without a bound leaves the panel
    middle.set(title="what the best D says", ylabel="its answer, before any sigmoid", ylim=(-reach, reach))
    for kind, push in pushes(p_real, p_fake, x).items():
        seen = torch.where(push > SMALLEST, push, torch.nan)
        right.plot(x, seen, color=LINES[kind][0], linestyle=LINES[kind][1], label=kind)
    right.set(title="the push on a sample there", ylabel="|d loss of G / dx|", yscale="log", ylim=(SMALLEST, 1e3))
    for panel in (left, middle, right):
        panel.set_xlabel("$x$")
    figure.legend(*middle.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    right.legend(loc="lower left", fontsize=7)
    return figure
