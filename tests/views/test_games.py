"""Views of games: pushes, phase planes, a game on the line, points and samples on the way."""

import pytest
import torch

from labkit.data.recipes.toy import Density
from labkit.train import History
from labkit.views.curves import curves_beside_samples
from labkit.views.line_game import EVERY, SHOWN, line_games, play_on_the_line
from labkit.views.phase import phase_planes, way
from labkit.views.points import point_rows
from labkit.views.pushes import best_logits, push_panels
from labkit.views.style import png
from labkit.views.widgets import slider


def test_a_way_begins_at_its_start_and_takes_every_step():
    points = way(lambda theta, psi: (theta + 1, 2 * psi), (0.0, 1.0), 3)
    assert points.tolist() == [[0, 1], [1, 2], [2, 4], [3, 8]]


def test_phase_planes_have_a_panel_a_game_and_the_cross_of_the_equilibrium():
    figure = phase_planes({"still": lambda t, p: (t, p), "round": lambda t, p: (t - 0.1 * p, p + 0.1 * t)}, steps=5)
    assert [axes.get_title() or axes.get_title(loc="left") for axes in figure.axes] == ["still", "round"]
    assert png(figure).startswith(b"\x89PNG")


def test_the_critic_goes_down_towards_the_generated_density_on_either_side():
    x = torch.linspace(-1, 1, 5, dtype=torch.float64)
    left, right = Density([-1.0], [1.0]), Density([1.0], [1.0])
    assert torch.allclose(best_logits(left, right, x)["wasserstein"], -x)
    assert torch.allclose(best_logits(right, left, x)["wasserstein"], x)


def test_pushes_are_drawn_with_what_trained_networks_say():
    x = torch.linspace(-3, 3, 31, dtype=torch.float64)
    figure = push_panels(Density([-1.0], [0.5]), Density([1.0], [0.5]), x, {"a trained D": -x})
    assert len(figure.axes) == 3 and "a trained D" in [line.get_label() for line in figure.axes[1].lines]


def test_a_game_on_the_line_is_the_same_again_and_leaves_the_random_numbers_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, again = (play_on_the_line(0.002, 0.002, steps=2 * EVERY) for _ in range(2))
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(one.points, again.points) and one.points.shape == (3, SHOWN)
    other = play_on_the_line(0.002, 0.002, steps=2 * EVERY, seed=1)
    assert not torch.equal(one.points, other.points)
    assert (one.answers >= 0).all() and (one.answers <= 1).all()


def test_a_game_starts_where_it_is_told_and_r1_and_the_loss_change_it():
    far = play_on_the_line(0.002, 0.002, start=4.0, steps=EVERY)
    assert far.points[0].mean() > 3
    plain, r1, least_squares = (
        play_on_the_line(0.002, 0.002, steps=EVERY, **change).answers
        for change in ({}, {"gamma_r1": 1.0}, {"loss": "lsgan"})
    )
    assert not torch.equal(plain, r1) and not torch.equal(plain, least_squares)


@pytest.mark.parametrize("columns", [1, 3])
def test_games_are_drawn_above_their_ends(columns):
    game = play_on_the_line(0.002, 0.002, steps=EVERY)
    figure = line_games({f"game {i}": game for i in range(columns)})
    assert len(figure.axes) == 2 * columns and figure.axes[0].get_xlabel() == "step"
    left, right = game.shares()
    assert 0 <= left <= 1 and 0 <= right <= 1 and left + right <= 1


def test_rows_of_points_have_ticks_and_one_panel_for_each_look():
    points = torch.randn(20, 2)
    figure = point_rows(
        points, {"GAN": {"after 1": points, "after 2": points}, "R1": {"after 1": points, "after 2": points}}
    )
    assert len(figure.axes) == 4 and figure.axes[2].get_ylabel() == "R1"
    assert len(figure.axes[0].get_yticks()) > 1


def test_curves_stand_beside_two_rows_of_samples():
    history = History()
    for step in range(5):
        history.add(step, "D/adv", 1.0)
    figure = curves_beside_samples({"one": (history, torch.zeros(4, 1, 8, 8))}, ["D/adv"], {"D/adv": 1.4})
    picture = figure.axes[1].images[0].get_array()
    assert len(figure.axes) == 2 and picture.shape[:2] == (17, 17)


def test_a_slider_may_wait_until_it_is_let_go():
    assert slider("x", 0, 0, 1, 0.1).continuous_update and not slider("x", 0, 0, 1, 0.1, live=False).continuous_update
