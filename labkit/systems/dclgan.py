"""DCLGAN and SimDCL: CUT in both directions, each domain with an encoder and heads of its own.

Paper:    Han, Shoeiby, Petersson, Armin, "Dual Contrastive Learning for Unsupervised Image-to-Image Translation",
          NTIRE workshop at CVPR 2021, arXiv 2104.07689. Its terms: adversarial, PatchNCE, identity, and in SimDCL
          similarity.
Official: github.com/JunlinHan/DCLGAN.

A place of fake_B is embedded by what knows domain B, the encoder of G_BA and the heads F_B; its key, the same place of
real_A, by the encoder of G_AB and F_A. So A → B trains both generators and F_B, and B → A both and F_A.

Differences
1. Weights are absolute, and the code's, which halves its 1, 2 and 1: adversarial ½, PatchNCE 1, identity ½ for each
   direction. In SimDCL the code never reads the weight of PatchNCE, which is ½ there, beside a similarity of 10.
2. Hinge, as in the code: G minimises max(0, 1 - D(fake)), which is 0 where D is fooled well enough. The usual form, as
   in FUNIT, is -D(fake). D's loss has a ½. No image pool.
3. Negatives come from the whole batch, as in the code, whatever its option says. With one image, which is what the
   code trains on, that is CUT's loss; `negatives` "internal" is CUT's with more images, too.
4. Scores are cosines, as in the code. The heads' vectors are a little short of length 1, and shorter than ½ where a
   head puts out less than 1e-7. Those are doubled here and not brought to length 1, as on pictures of one colour the
   code has gradients of 1e12 that mean nothing.
5. The code encodes real_A and real_B again to have their keys. Here they are taken on the way to fake_B and fake_A.
6. One draw of places serves both directions. The code draws for each, and in SimDCL once more for the similarity.
7. Heads and mappings exist from the start, with an optimiser of their own, as in `cut.py`. The code gives DCLGAN's
   heads the rate and the betas that Adam has by default, SimDCL's those of G.
8. SimDCL. The similarity is the mean distance of two mapped images; the code names a sum, and gets the mean. The code
   takes one image a batch, whose layers all have `num_patches` places. Here a batch has any number of images, and where
   a layer has fewer places the similarity sees as many of each layer.
9. For experiments: antialias, nce_layers, num_patches and negatives as in `cut.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, relu

from labkit.errors import LabError
from labkit.losses.adversarial import discriminator_loss
from labkit.losses.contrastive import patch_nce
from labkit.losses.reconstruction import l1
from labkit.nets.blocks import init_xavier
from labkit.nets.discriminators import PatchGAN
from labkit.nets.generators import ResnetGenerator
from labkit.nets.patches import PatchHeads, PatchMapping, at_places, random_places
from labkit.nets.upsampling import Upsampling
from labkit.systems.base import Player, Translator, by_average
from labkit.systems.cut import contrasted_taps
from labkit.systems.schedules import linear_decay


@dataclass(frozen=True)
class DCLGANSettings:
    """The code's values; a miniature for 32 px is ngf 16, ndf 16, blocks 2, d_layers 2, dim 64, num_patches 64."""

    channels: int = 3  # colour channels of both domains
    ngf: int = 64  # width of the generators' first layer
    ndf: int = 64  # width of the discriminators' first layer
    blocks: int = 9  # residual blocks
    d_layers: int = 3  # strided layers of the discriminators
    antialias: bool = True  # blur before halving and after doubling; False: CycleGAN's networks
    lambda_adv: float = 0.5  # weight of the adversarial terms
    lambda_nce: float = 1.0  # weight of PatchNCE, both directions
    lambda_idt: float = 0.5  # weight of the identity loss, both domains; 0 leaves its passes out
    nce_layers: tuple[int, ...] = (1, 2, 3, 4)  # which of the taps are contrasted; 0 would be the image itself
    num_patches: int = 256  # places that are sampled in every layer (fewer where a map has fewer)
    negatives: Literal["internal", "external", "both"] = "both"  # other places of the image, or other images
    tau: float = 0.07  # temperature
    dim: int = 256  # numbers in a projected patch
    init_gain: float = 0.02  # of Xavier's rule, for generators, discriminators and heads
    lr: float = 2e-4  # learning rate of the Adams of G and D
    beta1: float = 0.5  # their first coefficient
    beta2: float = 0.999  # second coefficient of all three Adams
    heads_lr: float = 1e-3  # learning rate of the heads' Adam
    heads_beta1: float = 0.9  # its first coefficient
    constant_share: float = 0.5  # share of the steps before the learning rate falls towards 0
    ema: float = 0.0  # decay of an average of the generators that translates, as 0.999; 0: none
    upsample: Upsampling = "transposed"  # how the generators double their maps without antialias; see CUT


class DCLGAN(Translator):
    Settings = DCLGANSettings
    coupling = "negatives from the other images of a batch"
    training_only = (*Translator.training_only, "F_A", "F_B")
    heads: tuple[str, ...] = ("F_A", "F_B")  # what player F owns

    def __init__(self, settings: DCLGANSettings = DCLGANSettings()):
        super().__init__()
        self.settings = s = settings
        self.G_AB, self.G_BA = (
            init_xavier(ResnetGenerator(s.channels, s.channels, s.ngf, s.blocks, s.antialias, s.upsample), s.init_gain)
            for _ in range(2)
        )
        self.D_A, self.D_B = (
            init_xavier(PatchGAN(s.channels, s.ndf, s.d_layers, s.antialias), s.init_gain) for _ in range(2)
        )
        self.taps = contrasted_taps(self.G_AB, s.nce_layers)
        channels = [self.G_AB.tap_channels[layer] for layer in s.nce_layers]
        self.F_A, self.F_B = (init_xavier(PatchHeads(channels, s.dim), s.init_gain) for _ in range(2))
        if s.negatives == "internal":
            self.coupling = "one draw of patches for all images of a batch"
        self.keep_averages("G_AB", "G_BA")

    def players(self) -> tuple[Player, ...]:
        s = self.settings

        def adam(parameters):
            return torch.optim.Adam(parameters, lr=s.lr, betas=(s.beta1, s.beta2))

        def adam_of_heads(parameters):
            return torch.optim.Adam(parameters, lr=s.heads_lr, betas=(s.heads_beta1, s.beta2))

        decay = linear_decay(s.constant_share)
        return (
            Player("D", ("D_A", "D_B"), adam, schedule=decay),
            Player("G", ("G_AB", "G_BA"), adam, schedule=decay),
            Player("F", self.heads, adam_of_heads, schedule=decay),
        )

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        out = {"real_A": batch["A"], "real_B": batch["B"]}
        identity = "G" in due and self.settings.lambda_idt > 0
        maps = {}
        with torch.set_grad_enabled("G" in due):
            for G, src, dst in ((self.G_AB, "A", "B"), (self.G_BA, "B", "A")):
                n = len(batch[src])
                shown = torch.cat([batch[src], batch[dst]]) if identity else batch[src]
                made, features = G.translate_and_tap(shown, self.taps)
                out[f"fake_{dst}"], maps[f"real_{src}"] = made[:n], [m[:n] for m in features]
                if identity:
                    out[f"idt_{dst}"] = made[n:]
            if due & {"G", "F"}:
                maps["fake_A"] = self.G_AB.encode(out["fake_A"], self.taps)
                maps["fake_B"] = self.G_BA.encode(out["fake_B"], self.taps)
                places = random_places(maps["real_A"], self.settings.num_patches)
                for image, features in maps.items():
                    at = enumerate(zip(features, places, strict=True))
                    out |= {f"{image}_{i}": at_places(m, p) for i, (m, p) in at}
        return out

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        if player == "D":
            return {"A": self._judged(self.D_A, out, "A"), "B": self._judged(self.D_B, out, "B")}
        if player == "F":
            return self._terms_of_patches(self.embedded(out, detach=True))
        s = self.settings
        terms = {
            "adv_AB": s.lambda_adv * relu(1 - self.D_B(out["fake_B"])).mean(),
            "adv_BA": s.lambda_adv * relu(1 - self.D_A(out["fake_A"])).mean(),
        }
        terms |= self._terms_of_patches(self.embedded(out))
        if s.lambda_idt:
            terms |= {f"idt_{key}": s.lambda_idt * l1(out[f"idt_{key}"], out[f"real_{key}"]) for key in "AB"}
        return terms

    @staticmethod
    def _judged(D: nn.Module, out: dict[str, Tensor], domain: str) -> Tensor:
        real, fake = D(torch.cat([out[f"real_{domain}"], out[f"fake_{domain}"].detach()])).chunk(2)
        return 0.5 * discriminator_loss("hinge", real, fake)

    def embedded(self, out: dict[str, Tensor], detach: bool = False) -> dict[str, list[Tensor]]:
        """Of each image, "real_A", "fake_A", "real_B" and "fake_B", what its domain's heads say of the places of every
        layer: unit vectors (B, S, dim). detach: cut the gradient to the generators off."""
        found = {}
        for image, heads in (("real_A", self.F_A), ("fake_A", self.F_A), ("real_B", self.F_B), ("fake_B", self.F_B)):
            vectors = [out[f"{image}_{i}"] for i in range(len(self.taps))]
            found[image] = heads([v.detach() for v in vectors] if detach else vectors)
        return found

    def _terms_of_patches(self, of: dict[str, list[Tensor]]) -> dict[str, Tensor]:
        weight = self.settings.lambda_nce
        return {
            "nce_A": weight * self._nce(of["fake_B"], of["real_A"]),
            "nce_B": weight * self._nce(of["fake_A"], of["real_B"]),
        }

    def _nce(self, queries: Sequence[Tensor], keys: Sequence[Tensor]) -> Tensor:
        """The mean of PatchNCE over layers and places."""
        s = self.settings
        queries, keys = ([normalize(x, dim=-1, eps=0.5) for x in vectors] for vectors in (queries, keys))
        each = [patch_nce(q, k, s.tau, s.negatives) for q, k in zip(queries, keys, strict=True)]
        return sum(each) / len(each)

    @by_average
    def translate(self, x: Tensor, src: str = "A", dst: str = "B") -> Tensor:
        ways = {("A", "B"): self.G_AB, ("B", "A"): self.G_BA}
        if (src, dst) not in ways:
            raise LabError(f"DCLGAN translates A → B and B → A, not {src} → {dst}.")
        return ways[src, dst](x)


@dataclass(frozen=True)
class SimDCLSettings(DCLGANSettings):
    """The code's values of SimDCL."""

    lambda_nce: float = 0.5  # weight of PatchNCE, both directions
    lambda_sim: float = 10.0  # weight of the similarity, both domains
    sim_dim: int = 64  # numbers in a mapped image
    heads_lr: float = 2e-4  # learning rate of the Adam of heads and mappings
    heads_beta1: float = 0.5  # its first coefficient


class SimDCL(DCLGAN):
    """DCLGAN, and real and generated images of a domain must be alike as a whole: against the collapse of modes."""

    Settings = SimDCLSettings
    training_only = (*DCLGAN.training_only, "M")
    heads = (*DCLGAN.heads, "M")

    def __init__(self, settings: SimDCLSettings = SimDCLSettings()):
        super().__init__(settings)
        images = ("real_A", "fake_B", "real_B", "fake_A")
        self.M = nn.ModuleDict({image: PatchMapping(len(self.taps), settings.sim_dim) for image in images})

    def _terms_of_patches(self, of: dict[str, list[Tensor]]) -> dict[str, Tensor]:
        mapped = {image: mapping(of[image]) for image, mapping in self.M.items()}
        similarity = l1(mapped["real_A"], mapped["fake_A"]) + l1(mapped["fake_B"], mapped["real_B"])
        return super()._terms_of_patches(of) | {"sim": self.settings.lambda_sim * similarity}
