"""The noise that a denoising auto-encoder has to undo: parts are dropped, and what stays is slightly out of order.

Lample et al. 2017 (arXiv 1711.00043, section 2.3) drop words of a sentence and shuffle the others locally. On a picture
squares take the place of words, and its rows and its columns are shuffled. Draws come from torch's global generator, on
the device of the images.
"""

import torch
from torch import Tensor


def local_order(n: int, length: int, k: int, device: torch.device | None = None, still: Tensor | None = None) -> Tensor:
    """n random orders of `length` things in which none is more than k places from its own: (n, length) int64.

    The paper's way: sort i + U(0, k + 1). The i-th place is taken by what stood at `order[i]`.

    still: (n, length) bool, the last things of each row that stay where they are, such as the end of a sentence.
    """
    draws = torch.rand(n, length, device=device)
    if still is not None:
        draws = draws.masked_fill(still, 1.0)
    return (torch.arange(length, device=device) + (k + 1) * draws).argsort(1)


def drop_squares(x: Tensor, share: float, side: int) -> Tensor:
    """Images (B, C, H, W) without a `share` of their squares of `side` pixels: what is dropped is 0, a middle grey."""
    rows, columns = (-(-length // side) for length in x.shape[2:])
    kept = (torch.rand(len(x), 1, rows, columns, device=x.device) >= share).to(x.dtype)
    kept = kept.repeat_interleave(side, 2).repeat_interleave(side, 3)
    return x * kept[:, :, : x.shape[2], : x.shape[3]]


def shuffle_locally(x: Tensor, k: int) -> Tensor:
    """Images (B, C, H, W) whose rows and columns changed places, none by more than k, in each image by other draws."""
    rows, columns = (local_order(len(x), length, k, x.device) for length in x.shape[2:])
    x = x.gather(2, rows[:, None, :, None].expand_as(x))
    return x.gather(3, columns[:, None, None, :].expand_as(x))


def corrupted(x: Tensor, drop: float = 0.1, drop_side: int = 4, shuffle: int = 3, white: float = 0.0) -> Tensor:
    """C(x): images (B, C, H, W) shuffled locally, then without some squares, then with white noise.

    drop, drop_side: see `drop_squares`. shuffle: see `shuffle_locally`. white: standard deviation. 0 leaves a part out,
    and with all three at 0 x is returned as it is.
    """
    if shuffle:
        x = shuffle_locally(x, shuffle)
    if drop:
        x = drop_squares(x, drop, drop_side)
    return x + white * torch.randn_like(x) if white else x
