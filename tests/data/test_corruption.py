"""Noise: how far things move, how much is dropped, and that nothing is left out by 0."""

import pytest
import torch

from labkit.data.corruption import corrupted, drop_squares, local_order, shuffle_locally


@pytest.mark.parametrize("k", [1, 3, 6])
def test_an_order_is_one_and_moves_nothing_further_than_k(k):
    torch.manual_seed(0)
    order = local_order(500, 20, k)
    places = torch.arange(20)
    assert torch.equal(order.sort(1).values, places.expand(500, 20))
    assert (order - places).abs().max() == k


def test_what_is_to_stand_still_at_the_end_does():
    torch.manual_seed(0)
    still = torch.arange(8) >= torch.tensor([3, 8])[:, None]
    orders = torch.cat([local_order(2, 8, 5, still=still) for _ in range(100)])
    assert torch.equal(orders[::2, 3:], torch.arange(3, 8).expand(100, 5)) and (orders[1::2, 7] != 7).any()


def test_rows_and_columns_move_whole_and_each_image_by_itself():
    torch.manual_seed(0)
    rows, columns = torch.meshgrid(torch.arange(8.0), torch.arange(9.0), indexing="ij")
    moved = shuffle_locally(torch.stack([rows, columns]).expand(2, 2, 8, 9), 2)
    assert torch.equal(moved[:, 0, :, :1].expand(2, 8, 9), moved[:, 0])
    assert torch.equal(moved[:, 1, :1].expand(2, 8, 9), moved[:, 1])
    assert (moved[:, 0] - rows).abs().max() <= 2 and (moved[:, 1] - columns).abs().max() <= 2
    assert not torch.equal(moved[0], moved[1])


def test_whole_squares_are_dropped_as_often_as_asked():
    torch.manual_seed(0)
    dropped = drop_squares(torch.ones(200, 3, 10, 10), 0.25, 4)
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))  # all colours together
    assert torch.equal(dropped[..., :4, :4], dropped[..., :1, :1].expand(200, 3, 4, 4))
    assert (dropped == 0).float().mean() == pytest.approx(0.25, abs=0.02)


def test_each_kind_of_noise_can_be_left_out():
    torch.manual_seed(0)
    x = torch.rand(2, 3, 16, 16) + 0.1
    assert corrupted(x, drop=0.0, shuffle=0) is x
    assert (corrupted(x, drop=0.5, shuffle=0) == 0).any()
    only_moved = corrupted(x, drop=0.0, shuffle=3)
    assert not torch.equal(only_moved, x) and torch.equal(only_moved.flatten().sort()[0], x.flatten().sort()[0])
    assert (corrupted(x, drop=0.0, shuffle=0, white=0.3) - x).std() == pytest.approx(0.3, rel=0.1)
