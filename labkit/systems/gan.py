"""The GAN: a generator and a discriminator play a min-max game.

Goodfellow et al., "Generative adversarial nets", NeurIPS 2014, arXiv 1406.2661: Eq. 1 and Algorithm 1.
Radford et al., "Unsupervised representation learning with deep convolutional generative adversarial networks" (DCGAN),
ICLR 2016, arXiv 1511.06434: networks and settings; official code github.com/Newmu/dcgan_code and
github.com/soumith/dcgan.torch, none of it used here.
Lin et al., "PacGAN: the power of two samples in generative adversarial networks", NeurIPS 2018, arXiv 1712.04086:
packing.

Differences from the papers:
1. Algorithm 1 draws new noise for the step of G. Here, as in the code of DCGAN, G is judged on the images that D has
   just been trained on, by the D that has just been updated.
2. D gives logits; sigmoid and logarithm live in the loss, where they cannot overflow.
3. The paper does not say how wide D is; 64 is the released code's.
4. A penalty on the slope of D at each image (`lambda_gp`, `gamma_r1`) is refused beside BatchNorm in D, where the
   logit of an image also depends on its neighbours in the batch (Gulrajani et al. 2017, section 4).
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor
from torch.optim import Adam

from labkit.errors import LabError
from labkit.losses.adversarial import discriminator_loss, generator_loss, gradient_penalty, r1_penalty
from labkit.nets.dcgan import DCGANDiscriminator, DCGANGenerator
from labkit.nets.mlp import mlp
from labkit.systems.base import Player, Sampler, by_average


@dataclass(frozen=True)
class Settings:
    """Defaults: DCGAN's paper (section 4 and figure 1) for 64 px colour images."""

    networks: Literal["dcgan", "mlp"] = "dcgan"  # mlp: for points in the plane, two hidden layers a player
    loss: Literal["minimax", "nonsaturating", "lsgan", "hinge", "wasserstein"] = "nonsaturating"
    noise: Literal["uniform", "normal"] = "uniform"  # z uniform in [-1, 1], or standard normal
    nz: int = 100  # numbers in z
    size: int = 64  # dcgan: width of an image
    channels: int = 3  # dcgan: colours of an image
    ngf: int = 128  # dcgan: channels of G before the last layer
    ndf: int = 64  # dcgan: channels of D after the first layer
    norm_D: bool = True  # dcgan: BatchNorm in D
    hidden: int = 128  # mlp: width of the hidden layers
    points: int = 2  # mlp: coordinates of a point
    lr_G: float = 2e-4  # Adam; the paper found 1e-3 too high
    lr_D: float = 2e-4
    beta1: float = 0.5  # the paper found 0.9 unstable
    beta2: float = 0.999
    n_critic: int = 1  # steps of D for each step of G (WGAN-GP: 5)
    lambda_gp: float = 0.0  # weight of the gradient penalty of WGAN-GP (there: 10)
    gamma_r1: float = 0.0  # weight of the R1 penalty
    pack: int = 1  # PacGAN: samples that D judges together
    ema: float = 0.0  # decay of an average of G that samples, as 0.999; 0: none


class GAN(Sampler):
    """G maps noise z (B, nz) to samples; D maps samples to a logit each, or one for every `pack` of them.

    Batches hold "real": images (B, C, H, W) in [-1, 1], or points (B, points). B must be a multiple of `pack`.
    """

    Settings = Settings

    def __init__(self, settings: Settings = Settings()):  # noqa: B008 (frozen)
        super().__init__()
        self.settings = s = settings
        if s.networks == "dcgan":
            self.G = DCGANGenerator(s.size, s.channels, s.nz, s.ngf)
            self.D = DCGANDiscriminator(s.size, s.channels * s.pack, s.ndf, s.norm_D)
        else:
            self.G = mlp(s.nz, s.hidden, s.hidden, s.points)
            self.D = mlp(s.points * s.pack, s.hidden, s.hidden, 1, slope=0.2)
        if (s.lambda_gp or s.gamma_r1) and s.networks == "dcgan" and s.norm_D:
            penalty = "lambda_gp" if s.lambda_gp else "gamma_r1"
            raise LabError(
                f"gan: {penalty} needs a D that judges each image alone, and BatchNorm does not: norm_D false."
            )
        self.double_backward = ("D",) if s.lambda_gp or s.gamma_r1 else ()
        self.keep_averages("G")
        if s.pack > 1:
            self.coupling = "packing"
        elif s.networks == "dcgan":
            self.coupling = "BatchNorm"

    def players(self) -> tuple[Player, ...]:
        s = self.settings
        adam = partial(Adam, betas=(s.beta1, s.beta2))
        return (  # D first, as in Algorithm 1
            Player("D", ("D",), partial(adam, lr=s.lr_D)),
            Player("G", ("G",), partial(adam, lr=s.lr_G), due=lambda step: (step + 1) % s.n_critic == 0),
        )

    def noise(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """n draws of z, (n, nz), on the networks' device."""
        device = next(self.G.parameters()).device
        drawn_on = generator.device if generator is not None else device
        if self.settings.noise == "uniform":
            z = 2 * torch.rand(n, self.settings.nz, generator=generator, device=drawn_on) - 1
        else:
            z = torch.randn(n, self.settings.nz, generator=generator, device=drawn_on)
        return z.to(device)

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        with torch.set_grad_enabled("G" in due):  # where only D moves, G needs no graph
            fake = self.G(self.noise(len(batch["real"])))
        return {"real": batch["real"], "fake": fake}

    def packed(self, x: Tensor) -> Tensor:
        """Lay `pack` samples on top of each other as channels: (B, C, ...) -> (B / pack, C * pack, ...)."""
        return x.reshape(len(x) // self.settings.pack, -1, *x.shape[2:])

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        s = self.settings
        if player == "D":
            real, fake = self.packed(out["real"]), self.packed(out["fake"].detach())  # D's step must not move G
            terms = {"adv": discriminator_loss(s.loss, self.D(real), self.D(fake))}  # Eq. 1, max over D
            if s.lambda_gp:
                terms["gp"] = s.lambda_gp * gradient_penalty(self.D, real, fake)
            if s.gamma_r1:
                terms["r1"] = s.gamma_r1 * r1_penalty(self.D, real)
            return terms
        return {"adv": generator_loss(s.loss, self.D(self.packed(out["fake"])))}  # Eq. 1, min over G

    @torch.no_grad()
    @by_average
    def sample(self, n: int, seed: int = 0) -> Tensor:
        """n samples of G in evaluation mode, the same for the same weights and seed."""
        training = self.training
        z = self.noise(n, torch.Generator().manual_seed(seed))
        samples = self.eval().G(z)
        self.train(training)
        return samples
