"""DualGAN: CycleGAN's two round trips with Wasserstein critics and a U-Net.

Paper:    Yi, Zhang, Tan, Gong, "DualGAN: unsupervised dual learning for image-to-image translation", ICCV 2017,
          arXiv 1704.02510. Equations 1 and 2 (critics), 3 (generators); Algorithm 1; section 3.4 (settings).
Official: github.com/duxingren14/DualGAN (TensorFlow 1; no licence named).

Differences
1. The paper holds the critics Lipschitz by clipping their weights; the official code changed to the gradient penalty of
   WGAN-GP (weight 10) and one critic step for each generator step. Both are here, `critic` "clip" and "gp".
2. The paper's noise is dropout in training and test; the official code's rate is 0, and there is none here.
3. Padding: TensorFlow pads even images on the right and below, here it is symmetric. The shapes are the same.
4. The norm divides by √(variance + 1e-6) in the official code and by √(variance + 1e-5), PyTorch's usual number, here.
   Fresh weights make maps so faint that it matters: with the same weights round trips differ by 4 to 10 % of their
   length, those of pictures with little contrast by 40 %.
5. The official code draws the weights of transposed convolutions from a normal distribution, those of the others from
   one that is cut off at two deviations. Here all are cut off.
6. TensorFlow's RMSProp starts its moving average of squares at 1, PyTorch's at 0. So the official code's first hundred
   steps or more are shorter.
7. What the U-Net normalises at 256 px down to one pixel comes out as a constant (see `ImageNorm`), in the official code
   too. `levels` below log2(size) avoids it.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from labkit.errors import LabError
from labkit.losses.adversarial import discriminator_loss, generator_loss, gradient_penalty
from labkit.losses.reconstruction import l1
from labkit.nets.unet import DualCritic, UNet
from labkit.nets.upsampling import Upsampling
from labkit.systems.base import Player, Translator, by_average


@dataclass(frozen=True)
class DualGANSettings:
    """The paper's values; where it gives a range, the middle that the official code or README names."""

    size: int = 256  # width of an image, for the global critic
    channels: int = 3  # colour channels of both domains
    ngf: int = 64  # width of the generators' first layer
    ndf: int = 64  # width of the critics' first layer
    levels: int = 8  # halvings of the U-Net
    d_layers: int = 5  # strided layers of the critics
    view: Literal["global", "patch"] = "global"  # what a critic judges at once
    critic: Literal["clip", "gp"] = "clip"  # how a critic is held Lipschitz: the paper's way, the official code's
    clip: float = 0.01  # bound of the critics' weights; the paper: between 0.01 and 0.1
    lambda_gp: float = 10.0  # weight of the gradient penalty
    lambda_cyc: float = 500.0  # weight of the reconstruction; the paper: between 100 and 1000
    n_critic: int = 3  # critic steps for each generator step; the paper: 2 to 4, the official code: 1
    lr: float = 5e-5  # learning rate of both RMSProps
    decay: float = 0.9  # of RMSProp's moving average
    ema: float = 0.0  # decay of an average of the generators that translates, as 0.999; 0: none
    upsample: Upsampling = "transposed"  # how the U-Nets double their maps; resize: without checkerboards


class DualGAN(Translator):
    Settings = DualGANSettings

    def __init__(self, settings: DualGANSettings = DualGANSettings()):
        super().__init__()
        self.settings = s = settings
        self.double_backward = ("D_A", "D_B") if s.critic == "gp" else ()
        self.G_AB, self.G_BA = (UNet(s.channels, s.ngf, s.levels, s.upsample) for _ in range(2))
        self.D_A, self.D_B = (DualCritic(s.size, s.channels, s.ndf, s.d_layers, s.view) for _ in range(2))
        self.keep_averages("G_AB", "G_BA")

    def players(self) -> tuple[Player, ...]:
        s = self.settings

        def rmsprop(parameters):
            return torch.optim.RMSprop(parameters, lr=s.lr, alpha=s.decay)

        return (  # Algorithm 1: the critics first
            Player("D", ("D_A", "D_B"), rmsprop),
            Player("G", ("G_AB", "G_BA"), rmsprop, due=lambda step: (step + 1) % s.n_critic == 0),
        )

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        out = {"real_A": batch["A"], "real_B": batch["B"]}
        with torch.set_grad_enabled("G" in due):
            out["fake_B"], out["fake_A"] = self.G_AB(out["real_A"]), self.G_BA(out["real_B"])
            if "G" in due:
                out["rec_A"], out["rec_B"] = self.G_BA(out["fake_B"]), self.G_AB(out["fake_A"])
        return out

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        return self._generator_terms(out) if player == "G" else self._critic_terms(out)

    def _generator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        s = self.settings
        return {  # Eq. 3
            "adv_AB": generator_loss("wasserstein", self.D_B(out["fake_B"])),
            "adv_BA": generator_loss("wasserstein", self.D_A(out["fake_A"])),
            "cyc_A": s.lambda_cyc * l1(out["rec_A"], out["real_A"]),
            "cyc_B": s.lambda_cyc * l1(out["rec_B"], out["real_B"]),
        }

    def _critic_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        terms = {}
        for living, D in (("A", self.D_A), ("B", self.D_B)):
            real, fake = out[f"real_{living}"], out[f"fake_{living}"].detach()
            terms[living] = discriminator_loss("wasserstein", D(real), D(fake))  # Eq. 1 and 2
            if self.settings.critic == "gp":
                terms[f"gp_{living}"] = self.settings.lambda_gp * gradient_penalty(D, real, fake)
        return terms

    @torch.no_grad()
    def after_step(self, due: frozenset[str]) -> None:
        super().after_step(due)
        if self.settings.critic == "clip" and "D" in due:
            for D in (self.D_A, self.D_B):
                for weight in D.parameters():
                    weight.clamp_(-self.settings.clip, self.settings.clip)

    @by_average
    def translate(self, x: Tensor, src: str = "A", dst: str = "B") -> Tensor:
        ways = {("A", "B"): self.G_AB, ("B", "A"): self.G_BA}
        if (src, dst) not in ways:
            raise LabError(f"DualGAN translates A → B and B → A, not {src} → {dst}.")
        return ways[src, dst](x)
