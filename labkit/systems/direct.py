"""Direct mapping: one generator, one discriminator, no other tie between input and output.

Galanti, Wolf, Benaim, "The role of minimal complexity functions in unsupervised learning of semantic mappings", ICLR
2018, arXiv 1709.00074. Its claims: (1) the adversarial loss alone finds the semantic mapping with a small enough
network; (2) a deeper one fits the target domain as well and loses the alignment; (3) the cure is to train a small g
first, then a deep h that must stay near it (their Algorithm 1).
Official code: none. With `depth` 0 the networks are CycleGAN's (arXiv 1703.10593), for comparisons with it: this is its
"GAN alone" (Tables 4 and 5), one way.

Differences
1. The paper varies the depth of DiscoGAN's generator; so does `depth`: half of the layers go down, half up.
2. The adversarial loss is least squares, CycleGAN's. The paper fixes the loss for no claim.
3. Both stages are one run: g learns for `small_steps`, then h, each against a discriminator of its own.
4. Networks of any depth have CycleGAN's PatchGAN and image pool, and its falling learning rate; g's rate is constant.
   `lambda_near` is ours.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from labkit.errors import LabError
from labkit.losses.adversarial import discriminator_loss, generator_loss
from labkit.losses.reconstruction import l1
from labkit.nets.disco import DiscoGenerator
from labkit.nets.discriminators import PatchGAN
from labkit.nets.generators import ResnetGenerator
from labkit.nets.memory import ImagePool
from labkit.nets.upsampling import Upsampling
from labkit.systems.base import Player, Translator, by_average, every_step
from labkit.systems.schedules import linear_decay


@dataclass(frozen=True)
class DirectSettings:
    """CycleGAN's networks and optimisers; depth 8 is DiscoGAN's generator."""

    channels: int = 3  # colour channels of both domains
    ngf: int = 64  # width of the generator's first layer
    ndf: int = 64  # width of the discriminator's first layer
    blocks: int = 9  # residual blocks, where depth is 0
    depth: int = 0  # layers of a plain encoder-decoder, an even number; 0 takes CycleGAN's generator
    d_layers: int = 3  # strided layers of the discriminator
    small_depth: int = 0  # layers of the small network g that is trained first; 0 leaves this stage out
    small_steps: int = 0  # steps of that stage
    lambda_near: float = 10.0  # weight of the distance between h and g in the second stage
    pool: int = 50  # generated images that the discriminator's history holds
    lr: float = 2e-4  # learning rate of all Adams
    beta1: float = 0.5  # first Adam coefficient
    constant_share: float = 0.5  # share of the steps before the learning rate falls towards 0
    ema: float = 0.0  # decay of an average of the generator that translates, as 0.999; 0: none
    upsample: Upsampling = "transposed"  # how the generators double their maps; resize: without checkerboards


class Direct(Translator):
    Settings = DirectSettings
    training_only = ("D_B", "pool_B", "small_AB", "small_D_B", "small_pool_B")

    def __init__(self, settings: DirectSettings = DirectSettings()):
        super().__init__()
        self.settings = s = settings
        for depth in (s.depth, s.small_depth):
            if depth < 0 or depth % 2:
                raise LabError(f"direct: the depth is an even number of layers, found {depth}.")
        if bool(s.small_depth) != bool(s.small_steps):
            raise LabError("direct: the two stages need both small_depth and small_steps.")
        if s.depth or s.small_depth:
            self.coupling = "BatchNorm"
        self.G_AB = (
            DiscoGenerator(s.channels, s.ngf, s.depth // 2, upsample=s.upsample)
            if s.depth
            else ResnetGenerator(s.channels, s.channels, s.ngf, s.blocks, upsample=s.upsample)
        )
        self.D_B = PatchGAN(s.channels, s.ndf, s.d_layers)
        self.pool_B = ImagePool(s.pool)
        if s.small_depth:
            self.small_AB = DiscoGenerator(s.channels, s.ngf, s.small_depth // 2, upsample=s.upsample)
            self.small_D_B = PatchGAN(s.channels, s.ndf, s.d_layers)
            self.small_pool_B = ImagePool(s.pool)
        self.keep_averages("G_AB")

    def players(self) -> tuple[Player, ...]:
        s = self.settings

        def adam(parameters):
            return torch.optim.Adam(parameters, lr=s.lr, betas=(s.beta1, 0.999))

        def first(step: int) -> bool:
            return step < s.small_steps

        def second(step: int) -> bool:
            return step >= s.small_steps

        def factor(step: int, steps: int) -> float:  # h starts at the full rate
            return linear_decay(s.constant_share)(step - s.small_steps, steps - s.small_steps)

        if not s.small_depth:
            return (
                Player("G", ("G_AB",), adam, every_step, factor),
                Player("D", ("D_B",), adam, every_step, factor),
            )
        return (
            Player("small_G", ("small_AB",), adam, first),
            Player("small_D", ("small_D_B",), adam, first),
            Player("G", ("G_AB",), adam, second, factor),
            Player("D", ("D_B",), adam, second, factor),
        )

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        out = {"real_A": batch["A"], "real_B": batch["B"]}
        if due & {"G", "D"}:
            with torch.set_grad_enabled("G" in due):
                out["fake_B"] = self.G_AB(batch["A"])
        if due & {"small_G", "small_D"} or ("G" in due and self.settings.small_depth):
            with torch.set_grad_enabled("small_G" in due):
                out["small_B"] = self.small_AB(batch["A"])
        return out

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        match player:
            case "G":
                terms = {"adv": generator_loss("lsgan", self.D_B(out["fake_B"]))}
                if self.settings.small_depth:  # Algorithm 1: h stays near g
                    terms["near"] = self.settings.lambda_near * l1(out["fake_B"], out["small_B"].detach())
                return terms
            case "D":
                shown = self.pool_B(out["fake_B"])
                return {"B": discriminator_loss("lsgan", self.D_B(out["real_B"]), self.D_B(shown))}
            case "small_G":
                return {"adv": generator_loss("lsgan", self.small_D_B(out["small_B"]))}
        shown = self.small_pool_B(out["small_B"])
        return {"B": discriminator_loss("lsgan", self.small_D_B(out["real_B"]), self.small_D_B(shown))}

    @by_average
    def translate(self, x: Tensor, src: str = "A", dst: str = "B") -> Tensor:
        if (src, dst) != ("A", "B"):
            raise LabError(f"The direct mapping learns A → B alone, not {src} → {dst}.")
        return self.G_AB(x)
