import pytest
import torch
from torch import nn

from labkit.systems.optimisers import LARS


def test_first_step_is_in_proportion_to_the_weights():
    weight = nn.Parameter(torch.tensor([[3.0, 4.0]]))  # length 5
    bias = nn.Parameter(torch.tensor([1.0]))
    optimiser = LARS([weight, bias], lr=2.0, decay=0.0, trust=0.01)
    weight.grad, bias.grad = torch.tensor([[0.0, 10.0]]), torch.tensor([0.5])
    optimiser.step()
    assert torch.allclose(weight, torch.tensor([[3.0, 4.0 - 2.0 * 0.01 * 5.0]]))
    assert bias.item() == pytest.approx(1.0 - 2.0 * 0.5)  # neither scaled nor decayed


def test_size_of_the_gradient_does_not_matter_and_decay_is_part_of_it():
    after = []
    for scale in (1.0, 100.0):
        weight = nn.Parameter(torch.tensor([[1.0, 2.0]]))
        weight.grad = scale * torch.tensor([[1.0, 0.0]])
        LARS([weight], lr=0.1, decay=0.0).step()
        after.append(weight.detach())
    assert torch.allclose(*after)
    weight = nn.Parameter(torch.tensor([[1.0, 2.0]]))
    weight.grad = torch.zeros(1, 2)
    LARS([weight], lr=0.1, decay=0.5, trust=0.1).step()  # only decay: the step points to zero
    assert torch.allclose(weight, torch.tensor([[1.0, 2.0]]) * (1 - 0.1 * 0.1))


def test_zero_weights_take_a_plain_step():
    weight = nn.Parameter(torch.zeros(1, 2))
    weight.grad = torch.ones(1, 2)
    LARS([weight], lr=0.1, decay=0.0).step()
    assert torch.allclose(weight, torch.full((1, 2), -0.1))


def test_momentum_keeps_the_length_of_steps_whatever_the_rate_is_now():
    bias = nn.Parameter(torch.zeros(1))
    optimiser = LARS([bias], lr=1.0, momentum=0.5)
    for rate, place in ((1.0, -1.0), (0.0, -1.5), (0.0, -1.75)):  # half of the last step each time
        bias.grad = torch.ones(1)
        optimiser.param_groups[0]["lr"] = rate
        optimiser.step()
        assert bias.item() == pytest.approx(place)
