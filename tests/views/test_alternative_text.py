"""A figure in words, for those who cannot see it."""

import torch

from labkit.views import style
from labkit.views.alternative_text import alternative_text
from labkit.views.diagrams import diagram
from labkit.views.grids import image_grid


def test_rows_of_images_are_named():
    images = torch.zeros(2, 3, 8, 8)
    assert alternative_text(image_grid({"real_A": images, "fake_B": images})) == "Rows of images: real_A, fake_B"
    assert alternative_text(image_grid({"real_A": images}, title="kinds alike")).startswith("kinds alike. Rows")


def test_panels_are_named_with_their_axes_and_lines():
    figure, (left, right) = style.panels(2)
    left.plot([0, 1], [0, 1], label="best D")
    left.set(title="the push", xlabel="$x$", ylabel="slope")
    right.set(xlabel="step")
    assert alternative_text(figure) == "the push (slope against $x$; best D). step"


def test_a_diagram_says_what_it_says_itself():
    figure = diagram("gan")
    assert alternative_text(figure) == " ".join(figure.get_label().split())


def test_an_empty_figure_has_words_too():
    assert alternative_text(style.panels()[0]) == "A figure"
