"""Networks' memories, held as buffers so that `state_dict` carries them and resuming loses nothing."""

import copy

import torch
from torch import Tensor, nn


class ImagePool(nn.Module):
    """A history of generated images that the discriminator is shown (Shrivastava et al. 2017; CycleGAN, section 4).

    Until it is full, every image is stored and returned as it is. From then on each image, with probability ½, is
    returned as it is; otherwise it takes the place of a random stored image, which is returned instead. A capacity of
    0 returns what it is given. Draws come from torch's global generator.
    """

    def __init__(self, capacity: int = 50):
        super().__init__()
        self.capacity = capacity
        self.register_buffer("images", torch.empty(0))

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) in, as many out; no gradient passes."""
        images = images.detach()
        if self.capacity == 0:
            return images
        shown = []
        for image in images:
            if len(self.images) < self.capacity:
                stored = self.images if len(self.images) else self.images.to(image).reshape(0, *image.shape)
                self.images = torch.cat([stored, image[None]])
                shown.append(image)
            elif torch.rand(()) < 0.5:
                shown.append(image)
            else:
                slot = int(torch.randint(self.capacity, ()))
                shown.append(self.images[slot].clone())
                self.images[slot] = image
        return torch.stack(shown)

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs):
        stored = state_dict.get(prefix + "images")
        if stored is not None:  # the number of images held so far is part of the state
            self.images = torch.empty_like(stored, device=self.images.device)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


class MovingAverage(nn.Module):
    """An exponential moving average of a network's parameters: θ̄ ← decay·θ̄ + (1 − decay)·θ. Buffers are copied.

    Serves as the averaged network that translates and as the momentum encoder of MoCo.

    warm_up: after n updates the decay is at most (1 + n) / (10 + n). Else, with a decay of 0.999, the average of the
             first thousand steps would be mostly what the network was before training.
    """

    def __init__(self, network: nn.Module, decay: float, warm_up: bool = False):
        super().__init__()
        self.decay = decay
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64) if warm_up else None)
        self.network = copy.deepcopy(network).requires_grad_(False)

    def forward(self, *args, **kwargs):
        return self.network(*args, **kwargs)

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move one step towards `network`, which has the same architecture."""
        decay = self.decay
        if self.updates is not None:
            decay = min(decay, (1 + self.updates.item()) / (10 + self.updates.item()))
            self.updates += 1
        for average, current in zip(self.network.parameters(), network.parameters(), strict=True):
            average.lerp_(current, 1 - decay)
        for average, current in zip(self.network.buffers(), network.buffers(), strict=True):
            average.copy_(current)


class FeatureQueue(nn.Module):
    """The last `length` keys, first in, first out: MoCo's dictionary of negatives (He et al. 2020, section 3.2).

    Starts with random unit vectors, drawn from torch's global generator, as the official code does. The keys, the place
    where the next one goes, and the keys' labels (-1 where none was given; only an oracle looks at them) are buffers.
    """

    def __init__(self, length: int, dim: int):
        super().__init__()
        self.register_buffer("keys", nn.functional.normalize(torch.randn(length, dim), dim=1))  # (length, dim)
        self.register_buffer("labels", torch.full((length,), -1))
        self.register_buffer("position", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def enqueue(self, keys: Tensor, labels: Tensor | None = None) -> None:
        """Put keys (B, dim) in the places of the oldest; of more than `length` keys the last ones stay."""
        length = len(self.keys)
        places = (self.position + torch.arange(len(keys), device=keys.device)) % length
        self.keys[places[-length:]] = keys[-length:].to(self.keys.dtype)
        self.labels[places[-length:]] = -1 if labels is None else labels[-length:]
        self.position.copy_((self.position + len(keys)) % length)
