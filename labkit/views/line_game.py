"""A whole game on the line, small enough to be played anew whenever a slider moves: real points in two places, a
generator and a discriminator with a few hidden units, and where the generated points are at every step."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from matplotlib.figure import Figure
from torch import Tensor

from labkit.data.recipes.toy import Density
from labkit.losses.adversarial import discriminator_loss, generator_loss, r1_penalty
from labkit.nets.mlp import mlp
from labkit.views import style

REAL = Density([-2.0, 2.0], [0.4, 0.4])
LIMIT = 5.0  # of the line that is drawn
SHOWN = 80  # generated points, always from the same noise
EVERY = 5  # steps between two looks


@dataclass(frozen=True)
class LineGame:
    """What became of one game: `points` (looks, SHOWN) after 0, EVERY, 2 EVERY … steps, and at its end D on `x`."""

    points: Tensor
    x: Tensor
    answers: Tensor

    def shares(self) -> tuple[float, float]:
        """The shares of the generated points that lie near the left and near the right place at the end."""
        left, right = (((self.points[-1] - mean).abs() < 3 * REAL.stds[0]).float().mean().item() for mean in REAL.means)
        return left, right


def play_on_the_line(
    rate_G: float, rate_D: float, loss: str = "nonsaturating", start: float = 0.0, gamma_r1: float = 0.0,
    steps: int = 400, batch_size: int = 64, seed: int = 0,
) -> LineGame:  # fmt: skip
    """Play for so many steps. rate_G, rate_D: learning rates of both players (Adam, as DCGAN has it).

    start: where the generated points begin. gamma_r1: weight of the penalty on D's slope at real points.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        G, D = mlp(2, 32, 32, 1), mlp(1, 32, 32, 1, slope=0.2)
        with torch.no_grad():
            G[-1].bias.fill_(start)
        step_G, step_D = (
            torch.optim.Adam(player.parameters(), rate, betas=(0.5, 0.999))
            for player, rate in ((G, rate_G), (D, rate_D))
        )
        fixed, points = torch.randn(SHOWN, 2), []
        for step in range(steps + 1):
            if step % EVERY == 0:
                points.append(G(fixed)[:, 0].detach())
            real, fake = REAL.sample(batch_size)[:, None], G(torch.randn(batch_size, 2))
            loss_D = discriminator_loss(loss, D(real), D(fake.detach()))
            if gamma_r1:
                loss_D = loss_D + gamma_r1 * r1_penalty(D, real)
            step_D.zero_grad()
            loss_D.backward()
            step_D.step()
            loss_G = generator_loss(loss, D(fake))
            step_G.zero_grad()
            loss_G.backward()
            step_G.step()
    x = torch.linspace(-LIMIT, LIMIT, 201)
    return LineGame(torch.stack(points), x, torch.sigmoid(D(x[:, None])[:, 0]).detach())


def line_games(games: Mapping[str, LineGame]) -> Figure:
    """A column for each game (title -> game). Above: the generated points over time, both places of the real ones in
    pale blue. Below, at the end: the real density, a histogram of the generated points, and D."""
    width = 4.2 if len(games) == 1 else min(2.7, 11 / len(games))
    figure, axes = style.panels(len(games), 2, width=width, height=2.0, sharey="row")
    for (title, game), above, below in zip(games.items(), axes, axes[len(games) :], strict=False):
        for mean, std in zip(REAL.means, REAL.stds, strict=True):
            above.axhspan(mean - 2 * std, mean + 2 * std, color=style.REAL, alpha=0.15, linewidth=0)
        looks = torch.arange(len(game.points))[:, None].expand_as(game.points) * EVERY
        above.scatter(looks, game.points, s=1.2, color=style.FAKE, alpha=0.35, linewidths=0)
        above.set(title=title, xlabel="step", ylim=(-LIMIT, LIMIT), yticks=[-4, -2, 0, 2, 4])
        below.fill_between(game.x, REAL.pdf(game.x), color=style.REAL, alpha=0.25, linewidth=0, label="real")
        bins = torch.linspace(-LIMIT, LIMIT, 41).tolist()
        below.hist(game.points[-1], bins, density=True, color=style.FAKE, alpha=0.6, label="generated, at the end")
        below.plot(game.x, game.answers, color=style.DISCRIMINATOR, label="D, at the end")
        below.set(xlabel="$x$", ylim=(0, 1.5), xlim=(-LIMIT, LIMIT), yticks=[0, 0.5, 1])
    axes[0].set_ylabel("place of the points")
    axes[len(games)].set_ylabel("density, D(x)")
    figure.legend(*axes[-1].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
