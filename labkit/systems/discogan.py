"""DiscoGAN: a round trip in both domains, so that the relation it discovers is one to one.

Paper:    Kim, Cha, Kim, Lee, Kim, "Learning to discover cross-domain relations with generative adversarial networks",
          ICML 2017, arXiv 1703.05192. Equations 3 to 8; section 4.1 is the toy in the plane with its three arms.
Official: github.com/SKTBrain/DiscoGAN (MIT).

Differences
1. Images are in [-1, 1] with tanh at the end, the official ones in [0, 1] with a sigmoid. The reconstruction is
   measured on the official scale (a quarter of the squared difference in [-1, 1]), so that its weights mean the same.
2. The paper says nothing of feature matching; the official code has it, 9 parts beside 1 part adversarial loss.
3. Paper and code differ in the generator: 100 numbers at its narrowest (paper, `bottleneck` 100) or 512 maps of 4×4
   (the code's default, and ours).
4. The paper's toy has ReLU between its layers; here D has leaky ReLU, and width and depth of G are as stated there.
5. D's loss is the sum over real and generated images, there half of it (next to nothing under Adam). Translating uses
   BatchNorm's running statistics, there those of the batch.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from labkit.errors import LabError
from labkit.losses.adversarial import discriminator_loss, generator_loss
from labkit.losses.reconstruction import l2
from labkit.nets.dcgan import doublings
from labkit.nets.disco import DiscoDiscriminator, DiscoGenerator, PointDiscriminator, PointGenerator, feature_matching
from labkit.nets.upsampling import Upsampling
from labkit.systems.base import Player, Translator, by_average


@dataclass(frozen=True)
class DiscoGANSettings:
    """The official code's values for 64 px."""

    arms: Literal["discogan", "recongan", "gan"] = "discogan"  # both round trips, one, none (section 4.1)
    networks: Literal["images", "points"] = "images"  # points in the plane: the toy of section 4.1
    size: int = 64  # width of an image; a power of 2
    channels: int = 3  # colour channels of both domains
    ngf: int = 64  # width of the generators' first layer; of every hidden layer for points
    ndf: int = 64  # width of the discriminators' first layer; of every hidden layer for points
    bottleneck: int = 0  # numbers at the generators' narrowest place; 0 keeps a 4×4 map
    fm_share: float = 0.9  # feature matching's part of the adversarial terms
    rate_first: float = 0.01  # weight of the reconstruction in the beginning; the other terms have 1 − rate
    rate: float = 0.5  # weight of the reconstruction later
    rate_steps: int = 10_000  # steps before the change
    d_every: int = 3  # D moves at every third step, G at the two others
    lr: float = 2e-4  # learning rate of both Adams
    beta1: float = 0.5  # first Adam coefficient
    weight_decay: float = 1e-5  # of both Adams
    ema: float = 0.0  # decay of an average of the generators that translates, as 0.999; 0: none
    upsample: Upsampling = "transposed"  # how the generators double their maps; resize: without checkerboards


class DiscoGAN(Translator):
    Settings = DiscoGANSettings

    def __init__(self, settings: DiscoGANSettings = DiscoGANSettings()):
        super().__init__()
        self.settings = settings
        if settings.networks == "images":
            self.coupling = "BatchNorm, and feature matching compares batch means"
        else:
            self.coupling = "feature matching compares batch means"
        self.G_AB, self.D_B = self._generator(), self._discriminator()
        if self._returns:
            self.G_BA = self._generator()
        if self._both:
            self.D_A = self._discriminator()
        self.register_buffer("steps_done", torch.zeros((), dtype=torch.int64))  # a buffer: the rate survives a stop
        self.keep_averages(*(["G_AB", "G_BA"] if self._returns else ["G_AB"]))

    @property
    def _returns(self) -> bool:
        return self.settings.arms != "gan"

    @property
    def _both(self) -> bool:
        return self.settings.arms == "discogan"

    def _generator(self) -> torch.nn.Module:
        s = self.settings
        if s.networks == "points":
            return PointGenerator(s.ngf)
        return DiscoGenerator(s.channels, s.ngf, doublings(s.size), s.bottleneck, s.upsample)

    def _discriminator(self) -> torch.nn.Module:
        s = self.settings
        if s.networks == "points":
            return PointDiscriminator(s.ndf)
        return DiscoDiscriminator(s.channels, s.ndf, doublings(s.size))

    def players(self) -> tuple[Player, ...]:
        s = self.settings

        def adam(parameters):
            return torch.optim.Adam(parameters, lr=s.lr, betas=(s.beta1, 0.999), weight_decay=s.weight_decay)

        generators = ("G_AB", "G_BA") if self._returns else ("G_AB",)
        discriminators = ("D_A", "D_B") if self._both else ("D_B",)
        return (
            Player("D", discriminators, adam, due=lambda step: step % s.d_every == 0),
            Player("G", generators, adam, due=lambda step: step % s.d_every != 0),
        )

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        out = {"real_A": batch["A"], "real_B": batch["B"]}
        with torch.set_grad_enabled("G" in due):
            out["fake_B"] = self.G_AB(out["real_A"])
            if "G" in due and self._returns:
                out["rec_A"] = self.G_BA(out["fake_B"])
            if self._both:
                out["fake_A"] = self.G_BA(out["real_B"])
                if "G" in due:
                    out["rec_B"] = self.G_AB(out["fake_A"])
        return out

    @property
    def rate(self) -> Tensor:
        """The weight of the reconstruction now, r, a scalar; the adversarial terms have 1 − r."""
        s = self.settings
        return torch.where(self.steps_done < s.rate_steps, s.rate_first, s.rate)

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        return self._generator_terms(out) if player == "G" else self._discriminator_terms(out)

    def _generator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        s, r = self.settings, self.rate if self._returns else 0.0
        scale = 0.25 if s.networks == "images" else 1.0  # difference 1
        terms = {}
        for way, living, D in self._judged():
            logits, features = D(out[f"fake_{living}"])
            _, real_features = D(out[f"real_{living}"])
            terms[f"adv_{way}"] = (1 - r) * (1 - s.fm_share) * generator_loss("nonsaturating", logits)  # Eq. 4
            if s.fm_share:
                terms[f"fm_{way}"] = (1 - r) * s.fm_share * feature_matching(real_features, features)
        for living in ("A", "B"):
            if f"rec_{living}" in out:
                terms[f"rec_{living}"] = r * scale * l2(out[f"rec_{living}"], out[f"real_{living}"])  # Eq. 3
        return terms

    def _discriminator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        terms = {}
        for _, living, D in self._judged():
            (real, _), (fake, _) = D(out[f"real_{living}"]), D(out[f"fake_{living}"].detach())
            terms[living] = discriminator_loss("nonsaturating", real, fake)  # Eq. 7 and 8
        return terms

    def _judged(self):
        """Way, domain and discriminator of every translation that is judged: both ways for DiscoGAN, else A → B."""
        yield "AB", "B", self.D_B
        if self._both:
            yield "BA", "A", self.D_A

    def after_step(self, due: frozenset[str]) -> None:
        super().after_step(due)
        self.steps_done += 1

    @by_average
    def translate(self, x: Tensor, src: str = "A", dst: str = "B") -> Tensor:
        if (src, dst) == ("A", "B"):
            return self.G_AB(x)
        if (src, dst) == ("B", "A") and self._returns:
            return self.G_BA(x)
        raise LabError(f"DiscoGAN ({self.settings.arms}) has no way {src} → {dst}.")
