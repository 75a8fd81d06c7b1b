"""SimCLR: two random views of an image must find each other among all the other views of the batch.

Paper:    Chen, Kornblith, Norouzi, Hinton, "A simple framework for contrastive learning of visual representations",
          ICML 2020, arXiv 2002.05709. Equation 1 (NT-Xent), Algorithm 1, section 2.2 and appendix A (settings).
Official: github.com/google-research/simclr (Apache-2.0).

Differences
1. The projection head is the paper's W₂ ReLU(W₁ h) (section 2.1); the official code adds BatchNorm to both layers.
2. The loss is the paper's mean over all 2B queries. The official code adds the means of both directions, which is twice
   as much. LARS takes the step of a weight from the weight's own length, so the factor drops out there (but for the
   decay). Biases and normalisation parameters, which LARS does not scale, feel it.
3. BatchNorm and negatives are those of one process; the paper shares both among all processes.
4. The photographs' colour jitter turns and stretches chroma in YIQ, not in HSV (see `labkit.data.augment`).
5. `oracle_negatives` is not in the paper: it uses labels to leave out the negatives of the query's own class, a
   reference for what false negatives cost (as in Chuang et al., "Debiased contrastive learning", arXiv 2007.00224).
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from labkit.data.augment import AUGMENTATIONS, random_view
from labkit.losses.contrastive import nt_xent
from labkit.nets.encoders import ProjectionHead, build_encoder
from labkit.systems.base import Player
from labkit.systems.contrastive import Contrastive, EncoderSettings
from labkit.systems.optimisers import LARS
from labkit.systems.schedules import cosine


@dataclass(frozen=True)
class SimCLRSettings(EncoderSettings):
    """The paper's values on ImageNet (batches of 4,096); a miniature for digits is encoder conv, optimiser adam."""

    dim: int = 128  # numbers in a projected vector, where the loss is taken
    tau: float = 0.1  # temperature
    optimiser: Literal["lars", "adam"] = "lars"
    lr: float = 4.8  # lars: 0.3 for every 256 images of the batch
    weight_decay: float = 1e-6
    warmup_share: float = 0.01  # share of the steps before the learning rate is at its height: 10 of 1,000 epochs
    oracle_negatives: bool = False  # leave out negatives of the query's class; training must then see the labels


class SimCLR(Contrastive):
    Settings = SimCLRSettings
    coupling = "in-batch negatives, BatchNorm"

    def __init__(self, settings: SimCLRSettings = SimCLRSettings()):
        super().__init__()
        self.settings = s = settings
        self.encoder = build_encoder(s.encoder, s.channels, s.size, s.width, s.features)  # f: what is kept
        self.head = ProjectionHead(self.encoder.features, s.dim, layers=2)  # g: thrown away after training

    def players(self) -> tuple[Player, ...]:
        s = self.settings
        if s.optimiser == "lars":
            optimiser = partial(LARS, lr=s.lr, decay=s.weight_decay)
        else:
            optimiser = partial(torch.optim.Adam, lr=s.lr, weight_decay=s.weight_decay)
        return (Player("f", ("encoder", "head"), optimiser, schedule=cosine(s.warmup_share)),)

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        augmentation = AUGMENTATIONS[self.settings.augmentation]
        views = torch.cat([random_view(batch["real"], augmentation), random_view(batch["real"], augmentation)])
        out = dict(zip(("z_1", "z_2"), self.head(self.encoder(views)).chunk(2), strict=True))  # one pass for both views
        if self.settings.oracle_negatives:
            labels = self.oracle_labels(batch)
            out["same_class"] = labels[:, None] == labels[None, :]
        return out

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"nce": nt_xent(out["z_1"], out["z_2"], self.settings.tau, out.get("same_class"))}  # Eq. 1
