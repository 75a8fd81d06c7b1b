"""CycleGAN: two generators, two discriminators, and the demand that a round trip comes home.

Paper:    Zhu, Park, Isola, Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks",
          ICCV 2017, arXiv 1703.10593. Equations: 1 (adversarial), 2 (cycle), 3 (the sum), section 5.2 (identity).
Official: github.com/junyanz/pytorch-CycleGAN-and-pix2pix (BSD).

Differences
1. The paper writes the adversarial loss with logarithms and trains with least squares (section 4); so do we.
2. The paper uses the identity loss for painting → photo only; the official code uses it everywhere, at half the cycle
   weight. The default here is the code's: lambda_idt = 5 beside lambda_cyc = 10, both absolute.
3. Names: the official netG_A is our G_AB, netD_A (which judges domain B) is our D_B, and its idt_A (an image that lives
   in B) is our idt_B.
4. Five settings are for experiments and neutral by default: lambda_adv and cycles switch terms off (Tables 4 and 5);
   way_noise disturbs the intermediate image of every round trip in training, a defence against the hidden signal of Chu
   et al. 2017 (arXiv 1712.02950); generator takes a U-Net, an option of the official code too (here DualGAN's); noise
   shows the generators random numbers beside each image, the "CycleGAN with noise" of MUNIT's comparison (ECCV 2018).
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from labkit.errors import LabError
from labkit.losses.adversarial import discriminator_loss, generator_loss
from labkit.losses.reconstruction import l1
from labkit.nets.discriminators import PatchGAN
from labkit.nets.generators import NoiseInput, ResnetGenerator
from labkit.nets.memory import ImagePool
from labkit.nets.unet import UNet
from labkit.nets.upsampling import Upsampling
from labkit.systems.base import Player, Translator, by_average
from labkit.systems.schedules import linear_decay


@dataclass(frozen=True)
class CycleGANSettings:
    """The paper's values; a miniature for 32 px is ngf 16, ndf 16, blocks 2, d_layers 2."""

    channels: int = 3  # colour channels of both domains
    ngf: int = 64  # width of the generators' first layer
    ndf: int = 64  # width of the discriminators' first layer
    generator: Literal["resnet", "unet"] = "resnet"  # unet: DualGAN's, with a skip at every level
    blocks: int = 9  # resnet: residual blocks, 9 at 256 px, 6 at 128 px
    levels: int = 8  # unet: halvings
    noise: int = 0  # random numbers that the generators see beside each image, the same at every pixel
    d_layers: int = 3  # strided layers of the discriminators: 3 is the 70×70 PatchGAN
    lambda_adv: float = 1.0  # weight of the adversarial terms; 0 leaves the cycle loss alone
    lambda_cyc: float = 10.0  # weight of the cycle loss, both directions; 0 leaves its passes out
    cycles: Literal["both", "forward", "backward"] = "both"  # which round trips count: A → B → A, B → A → B
    way_noise: float = 0.0  # standard deviation of white noise on the image halfway through a round trip
    lambda_idt: float = 5.0  # weight of the identity loss, both domains; 0 leaves its passes out
    pool: int = 50  # generated images that a discriminator's history holds
    lr: float = 2e-4  # learning rate of both Adams
    beta1: float = 0.5  # first Adam coefficient
    constant_share: float = 0.5  # share of the steps before the learning rate falls towards 0
    ema: float = 0.0  # decay of an average of the generators that translates, as 0.999; 0: none
    upsample: Upsampling = "transposed"  # how the generators double their maps; resize: without checkerboards


class CycleGAN(Translator):
    Settings = CycleGANSettings

    def __init__(self, settings: CycleGANSettings = CycleGANSettings()):
        super().__init__()
        self.settings = s = settings
        self.G_AB, self.G_BA = self._generator(), self._generator()
        self.D_A = PatchGAN(s.channels, s.ndf, s.d_layers)
        self.D_B = PatchGAN(s.channels, s.ndf, s.d_layers)
        self.pool_A = ImagePool(s.pool)
        self.pool_B = ImagePool(s.pool)
        self.keep_averages("G_AB", "G_BA")

    def _generator(self) -> torch.nn.Module:
        s = self.settings
        if s.generator == "unet":
            return UNet(s.channels, s.ngf, s.levels, s.upsample)
        generator = ResnetGenerator(s.channels + s.noise, s.channels, s.ngf, s.blocks, upsample=s.upsample)
        return NoiseInput(generator, s.noise) if s.noise else generator

    def players(self) -> tuple[Player, ...]:
        def adam(parameters):
            return torch.optim.Adam(parameters, lr=self.settings.lr, betas=(self.settings.beta1, 0.999))

        decay = linear_decay(self.settings.constant_share)
        return (
            Player("G", ("G_AB", "G_BA"), adam, schedule=decay),
            Player("D", ("D_A", "D_B"), adam, schedule=decay),
        )

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        out = {"real_A": batch["A"], "real_B": batch["B"]}
        with torch.set_grad_enabled("G" in due):
            if "G" in due and self.settings.lambda_idt:  # InstanceNorm lets two inputs share one pass
                out["fake_B"], out["idt_B"] = self.G_AB(torch.cat([out["real_A"], out["real_B"]])).chunk(2)
                out["fake_A"], out["idt_A"] = self.G_BA(torch.cat([out["real_B"], out["real_A"]])).chunk(2)
            else:
                out["fake_B"], out["fake_A"] = self.G_AB(out["real_A"]), self.G_BA(out["real_B"])
            if "G" in due and self._forward:
                out["rec_A"] = self.G_BA(self._on_the_way(out["fake_B"]))
            if "G" in due and self._backward:
                out["rec_B"] = self.G_AB(self._on_the_way(out["fake_A"]))
        return out

    @property
    def _forward(self) -> bool:
        return self.settings.lambda_cyc > 0 and self.settings.cycles != "backward"

    @property
    def _backward(self) -> bool:
        return self.settings.lambda_cyc > 0 and self.settings.cycles != "forward"

    def _on_the_way(self, fake: Tensor) -> Tensor:
        noise = self.settings.way_noise
        return fake + noise * torch.randn_like(fake) if noise else fake

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        return self._generator_terms(out) if player == "G" else self._discriminator_terms(out)

    def _generator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        s, terms = self.settings, {}
        if s.lambda_adv:
            terms["adv_AB"] = s.lambda_adv * generator_loss("lsgan", self.D_B(out["fake_B"]))  # Eq. 1, least squares
            terms["adv_BA"] = s.lambda_adv * generator_loss("lsgan", self.D_A(out["fake_A"]))
        if self._forward:
            terms["cyc_A"] = s.lambda_cyc * l1(out["rec_A"], out["real_A"])  # Eq. 2, forward: A → B → A
        if self._backward:
            terms["cyc_B"] = s.lambda_cyc * l1(out["rec_B"], out["real_B"])  # Eq. 2, backward: B → A → B
        if s.lambda_idt:
            terms["idt_A"] = s.lambda_idt * l1(out["idt_A"], out["real_A"])  # section 5.2
            terms["idt_B"] = s.lambda_idt * l1(out["idt_B"], out["real_B"])
        return terms

    def _discriminator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        shown_A, shown_B = self.pool_A(out["fake_A"]), self.pool_B(out["fake_B"])
        return {
            "A": discriminator_loss("lsgan", self.D_A(out["real_A"]), self.D_A(shown_A)),
            "B": discriminator_loss("lsgan", self.D_B(out["real_B"]), self.D_B(shown_B)),
        }

    @by_average
    def translate(self, x: Tensor, src: str = "A", dst: str = "B") -> Tensor:
        ways = {("A", "B"): self.G_AB, ("B", "A"): self.G_BA}
        if (src, dst) not in ways:
            raise LabError(f"CycleGAN translates A → B and B → A, not {src} → {dst}.")
        return ways[src, dst](x)
