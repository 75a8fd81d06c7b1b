"""UNIT as the repository had it in 2018: MUNIT's networks, no shared layer, the code tied through the losses alone.

Paper:    Liu, Breuel, Kautz, NeurIPS 2017, arXiv 1703.00848. The losses are the paper's (see `unit.py`, which has its
          networks and its equations), but for the adversarial one.
Official: github.com/NVlabs/MUNIT, `UNIT_Trainer` (CC BY-NC-SA).

Differences from `unit.py`, the paper's form
1. No weight is shared. A translation's code is decoded and must give the image back (cycle), and both domains' codes
   are held near one prior (KL): nothing else ties E_A to E_B.
2. MUNIT's content encoder and decoder (InstanceNorm, LayerNorm while going up), least squares over three scales, other
   weights: 1 for adversarial terms, 10 for reconstruction and cycle, 0.01 for both kinds of KL.
3. As in the official code the noise of the code is there in training only. The perceptual loss, on for street scenes in
   the official code, is left out here; MUNIT has it.
4. The official code encodes and decodes anew for G's step, with fresh noise. Here D and G share one draw.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from labkit.losses.adversarial import discriminator_loss, generator_loss
from labkit.losses.reconstruction import l1
from labkit.losses.variational import kl_fixed
from labkit.nets.cogan import DOMAINS
from labkit.nets.content_style import ContentEncoder, Decoder
from labkit.nets.discriminators import MultiScalePatchGAN
from labkit.systems.base import Player, Translator
from labkit.systems.schedules import halve_every
from labkit.systems.unit import UNIT


@dataclass(frozen=True)
class UNIT2018Settings:
    """The official code's values; a miniature for 32 px is width 16, blocks 1, ndf 16, d_layers 2, scales 2."""

    channels: int = 3  # colour channels of both domains
    width: int = 64  # channels of the first layer of encoders, and of the last but one of decoders
    halvings: int = 2  # how often an encoder halves the side
    blocks: int = 4  # residual blocks of encoder and of decoder
    ndf: int = 64  # width of the discriminators' first layer
    d_layers: int = 4  # strided layers of the discriminators
    scales: int = 3  # scales at which the discriminators look
    lambda_adv: float = 1.0  # weight of the adversarial terms
    lambda_kl: float = 0.01  # weight of the KL of an image's code
    lambda_rec: float = 10.0  # weight of the reconstruction within a domain
    lambda_kl_cyc: float = 0.01  # weight of the KL of a translation's code
    lambda_cyc: float = 10.0  # weight of the cycle loss; 0 leaves out its passes and the KL within them
    lr: float = 1e-4  # learning rate of both Adams
    beta1: float = 0.5  # first Adam coefficient
    weight_decay: float = 1e-4  # of both Adams
    halve_every: int = 100_000  # steps after which the learning rate is halved, again and again
    ema: float = 0.0  # decay of an average of both autoencoders that translates, as 0.999; 0: none


class UNIT2018(UNIT):
    """The pass, the noise of the code and `translate` are those of `UNIT`; networks and weights are others."""

    Settings = UNIT2018Settings

    def __init__(self, settings: UNIT2018Settings = UNIT2018Settings()):
        Translator.__init__(self)  # without the networks of UNIT
        self.settings = s = settings
        self.G_A, self.G_B = self._autoencoder(), self._autoencoder()
        self.D_A = MultiScalePatchGAN(s.channels, s.ndf, s.d_layers, s.scales)
        self.D_B = MultiScalePatchGAN(s.channels, s.ndf, s.d_layers, s.scales)
        self.keep_averages("G_A", "G_B")

    def _autoencoder(self) -> nn.ModuleDict:
        s = self.settings
        encoder = ContentEncoder(s.channels, s.width, s.halvings, s.blocks)
        return nn.ModuleDict({"E": encoder, "Dec": Decoder(s.channels, s.width, s.halvings, s.blocks, "instance")})

    def players(self) -> tuple[Player, ...]:
        s = self.settings
        adam = partial(torch.optim.Adam, lr=s.lr, betas=(s.beta1, 0.999), weight_decay=s.weight_decay)
        halving = halve_every(s.halve_every)
        return Player("D", ("D_A", "D_B"), adam, schedule=halving), Player("G", ("G_A", "G_B"), adam, schedule=halving)

    def _generator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        s = self.settings
        terms = {
            "adv_AB": s.lambda_adv * sum(generator_loss("lsgan", d) for d in self.D_B(out["fake_B"])),
            "adv_BA": s.lambda_adv * sum(generator_loss("lsgan", d) for d in self.D_A(out["fake_A"])),
        }
        for d in DOMAINS:
            terms[f"rec_{d}"] = s.lambda_rec * l1(out[f"rec_{d}"], out[f"real_{d}"])
            terms[f"kl_{d}"] = s.lambda_kl * kl_fixed(out[f"mu_{d}"])
            if not s.lambda_cyc:
                continue
            terms[f"cyc_{d}"] = s.lambda_cyc * l1(out[f"cyc_{d}"], out[f"real_{d}"])
            terms[f"kl_fake_{d}"] = s.lambda_kl_cyc * kl_fixed(out[f"mu_fake_{d}"])
        return terms

    def _discriminator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        def scales(D: nn.Module, real: Tensor, fake: Tensor) -> Tensor:  # the 2 takes the ½ of CycleGAN's form away
            pairs = zip(D(real), D(fake.detach()), strict=True)
            return self.settings.lambda_adv * sum(2 * discriminator_loss("lsgan", r, f) for r, f in pairs)

        return {
            "A": scales(self.D_A, out["real_A"], out["fake_A"]),
            "B": scales(self.D_B, out["real_B"], out["fake_B"]),
        }

    def encode(self, x: Tensor, domain: str) -> Tensor:
        """The code of images (B, C, H, W) of a domain, without noise: (B, width · 2^halvings, H', W')."""
        return self._of(domain)["E"](x)

    def decode(self, z: Tensor, domain: str) -> Tensor:
        """The images that codes stand for in a domain."""
        return self._of(domain)["Dec"](z)

    def _of(self, domain: str) -> nn.ModuleDict:
        return {"A": self.G_A, "B": self.G_B}[domain]
