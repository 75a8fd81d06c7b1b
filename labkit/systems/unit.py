"""UNIT: two variational autoencoders and two GANs around one latent space, from which both domains are painted.

Paper:    Liu, Breuel, Kautz, "Unsupervised Image-to-Image Translation Networks", NeurIPS 2017, arXiv 1703.00848.
          Equations 3 (the sum), 4 and 5 (VAE), 6 and 7 (GAN), 8 and 9 (cycle).
Official: github.com/mingyuliutw/UNIT, branch version_02, exps/unit/cat2tiger.yaml and corgi2husky.yaml (CC BY-NC-SA).
          `unit2018.py` is what the repository became.

The shared-latent-space assumption: for a pair (x_A, x_B) there is one code z with E_A(x_A) = z = E_B(x_B) and x_A =
Dec_A(z), x_B = Dec_B(z). Translation is E_A followed by Dec_B. What the assumption asks for, the network is built for:
the last block of both encoders is one block, and so is the first of both decoders.

Differences
1. Of the KL the official code computes a mean of squares, not half a sum (the variance of the code is 1 by design):
   2 / numbers in a code times the paper's. So do we, with the paper's weight 0.1. But the code squares what it decodes,
   the mean μ with its noise; here it is μ alone, as in the paper. The noise adds 1 on average, which no weight changes,
   and a random push of mean 0.
2. The paper's Eq. 8 names the KL of the first encoding once more; the code counts it once, with the VAE. So do we.
3. The discriminator sees translations alone, never reconstructions, as in the code.
4. `shared` and `lambda_cyc` switch parts off, for the ablation of the paper's section 4.1.
5. `d_kaiming` and `d_norm` are ours, for miniatures: with the official starting weights a narrow D hardly sees its
   picture, and without a norm it hardly keeps up with the decoders.
6. Biases start at 0. The official code sets weights alone and leaves biases at PyTorch's own start, which depends on
   the layer: today it is up to 0.58 in the one that paints the colours.
7. The official code encodes and decodes anew for G's step, with fresh noise. Here D and G share one draw.
8. `same_start` is ours, for runs of thousands of steps: at first E_A = E_B and Dec_A = Dec_B, so a picture and its
   translation begin with one code. From independent values a code of A means nothing to Dec_B for a long time.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from labkit.errors import LabError
from labkit.losses.adversarial import discriminator_loss, generator_loss
from labkit.losses.reconstruction import l1
from labkit.losses.variational import kl_fixed, reparameterise
from labkit.nets.cogan import DOMAINS
from labkit.nets.unit import CoupledAutoencoder, StridedDiscriminator
from labkit.nets.upsampling import Upsampling
from labkit.systems.base import Player, Translator, by_average


@dataclass(frozen=True)
class UNITSettings:
    """The paper's values; a miniature for 32 px is ngf 16, ndf 16, blocks 1, d_layers 3."""

    channels: int = 3  # colour channels of both domains
    ngf: int = 64  # width of the autoencoders' first layer; the code has four times as many maps
    ndf: int = 64  # width of the discriminators' first layer
    blocks: int = 3  # residual blocks of each encoder and decoder that are its own
    d_layers: int = 6  # strided layers of the discriminators
    d_kaiming: bool = False  # whether the discriminators start from N(0, 2 / fan_in), as narrow ones need to
    d_norm: bool = False  # whether the discriminators have InstanceNorm behind all but their first layer
    same_start: bool = False  # whether B's own layers start with the values of A's; from there each learns alone
    shared: bool = True  # whether the blocks around the code are one for both domains
    lambda_adv: float = 10.0  # λ0, weight of the adversarial terms
    lambda_kl: float = 0.1  # λ1, weight of the KL of an image's code
    lambda_rec: float = 100.0  # λ2, weight of the reconstruction within a domain
    lambda_kl_cyc: float = 0.1  # λ3, weight of the KL of a translation's code
    lambda_cyc: float = 100.0  # λ4, weight of the cycle loss; 0 leaves out its passes and the KL within them
    lr: float = 1e-4  # learning rate of both Adams
    beta1: float = 0.5  # first Adam coefficient
    weight_decay: float = 1e-4  # of both Adams
    ema: float = 0.0  # decay of an average of both autoencoders that translates, as 0.999; 0: none
    upsample: Upsampling = "transposed"  # how the decoders double their maps; resize: without checkerboards


class UNIT(Translator):
    Settings = UNITSettings

    def __init__(self, settings: UNITSettings = UNITSettings()):
        super().__init__()
        self.settings = s = settings
        self.G = CoupledAutoencoder(s.channels, s.ngf, s.blocks, s.shared, s.upsample)
        self.D_A = StridedDiscriminator(s.channels, s.ndf, s.d_layers, s.d_kaiming, s.d_norm)
        self.D_B = StridedDiscriminator(s.channels, s.ndf, s.d_layers, s.d_kaiming, s.d_norm)
        if s.same_start:
            self.G.start_alike()
        self.keep_averages("G")

    def players(self) -> tuple[Player, ...]:
        s = self.settings
        adam = partial(torch.optim.Adam, lr=s.lr, betas=(s.beta1, 0.999), weight_decay=s.weight_decay)
        return Player("D", ("D_A", "D_B"), adam), Player("G", ("G",), adam)

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        out = {"real_A": batch["A"], "real_B": batch["B"]}
        with torch.set_grad_enabled("G" in due):
            out["mu_A"], out["mu_B"] = self.encode(out["real_A"], "A"), self.encode(out["real_B"], "B")
            z = self._draw(torch.cat([out["mu_A"], out["mu_B"]]))
            out["rec_A"], out["fake_A"] = self.decode(z, "A").chunk(2)  # InstanceNorm lets two codes share a pass
            out["fake_B"], out["rec_B"] = self.decode(z, "B").chunk(2)
            if "G" in due and self.settings.lambda_cyc:
                out["mu_fake_A"], out["mu_fake_B"] = self.encode(out["fake_A"], "A"), self.encode(out["fake_B"], "B")
                out["cyc_A"] = self.decode(self._draw(out["mu_fake_B"]), "A")
                out["cyc_B"] = self.decode(self._draw(out["mu_fake_A"]), "B")
        return out

    def _draw(self, mu: Tensor) -> Tensor:
        return reparameterise(mu) if self.training else mu

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        return self._generator_terms(out) if player == "G" else self._discriminator_terms(out)

    def _generator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        s = self.settings
        terms = {
            "adv_AB": s.lambda_adv * generator_loss("nonsaturating", self.D_B(out["fake_B"])),  # Eq. 7
            "adv_BA": s.lambda_adv * generator_loss("nonsaturating", self.D_A(out["fake_A"])),  # Eq. 6
        }
        for d in DOMAINS:  # Eq. 4 and 5
            terms[f"rec_{d}"] = s.lambda_rec * l1(out[f"rec_{d}"], out[f"real_{d}"])
            terms[f"kl_{d}"] = s.lambda_kl * kl_fixed(out[f"mu_{d}"])
        if s.lambda_cyc:
            for d in DOMAINS:  # Eq. 8 and 9
                terms[f"cyc_{d}"] = s.lambda_cyc * l1(out[f"cyc_{d}"], out[f"real_{d}"])
                terms[f"kl_fake_{d}"] = s.lambda_kl_cyc * kl_fixed(out[f"mu_fake_{d}"])
        return terms

    def _discriminator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        fake_A, fake_B = out["fake_A"].detach(), out["fake_B"].detach()
        weight = self.settings.lambda_adv
        return {
            "A": weight * discriminator_loss("nonsaturating", self.D_A(out["real_A"]), self.D_A(fake_A)),
            "B": weight * discriminator_loss("nonsaturating", self.D_B(out["real_B"]), self.D_B(fake_B)),
        }

    def encode(self, x: Tensor, domain: str) -> Tensor:
        """The code of images (B, C, H, W) of a domain, without noise: (B, 4 · ngf, H / 4, W / 4)."""
        return self.G.encode(x, domain)

    def decode(self, z: Tensor, domain: str) -> Tensor:
        """The images that codes stand for in a domain."""
        return self.G.decode(z, domain)

    @by_average
    def translate(self, x: Tensor, src: str = "A", dst: str = "B") -> Tensor:
        if {src, dst} - set(DOMAINS):
            raise LabError(f"{type(self).__name__} knows the domains A and B, not {src} → {dst}.")
        return self.decode(self.encode(x, src), dst)  # A → A is the reconstruction
