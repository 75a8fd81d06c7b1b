"""XGAN: two auto-encoders that meet in one embedding, and a translation that must keep its place there.

Paper:    Royer, Bousmalis, Gouws, Bertsch, Mosseri, Cole, Murphy, "XGAN: unsupervised image-to-image translation for
          many-to-many mappings", 2018, arXiv 1711.05139, section 3: L = L_rec + ω_d L_dann + ω_s L_sem + ω_g L_gan +
          ω_t L_teach.
Official: none. The known TensorFlow port is github.com/CS2470FinalProject/X-GAN; layers, rates, weights (all 1) and the
          least squares of the adversarial loss are its own, since the paper leaves them open or they are not at hand.

Differences
1. Reconstruction and semantic losses are means over pixels and over the numbers of an embedding, not norms.
2. The paper's teacher is a network for faces, as wide as XGAN's embedding. Ours is one of the frozen judges; a
   linear layer reads its 32 features off the embedding of A. Without a teacher the term is left out.
3. The port rectifies an embedding before the decoder's first transposed convolution. Here the decoder sees it as it is,
   negative numbers included.
4. The port's rate falls to 0 over the second half of training. Here it stays, unless `constant_share` is below 1.
5. The domain classifier moves with the auto-encoders, in one step: that is what the gradient reversal is for.
6. lambda_cyc is no part of XGAN: it puts CycleGAN's demand, on pixels, in the place of the semantic one, in the same
   networks, for the comparison of the two.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from labkit import judges
from labkit.errors import LabError
from labkit.judges.judge import FEATURES
from labkit.losses.adversarial import discriminator_loss, generator_loss
from labkit.losses.domain import domain_adversarial
from labkit.losses.reconstruction import l1, l2
from labkit.nets.memory import ImagePool
from labkit.nets.upsampling import Upsampling
from labkit.nets.xgan import (
    DomainClassifier,
    XGANDiscriminator,
    private_decoder,
    private_encoder,
    shared_decoder,
    shared_encoder,
)
from labkit.systems.base import Player, Translator, by_average
from labkit.systems.schedules import linear_decay

AUTO_ENCODERS = ("outer_E_A", "outer_E_B", "shared_E", "shared_Dec", "outer_Dec_A", "outer_Dec_B")


@dataclass(frozen=True)
class XGANSettings:
    """The port's values at the paper's 64 px; a miniature for 32 px is size 32, width 8, latent 64, ndf 16."""

    size: int = 64  # width of an image, at least 32
    channels: int = 3  # colour channels of both domains
    width: int = 32  # width of the encoders' first layer
    latent: int = 1024  # numbers in an embedding
    ndf: int = 16  # width of the discriminators' first layer
    lambda_rec: float = 1.0  # weight of the reconstruction, both domains
    lambda_dom: float = 1.0  # ω_d, weight of the reversed gradient; 0 leaves the domain classifier out
    lambda_sem: float = 1.0  # ω_s, weight of the semantic consistency, both ways
    lambda_adv: float = 1.0  # ω_g, weight of the adversarial terms, both ways; 0 leaves the discriminators out
    lambda_teach: float = 0.0  # ω_t, weight of the teacher; needs one
    teacher: str = ""  # a frozen judge that knows domain A; empty: none
    lambda_cyc: float = 0.0  # weight of a pixel cycle, for comparison; 0 leaves its passes out
    pool: int = 50  # generated images that a discriminator's history holds
    lr: float = 1e-4  # learning rate of both Adams
    beta1: float = 0.5  # first Adam coefficient
    constant_share: float = 1.0  # share of the steps before the learning rate falls towards 0; 1: it never does
    ema: float = 0.0  # decay of an average of the auto-encoders that translates, as 0.999; 0: none
    upsample: Upsampling = "transposed"  # how the decoders double their maps; resize: without checkerboards


class XGAN(Translator):
    Settings = XGANSettings
    training_only = (*Translator.training_only, "classifier", "teacher", "teacher_head")

    def __init__(self, settings: XGANSettings = XGANSettings()):
        super().__init__()
        self.settings = s = settings
        if bool(s.teacher) != bool(s.lambda_teach):
            raise LabError("xgan: a teacher needs a weight and a weight needs a teacher: set both, or neither.")
        self.outer_E_A, self.outer_E_B = (private_encoder(s.size, s.channels, s.width) for _ in range(2))
        self.shared_E = shared_encoder(s.width, s.latent)
        self.shared_Dec = shared_decoder(s.width, s.latent, s.upsample)
        self.outer_Dec_A, self.outer_Dec_B = (
            private_decoder(s.size, s.channels, s.width, s.upsample) for _ in range(2)
        )
        if s.lambda_dom:
            self.classifier = DomainClassifier(s.latent)
        if s.teacher:
            self.teacher = judges.load(s.teacher)
            self.teacher_head = nn.Linear(s.latent, FEATURES)
        if s.lambda_adv:
            self.D_A, self.D_B = (XGANDiscriminator(s.size, s.channels, s.ndf) for _ in range(2))
            self.pool_A, self.pool_B = ImagePool(s.pool), ImagePool(s.pool)
        self.keep_averages(*AUTO_ENCODERS)

    def players(self) -> tuple[Player, ...]:
        s = self.settings

        def adam(parameters):
            return torch.optim.Adam(parameters, lr=s.lr, betas=(s.beta1, 0.999))

        own = [*AUTO_ENCODERS]
        own += ["classifier"] if s.lambda_dom else []
        own += ["teacher_head"] if s.teacher else []
        decay = linear_decay(s.constant_share)
        auto_encoders = Player("G", tuple(own), adam, schedule=decay)
        judges_of_images = Player("D", ("D_A", "D_B"), adam, schedule=decay)
        return (auto_encoders, judges_of_images) if s.lambda_adv else (auto_encoders,)

    def embed(self, x: Tensor, src: str) -> Tensor:
        """The embedding of images (B, C, H, W) of domain `src`, (B, latent)."""
        return self.shared_E(self.outer_E_A(x) if src == "A" else self.outer_E_B(x))

    def draw(self, code: Tensor, dst: str) -> Tensor:
        """The images of domain `dst` that embeddings (B, latent) stand for, (B, C, H, W)."""
        inner = self.shared_Dec(code)
        return self.outer_Dec_A(inner) if dst == "A" else self.outer_Dec_B(inner)

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        s, out = self.settings, {"real_A": batch["A"], "real_B": batch["B"]}
        with torch.set_grad_enabled("G" in due):
            code_A, code_B = self.embed(batch["A"], "A"), self.embed(batch["B"], "B")
            out |= {"code_A": code_A, "code_B": code_B}
            if "G" not in due:
                return out | {"fake_B": self.draw(code_A, "B"), "fake_A": self.draw(code_B, "A")}
            both = torch.cat([code_A, code_B])  # InstanceNorm lets them share a pass
            out["rec_A"], out["fake_A"] = self.draw(both, "A").split([len(code_A), len(code_B)])
            out["fake_B"], out["rec_B"] = self.draw(both, "B").split([len(code_A), len(code_B)])
            if s.lambda_sem or s.lambda_cyc:
                out["code_fake_B"] = self.embed(out["fake_B"], "B")
                out["code_fake_A"] = self.embed(out["fake_A"], "A")
            if s.lambda_cyc:
                out["home_A"] = self.draw(out["code_fake_B"], "A")
                out["home_B"] = self.draw(out["code_fake_A"], "B")
        return out

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        return self._auto_encoder_terms(out) if player == "G" else self._discriminator_terms(out)

    def _auto_encoder_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        s, terms = self.settings, {}
        terms["rec_A"] = s.lambda_rec * l2(out["rec_A"], out["real_A"])
        terms["rec_B"] = s.lambda_rec * l2(out["rec_B"], out["real_B"])
        if s.lambda_dom:  # the classifier lowers it, the encoders raise ω_d times it
            terms["dom"] = domain_adversarial(self.classifier, out["code_A"], out["code_B"], s.lambda_dom)
        if s.lambda_sem:
            terms["sem_A"] = s.lambda_sem * l1(out["code_fake_B"], out["code_A"])  # e(x) = e(g(x)), from A
            terms["sem_B"] = s.lambda_sem * l1(out["code_fake_A"], out["code_B"])
        if s.lambda_adv:
            terms["adv_AB"] = s.lambda_adv * generator_loss("lsgan", self.D_B(out["fake_B"]))
            terms["adv_BA"] = s.lambda_adv * generator_loss("lsgan", self.D_A(out["fake_A"]))
        if s.teacher:
            terms["teach"] = s.lambda_teach * l1(self.teacher_head(out["code_A"]), self.teacher.features(out["real_A"]))
        if s.lambda_cyc:
            terms["cyc_A"] = s.lambda_cyc * l1(out["home_A"], out["real_A"])
            terms["cyc_B"] = s.lambda_cyc * l1(out["home_B"], out["real_B"])
        return terms

    def _discriminator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        shown_A, shown_B = self.pool_A(out["fake_A"]), self.pool_B(out["fake_B"])
        return {
            "A": discriminator_loss("lsgan", self.D_A(out["real_A"]), self.D_A(shown_A)),
            "B": discriminator_loss("lsgan", self.D_B(out["real_B"]), self.D_B(shown_B)),
        }

    @by_average
    def translate(self, x: Tensor, src: str = "A", dst: str = "B") -> Tensor:
        if (src, dst) not in (("A", "B"), ("B", "A")):
            raise LabError(f"XGAN translates A → B and B → A, not {src} → {dst}.")
        return self.draw(self.embed(x, src), dst)
