"""MoCo: the negatives are kept in a queue, and written by a slow copy of the encoder.

Paper:    He, Fan, Wu, Xie, Girshick, "Momentum contrast for unsupervised visual representation learning", CVPR 2020,
          arXiv 1911.05722. Equation 1 (InfoNCE), equation 2 (momentum update), Algorithm 1, section 3.3 (shuffling).
Official: github.com/facebookresearch/moco (MIT).

Differences
1. On eight GPUs the paper's BatchNorm sees an eighth of the batch, and the keys are shuffled between the GPUs, so
   that a query cannot recognise its key by the statistics of their common batch. Here one process cuts the batch
   into `bn_splits` parts and shuffles the keys among them.
2. The buffers of BatchNorm are copied from the query's encoder; the official key encoder has running statistics of its
   own. Keys are computed with the statistics of their part of the batch, so training does not notice.
3. The momentum update comes after the optimiser's step instead of before the next keys: the same but for step one.
4. With many processes each has a queue of its own keys; the paper gathers the keys of all.
5. The photographs' views are this paper's (`photos_moco`). Grey comes after the jitter, in the official code before it;
   the parts of the jitter have one order, not a random one; and chroma turns in YIQ, not in HSV.
6. `oracle_negatives` is not in the paper: as in `simclr`, it uses labels to leave out keys of the query's own class.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from labkit.data.augment import AUGMENTATIONS, random_view
from labkit.losses.contrastive import info_nce
from labkit.nets.encoders import ProjectionHead, build_encoder
from labkit.nets.memory import FeatureQueue, MovingAverage
from labkit.systems.base import Player
from labkit.systems.contrastive import Contrastive, EncoderSettings, ViewName
from labkit.systems.schedules import cosine, steps_down


@dataclass(frozen=True)
class MoCoSettings(EncoderSettings):
    """The paper's values on ImageNet (batches of 256); a miniature for digits is encoder conv, optimiser adam."""

    augmentation: ViewName = "photos_moco"  # which random views; SimCLR and MoCo v2 have stronger ones ("photos")
    dim: int = 128  # numbers in a projected vector, where the loss is taken
    head_layers: int = 1  # 1 as in this paper; 2 as in SimCLR and MoCo v2 (arXiv 2003.04297)
    tau: float = 0.07  # temperature
    queue: int = 65536  # negatives that the queue holds
    momentum: float = 0.999  # m of equation 2
    bn_splits: int = 8  # parts of the batch that BatchNorm sees one by one
    optimiser: Literal["sgd", "adam"] = "sgd"  # sgd with momentum 0.9
    lr: float = 0.03
    weight_decay: float = 1e-4
    schedule: Literal["steps", "cosine"] = "steps"  # steps: a tenth after 60 % and after 80 % of the steps
    oracle_negatives: bool = False  # leave out keys of the query's class; training must then see the labels


class MoCo(Contrastive):
    Settings = MoCoSettings
    coupling = "queue, BatchNorm"

    def __init__(self, settings: MoCoSettings = MoCoSettings()):
        super().__init__()
        self.settings = s = settings
        self.encoder = build_encoder(s.encoder, s.channels, s.size, s.width, s.features)
        self.head = ProjectionHead(self.encoder.features, s.dim, s.head_layers)
        self.key_network = MovingAverage(self.projector(), s.momentum)  # f_k: no gradient, follows f_q
        self.queue = FeatureQueue(s.queue, s.dim)

    def players(self) -> tuple[Player, ...]:
        s = self.settings
        if s.optimiser == "sgd":
            optimiser = partial(torch.optim.SGD, lr=s.lr, momentum=0.9, weight_decay=s.weight_decay)
        else:
            optimiser = partial(torch.optim.Adam, lr=s.lr, weight_decay=s.weight_decay)
        schedule = cosine() if s.schedule == "cosine" else steps_down((0.6, 0.8))
        return (Player("f", ("encoder", "head"), optimiser, schedule=schedule),)

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        augmentation = AUGMENTATIONS[self.settings.augmentation]
        view_q, view_k = random_view(batch["real"], augmentation), random_view(batch["real"], augmentation)
        with torch.no_grad():
            order = torch.randperm(len(view_k), device=view_k.device)  # section 3.3: the key's neighbours are others
            keys = self._in_parts(self.key_network, view_k[order])[order.argsort()]
        self.newest = keys, batch.get("real_label")  # for the queue, after the step
        out = {"q": self._in_parts(self.projector(), view_q), "k": keys}
        if self.settings.oracle_negatives:
            out["same_class"] = self.oracle_labels(batch)[:, None] == self.queue.labels[None, :]
        return out

    def _in_parts(self, network: nn.Module, images: Tensor) -> Tensor:
        return torch.cat([network(part) for part in images.chunk(self.settings.bn_splits)])

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"nce": info_nce(out["q"], out["k"], self.queue.keys, self.settings.tau, out.get("same_class"))}  # Eq. 1

    def after_step(self, due: frozenset[str]) -> None:
        self.key_network.update(self.projector())  # Eq. 2
        self.queue.enqueue(*self.newest)
