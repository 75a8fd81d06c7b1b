"""DTN: a network that was trained before says what an image means, and the translation must mean the same.

Paper:    Taigman, Polyak, Wolf, "Unsupervised cross-domain image generation", ICLR 2017, arXiv 1611.02200. Equations 1
          and 2 (the baseline and its two risks), 3 (D), 4 (G against D), 5 (f-constancy), 6 (identity), 7 (smoothness).
Official: none. The known TensorFlow port, github.com/yunjey/domain-transfer-network, departs from the paper in three
          places: its D is binary, it trains f with the constancy loss, and G gets no gradient of that loss at all.

The baseline (Eq. 1 and 2) is `on_f` false, `discriminator` "binary", `lambda_idt` 0: a G that works on pixels and two
risks. Improvement 1 builds G on f: G = g∘f (`on_f`). Improvement 2 adds images of the target as inputs of G: the
identity (TID, `lambda_idt`) and a third class for D.

Differences
1. f is one of the workbook's frozen judges: 32 features of a classifier of digits; the paper's has 128. It is always in
   inference mode. `f_every` lets it be trained as the port does; that is an error, and here for its ablation.
2. The G that works on pixels has an encoder in the place of f, as many features wide, that is learnt with g.
3. The paper trains on digits without the smoothness term (γ = 0) and so do we; for faces it takes γ = 0.05.
4. Adam and its rate are the port's. Its β1 is TensorFlow's 0.9, ours the 0.5 of GANs.
5. The images of s and t pass g together, so that they share its batch statistics.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from labkit import judges
from labkit.errors import LabError
from labkit.judges.judge import FEATURES
from labkit.losses.adversarial import discriminator_loss, generator_loss
from labkit.losses.domain import constancy, ternary_discriminator, ternary_generator, total_variation
from labkit.losses.reconstruction import l2
from labkit.nets.dcgan import DCGANGenerator
from labkit.nets.dtn import DTNDiscriminator
from labkit.nets.encoders import ConvEncoder
from labkit.nets.upsampling import Upsampling
from labkit.systems.base import Player, Translator, by_average
from labkit.systems.schedules import linear_decay


@dataclass(frozen=True)
class DTNSettings:
    """The paper's values for digits; a miniature is ngf 16, ndf 16."""

    f: str = "glyph_digits"  # the frozen judge whose features are the meaning
    size: int = 32  # width of an image
    channels: int = 3  # colour channels of both domains
    ngf: int = 128  # width of g's last hidden layer; the first is four times as wide at 32 px
    ndf: int = 128  # width of D's first layer
    on_f: bool = True  # improvement 1: G = g∘f; without it G is g behind an encoder of its own
    discriminator: Literal["ternary", "binary"] = "ternary"  # which of G(s), G(t), t; or generated and real (Eq. 1)
    lambda_adv: float = 1.0  # weight of the adversarial term; 0 leaves D out
    lambda_const: float = 15.0  # α, weight of the f-constancy
    lambda_idt: float = 15.0  # β, weight of the identity on the target domain (TID)
    lambda_tv: float = 0.0  # γ, weight of the smoothness of G(s)
    f_every: int = 0  # 0: f stays frozen. n: every n-th step f is trained to be constant, as the port does
    lr: float = 3e-4  # learning rate of all Adams
    beta1: float = 0.5  # first Adam coefficient
    constant_share: float = 1.0  # share of the steps before the learning rate falls towards 0; 1: it never does
    ema: float = 0.0  # decay of an average of the networks that draw that translates, as 0.999; 0: none
    upsample: Upsampling = "transposed"  # how g doubles its maps; resize: without checkerboards


class DTN(Translator):
    Settings = DTNSettings
    coupling = "BatchNorm"

    def __init__(self, settings: DTNSettings = DTNSettings()):
        super().__init__()
        self.settings = s = settings
        if s.discriminator == "binary" and s.lambda_idt:
            raise LabError("dtn: the binary D is the baseline's, which never sees G(t); set lambda_idt to 0.")
        self.f = judges.load(s.f).requires_grad_(s.f_every > 0)
        if not s.on_f:
            self.encoder = ConvEncoder(s.channels, s.size, s.ngf // 2, FEATURES)
        self.g = DCGANGenerator(s.size, s.channels, FEATURES, s.ngf, s.upsample)
        if s.lambda_adv:
            self.D = DTNDiscriminator(s.size, s.channels, s.ndf, 3 if s.discriminator == "ternary" else 1)
        self.keep_averages("g", *([] if s.on_f else ["encoder"]), *(["f"] if s.f_every else []))

    def train(self, mode: bool = True) -> "DTN":
        """Training or evaluation mode, for all but f: what is frozen must not even gather statistics."""
        super().train(mode)
        self.f.eval()
        return self

    def players(self) -> tuple[Player, ...]:
        s = self.settings

        def adam(parameters):
            return torch.optim.Adam(parameters, lr=s.lr, betas=(s.beta1, 0.999))

        decay = linear_decay(s.constant_share)
        players = [Player("D", ("D",), adam, schedule=decay)] if s.lambda_adv else []
        players.append(Player("G", ("g",) if s.on_f else ("encoder", "g"), adam, schedule=decay))
        if s.f_every:
            players.append(Player("f", ("f",), adam, lambda step: (step + 1) % s.f_every == 0))
        return tuple(players)

    @property
    def _sees_target(self) -> bool:
        return self.settings.discriminator == "ternary" or self.settings.lambda_idt > 0

    def code(self, x: Tensor) -> Tensor:
        """What G draws from, (B, 32): f(x), or what the encoder of the baseline makes of the pixels."""
        if not self.settings.on_f:
            return self.encoder(x)
        with torch.no_grad():  # improvement 1: no gradient leads into f
            return self.f.features(x)

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        out = {"real_A": batch["A"], "real_B": batch["B"]}
        given = [batch["A"], batch["B"]] if self._sees_target else [batch["A"]]
        with torch.set_grad_enabled("G" in due):
            drawn = self.g(self.code(torch.cat(given))).split([len(x) for x in given])
        out["fake_B"] = drawn[0]
        if self._sees_target:
            out["idt_B"] = drawn[1]  # G(t): an image of B that went through G
        return out

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        match player:
            case "D":
                return self._discriminator_terms(out)
            case "G":
                return self._generator_terms(out)
        before, after = self.f.features(out["real_A"]), self.f.features(out["fake_B"].detach())
        return {"const": self.settings.lambda_const * constancy(before, after)}  # the port: f makes itself constant

    def _generator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        s, terms = self.settings, {}
        if s.lambda_adv and s.discriminator == "ternary":
            terms["adv"] = s.lambda_adv * ternary_generator(self.D(out["fake_B"]), self.D(out["idt_B"]))  # Eq. 4
        elif s.lambda_adv:
            terms["adv"] = s.lambda_adv * generator_loss("nonsaturating", self.D(out["fake_B"]))  # Eq. 1
        if s.lambda_const:
            with torch.no_grad():
                meaning = self.f.features(out["real_A"])
            terms["const"] = s.lambda_const * constancy(meaning, self.f.features(out["fake_B"]))  # Eq. 2 and 5
        if s.lambda_idt:
            terms["idt"] = s.lambda_idt * l2(out["idt_B"], out["real_B"])  # Eq. 6
        if s.lambda_tv:
            terms["tv"] = s.lambda_tv * total_variation(out["fake_B"])  # Eq. 7
        return terms

    def _discriminator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        real, fake = self.D(out["real_B"]), self.D(out["fake_B"].detach())
        if self.settings.discriminator == "ternary":
            return {"B": ternary_discriminator(fake, self.D(out["idt_B"].detach()), real)}  # Eq. 3
        return {"B": discriminator_loss("nonsaturating", real, fake)}  # Eq. 1

    @by_average
    def translate(self, x: Tensor, src: str = "A", dst: str = "B") -> Tensor:
        if (src, dst) != ("A", "B"):
            raise LabError(f"DTN translates A → B alone, not {src} → {dst}: g draws images of B and of nothing else.")
        return self.g(self.code(x))
