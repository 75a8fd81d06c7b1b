"""Random edge features: the same for the same seed, blind to even surfaces, frozen."""

import torch

from labkit.nets.random_features import RandomEdges


def test_shape_and_seed():
    x = torch.rand(2, 3, 16, 16)
    assert RandomEdges()(x).shape == (2, 128, 2, 2)
    assert torch.equal(RandomEdges(seed=1)(x), RandomEdges(seed=1)(x))
    assert not torch.equal(RandomEdges(seed=1)(x), RandomEdges(seed=2)(x))
    assert RandomEdges(widths=(4,))(x).shape == (2, 4, 16, 16)


def test_an_even_surface_gives_nothing_inside_and_edges_do():
    net = RandomEdges(widths=(8,))
    assert net(torch.full((1, 3, 8, 8), 0.7))[:, :, 1:-1, 1:-1].abs().max() < 1e-5
    step = torch.zeros(1, 3, 8, 8)
    step[..., 4:] = 1
    assert net(step)[:, :, 1:-1, 1:-1].max() > 0.1


def test_it_has_nothing_to_train_and_lets_gradients_through():
    net, x = RandomEdges(), torch.rand(1, 3, 16, 16, requires_grad=True)
    assert not list(net.parameters())
    net(x).sum().backward()
    assert x.grad.abs().sum() > 0
