"""The image pool's rule, the moving average's arithmetic, and the round trip through a state dict."""

import torch
from torch import nn

from labkit.nets.memory import FeatureQueue, ImagePool, MovingAverage


def numbered(first: int, count: int) -> torch.Tensor:
    return torch.arange(first, first + count).float().reshape(-1, 1, 1, 1)


def test_pool_returns_what_it_stores_until_it_is_full():
    pool = ImagePool(6)
    for first in (0, 3):
        assert torch.equal(pool(numbered(first, 3)), numbered(first, 3))
    assert torch.equal(pool.images, numbered(0, 6))


def test_a_full_pool_swaps_half_of_the_images():
    torch.manual_seed(0)
    pool = ImagePool(50)
    pool(numbered(0, 50))
    shown = pool(numbered(50, 1000)).flatten()
    same = (shown == torch.arange(50, 1050)).float().mean()
    assert abs(same - 0.5) < 0.05
    # nothing is invented or lost: what was shown and what is stored together are the images that came in
    together = torch.cat([shown, pool.images.flatten()]).sort().values
    assert torch.equal(together, torch.arange(0, 1050).float())


def test_pool_passes_no_gradient_and_its_copies_are_its_own():
    pool = ImagePool(2)
    images = torch.zeros(2, 1, 1, 1, requires_grad=True)
    assert not pool(images * 1).requires_grad
    shown = pool(numbered(7, 2))
    shown += 100
    assert pool.images.max() < 100


def test_capacity_zero_returns_the_newest():
    assert torch.equal(ImagePool(0)(numbered(3, 2)), numbered(3, 2))


def test_pool_state_round_trip_at_any_filling():
    for count in (0, 3, 6):
        pool, other = ImagePool(6), ImagePool(6)
        if count:
            pool(numbered(0, count))
        other(numbered(50, 4))
        other.load_state_dict(pool.state_dict())
        assert torch.equal(other.images, pool.images)


def test_moving_average_follows_by_its_decay():
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    average = MovingAverage(network, decay=0.9)
    nn.init.ones_(network.weight)
    for step in range(1, 4):
        average.update(network)
        assert torch.isclose(average.network.weight, torch.tensor(1 - 0.9**step)).all()
    assert not any(p.requires_grad for p in average.parameters())


def test_queue_is_first_in_first_out_and_wraps_around():
    queue = FeatureQueue(5, 1)
    queue.enqueue(torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([7, 8, 9]))
    assert queue.labels.tolist() == [7, 8, 9, -1, -1]
    assert queue.keys[:3].flatten().tolist() == [1, 2, 3]
    queue.enqueue(torch.tensor([[4.0], [5.0], [6.0], [7.0]]))
    assert queue.keys.flatten().tolist() == [6, 7, 3, 4, 5]
    assert queue.position == 2
    assert queue.labels.tolist() == [-1, -1, 9, -1, -1]


def test_queue_keeps_the_newest_of_too_many_and_takes_no_gradient():
    queue = FeatureQueue(3, 1)
    keys = torch.arange(8.0).reshape(8, 1).requires_grad_()
    queue.enqueue(keys)
    assert sorted(queue.keys.flatten().tolist()) == [5, 6, 7]
    assert not queue.keys.requires_grad
    queue.enqueue(torch.tensor([[100.0]]))
    assert sorted(queue.keys.flatten().tolist()) == [6, 7, 100]  # the oldest of the three gave way


def test_queue_starts_on_the_sphere_and_its_state_goes_on():
    queue, other = FeatureQueue(6, 4), FeatureQueue(6, 4)
    assert torch.allclose(queue.keys.norm(dim=1), torch.ones(6))
    queue.enqueue(torch.ones(4, 4))
    other.load_state_dict(queue.state_dict())
    for each in (queue, other):
        each.enqueue(torch.zeros(3, 4))
    assert torch.equal(queue.keys, other.keys) and queue.position == other.position == 1
