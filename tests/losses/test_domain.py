"""The losses of two domains: values by hand, and the sign of the reversed gradient by finite differences."""

import math

import pytest
import torch
from torch import nn

from labkit.losses.domain import (
    constancy,
    domain_adversarial,
    reverse_gradient,
    tell_domains,
    ternary_discriminator,
    ternary_generator,
    total_variation,
)

GUESS = torch.zeros(4, 3)


def sure(kind: int) -> torch.Tensor:
    return 50 * nn.functional.one_hot(torch.tensor([kind, kind]), 3).float()


@pytest.mark.parametrize("weight", [0.0, 1.0, 2.5])
def test_the_reversal_is_the_identity_and_its_gradient_is_turned_and_weighed(weight):
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    y = reverse_gradient(x, weight)
    assert torch.equal(y, x)
    (y * torch.tensor([3.0, 5.0])).sum().backward()
    assert x.grad.tolist() == pytest.approx([-3 * weight, -5 * weight])


def slope(function, parameter: torch.Tensor, step: float = 1e-3) -> float:
    """Derivative by the first number of `parameter`, by central differences."""
    with torch.no_grad():
        parameter.view(-1)[0] += step
        above = function().item()
        parameter.view(-1)[0] -= 2 * step
        below = function().item()
        parameter.view(-1)[0] += step
    return (above - below) / (2 * step)


def test_the_classifier_descends_and_the_encoder_ascends_the_same_loss():
    torch.manual_seed(0)
    encoder, classifier = nn.Linear(3, 2).double(), nn.Linear(2, 1).double()
    x_A, x_B = torch.randn(5, 3).double(), torch.randn(6, 3).double() + 1

    def loss():
        return domain_adversarial(classifier, encoder(x_A), encoder(x_B), weight=0.5)

    loss().backward()
    assert classifier.weight.grad.view(-1)[0].item() == pytest.approx(slope(loss, classifier.weight), rel=1e-4)
    assert encoder.weight.grad.view(-1)[0].item() == pytest.approx(-0.5 * slope(loss, encoder.weight), rel=1e-4)
    assert abs(slope(loss, encoder.weight)) > 1e-3


def test_a_classifier_that_guesses_pays_log_4_and_one_that_knows_pays_nothing():
    codes = torch.ones(3, 1), -torch.ones(4, 1)
    assert domain_adversarial(lambda code: 0 * code, *codes).item() == pytest.approx(math.log(4), abs=1e-6)
    assert domain_adversarial(lambda code: 40 * code, *codes).item() == pytest.approx(0, abs=1e-6)
    assert domain_adversarial(lambda code: -40 * code, *codes).item() == pytest.approx(80, rel=1e-5)


def test_the_ternary_losses_at_a_guess_and_at_certainty():
    assert ternary_discriminator(GUESS, GUESS, GUESS).item() == pytest.approx(3 * math.log(3), abs=1e-6)
    assert ternary_generator(GUESS, GUESS).item() == pytest.approx(2 * math.log(3), abs=1e-6)
    assert ternary_discriminator(sure(0), sure(1), sure(2)).item() == pytest.approx(0, abs=1e-6)
    assert ternary_generator(sure(2), sure(2)).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("place", range(3))
def test_each_part_of_the_ternary_loss_has_its_own_class(place):
    parts = [sure(0), sure(1), sure(2)]
    parts[place] = sure((place + 1) % 3)
    assert ternary_discriminator(*parts).item() == pytest.approx(50, rel=1e-4)


def test_the_generator_is_paid_for_both_of_its_images():
    assert ternary_generator(sure(0), sure(2)).item() == pytest.approx(50, rel=1e-4)
    assert ternary_generator(sure(2), sure(1)).item() == pytest.approx(50, rel=1e-4)


def test_constancy_by_hand():
    before, after = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[1.0, 1.0], [2.0, 2.0]])
    assert constancy(before, after).item() == pytest.approx((1 + 4) / 4)
    assert constancy(before, after, "cosine").item() == pytest.approx(1 - math.sqrt(0.5), abs=1e-6)
    assert constancy(before, 3 * before, "cosine").item() == pytest.approx(0, abs=1e-6)


def test_total_variation_of_a_slope_a_step_and_flat_ground():
    y, x = torch.meshgrid(torch.arange(5.0), torch.arange(7.0), indexing="ij")
    plane = (0.3 * x + 0.4 * y)[None, None].expand(2, 3, -1, -1)
    assert total_variation(plane).item() == pytest.approx(0.5, abs=1e-5)
    edge = torch.zeros(1, 1, 3, 5)
    edge[..., 3:] = 1  # the difference stands in one of the four columns that have a right neighbour
    assert total_variation(edge).item() == pytest.approx(0.25, abs=1e-3)
    flat = torch.zeros(1, 1, 4, 4, requires_grad=True)
    total_variation(flat).backward()
    assert flat.grad.isfinite().all() and total_variation(flat).item() < 1e-3


def test_telling_domains_by_hand():
    of_A, of_B = torch.tensor([2.0, -1.0]), torch.tensor([0.5])
    p_A, p_B = of_A.sigmoid(), of_B.sigmoid()
    assert tell_domains(of_A, of_B).item() == pytest.approx((-p_A.log().mean() - (1 - p_B).log().mean()).item())
    smooth = -(0.9 * p_A.log() + 0.1 * (1 - p_A).log()).mean() - (0.9 * (1 - p_B).log() + 0.1 * p_B.log()).mean()
    assert tell_domains(of_A, of_B, 0.1).item() == pytest.approx(smooth.item())
    assert tell_domains(torch.zeros(3), torch.zeros(5), 0.1).item() == pytest.approx(math.log(4))


def test_who_wants_to_be_misread_asks_for_the_names_exchanged():
    code = torch.tensor([0.3], requires_grad=True)
    tell_domains(code, torch.zeros(1)).backward()  # a code of B under the name of A
    assert code.grad.item() < 0  # which wants a higher logit
