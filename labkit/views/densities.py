"""Two densities on the line, the discriminator that is optimal for them, and the value of their game."""

import math
from collections.abc import Mapping

import torch
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator
from torch import Tensor

from labkit.data.recipes.toy import Density, jensen_shannon
from labkit.losses.adversarial import optimal_discriminator, value
from labkit.views import style


def density_game(p_real: Density, p_fake: Density, x: Tensor, answers: Mapping[str, Tensor] = {}) -> Figure:
    """Left: both densities. Middle: D*, and `answers` (label -> values on x) of trained discriminators. Right: V(D*).

    `x`: points with equal spacing that cover both densities, (N,).
    """
    real, fake, dx = p_real.pdf(x), p_fake.pdf(x), (x[1] - x[0]).item()
    best = optimal_discriminator(real, fake)
    figure, (left, middle, right) = style.panels(3, height=2.3, width=2.7, width_ratios=[1.25, 1.25, 0.55])
    for density, colour, label in ((real, style.REAL, r"real $p_r$"), (fake, style.FAKE, r"generated $p_g$")):
        left.fill_between(x, density, color=colour, alpha=0.25, linewidth=0)
        left.plot(x, density, color=colour, label=label)
    left.set(title="the two densities", xlabel="$x$", ylabel="density")
    left.xaxis.set_major_locator(MultipleLocator(2))
    middle.xaxis.set_major_locator(MultipleLocator(2))
    left.set_ylim(0, 1.25 * max(real.max().item(), fake.max().item()))
    left.legend(loc="upper right")
    # where hardly any sample falls nobody asks D: shown pale
    middle.axhline(0.5, color=style.GREY, linewidth=0.8, linestyle=(0, (4, 3)))
    middle.plot(x, best, color=style.DISCRIMINATOR, alpha=0.25)
    mass = (real + fake) / 2 > 0.01
    middle.plot(x, torch.where(mass, best, torch.nan), color=style.DISCRIMINATOR, label=r"$D^* = p_r/(p_r+p_g)$")
    for (label, values), colour in zip(answers.items(), ("black", style.GREY), strict=False):
        middle.plot(x, torch.where(mass, values, torch.nan), color=colour, linestyle=(0, (2, 1.5)), label=label)
    middle.set(title="the best discriminator", xlabel="$x$", ylabel="$D(x)$", ylim=(-0.05, 1.3), yticks=[0, 0.5, 1])
    middle.legend(loc="upper right", fontsize=7.5)
    _draw_value(right, value(best, real, fake, dx).item(), 2 * jensen_shannon(p_real, p_fake) - math.log(4))
    return figure


def _draw_value(axes, at_best: float, theory: float) -> None:
    axes.bar([0], [at_best + math.log(4)], bottom=-math.log(4), color=style.DISCRIMINATOR, alpha=0.6, width=0.6)
    axes.plot([-0.4, 0.4], [theory, theory], color="black", linewidth=1.5)
    axes.text(0, max(theory, -1.3) + 0.05, f"{at_best:.3f}".replace("-", "\u2212"), ha="center", fontsize=9)
    axes.set(title="value $V(D^*)$", xlim=(-0.7, 0.7), ylim=(-1.5, 0.15), xticks=[])
    axes.set_yticks([-math.log(4), 0], [r"$-\log 4$", "0"])
