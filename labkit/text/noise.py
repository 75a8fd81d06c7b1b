"""Noise C(x) of sentences (Lample et al. 2017, arXiv 1711.00043, section 2.3): words are dropped and slightly shuffled.

Sentences are numbers (B, L): words, then END, then PAD. Draws come from torch's global generator.
"""

import torch
from torch import Tensor

from labkit.data.corruption import local_order
from labkit.text.languages import END, PAD, closed


def corrupted(x: Tensor, drop: float = 0.1, shuffle: int = 3) -> Tensor:
    """Words move by at most `shuffle` places, then each is dropped with probability `drop`; one at least stays."""
    is_word = (x != END) & (x != PAD)
    if shuffle:
        x = x.gather(1, local_order(*x.shape, shuffle, x.device, still=~is_word))
    if drop:
        dropped = (torch.rand(x.shape, device=x.device) < drop) & is_word
        dropped[:, 0] &= ~(dropped == is_word).all(1)
        x = closed(x.masked_fill(dropped, PAD))
    return x
