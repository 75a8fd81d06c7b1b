"""Two players with one number each: where a step takes them from every point of the plane, and one way through it."""

from collections.abc import Callable, Mapping

import torch
from matplotlib.figure import Figure
from torch import Tensor

from labkit.views import style

Step = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]  # (theta, psi), of one shape -> both after one step


def way(step: Step, start: tuple[float, float], steps: int) -> Tensor:
    """Where `step` leads from `start`, (steps + 1, 2): theta and psi before, and after each step."""
    at = [torch.tensor(start, dtype=torch.float64)]
    for _ in range(steps):
        at.append(torch.stack(step(*at[-1])))
    return torch.stack(at)


def phase_planes(
    games: Mapping[str, Step], start: tuple[float, float] = (1.0, 0.0), steps: int = 150, limit: float = 2.0
) -> Figure:
    """A panel for each game: arrows along its steps, all of one length, and the way from `start` (a dot) of so many.

    The cross at the origin is the equilibrium. What leaves the square from -limit to limit is cut off.
    """
    figure, axes = style.panels(len(games), width=min(2.4, 11.5 / len(games)), height=2.6, sharey=True)
    theta, psi = torch.meshgrid(
        *[torch.linspace(-0.9 * limit, 0.9 * limit, 12, dtype=torch.float64)] * 2, indexing="xy"
    )
    for panel, (title, step) in zip(axes, games.items(), strict=True):
        moved = torch.stack(step(theta, psi)) - torch.stack([theta, psi])
        arrows = moved / moved.norm(dim=0).clamp_min(1e-12)
        look = {"color": style.GREY, "alpha": 0.5, "pivot": "mid", "scale": 18, "width": 0.006}
        panel.quiver(theta, psi, *arrows, **look)
        points = way(step, start, steps)
        panel.plot(*points.T, color=style.ORANGE, linewidth=1.2, marker=".", markersize=2.5)
        panel.plot(*points[0], "o", color=style.ORANGE, markersize=5)
        panel.plot(0, 0, "x", color="black", markersize=7)
        panel.set(title=title, xlabel=r"$\theta$, the place of G", xlim=(-limit, limit), ylim=(-limit, limit))
        panel.set(aspect="equal", xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    axes[0].set_ylabel(r"$\psi$, the slope of D")
    return figure
