"""CUT and FastCUT: one generator, and every patch of its output must find its own place in the input again.

Paper:    Park, Efros, Zhang, Zhu, "Contrastive Learning for Unpaired Image-to-Image Translation", ECCV 2020, arXiv
          2007.15651. Equations: 1 (adversarial), 3 and 4 (PatchNCE), 5 (the sum); section 4.1 (CUT and FastCUT).
Official: github.com/taesungp/contrastive-unpaired-translation (BSD).

Differences
1. Weights are absolute, and the paper's: λ_X = λ_Y = 1 for CUT, 10 and 0 for FastCUT. The official code takes the mean
   of the two contrastive terms of CUT, so its weights are ½ and ½: lambda_nce 0.5, lambda_idt 0.5.
2. Least squares, no image pool, as in the code; the ½ in D's loss is CycleGAN's and the code's.
3. The code encodes real_A again to have its keys. Here its features are taken on the way to fake_B, that of real_B on
   the way to idt_B, both in one pass of G. A flipped step of FastCUT alone encodes again, since its keys come from the
   image that was not flipped. Losses and gradients are the same (tests/systems/test_cut.py).
4. Heads F exist from the start; the code makes them at the first batch, and an optimiser built before that misses them.
5. F has an optimiser of its own, as in the code. Its gradient is taken from features cut off from G: G has its own.
6. The own place is left out of the negatives; the code gives it a score of -10, which weighs e^-143.
7. The code draws the places of real_A with fake_B and those of real_B with idt_B one after the other. Here both terms
   share one draw.
8. Negatives from a queue are keys of earlier images as the encoder made them then; the paper's come from a momentum
   encoder.
9. For experiments: antialias False gives CycleGAN's networks, with the taps at the same stages (in the code its layer
   numbers then point elsewhere); negatives, nce_layers and num_patches are those of the paper's Table 2; patch_loss
   "swd" compares the same vectors as collections that know no places.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from labkit.errors import LabError
from labkit.losses.adversarial import discriminator_loss, generator_loss
from labkit.losses.contrastive import patch_nce, sliced_wasserstein
from labkit.nets.blocks import init_xavier
from labkit.nets.discriminators import PatchGAN
from labkit.nets.generators import ResnetGenerator
from labkit.nets.memory import FeatureQueue
from labkit.nets.patches import PatchHeads, at_places, random_places
from labkit.nets.upsampling import Upsampling
from labkit.systems.base import Player, Translator, by_average
from labkit.systems.schedules import linear_decay

DIRECTIONS = 64  # of the sliced Wasserstein distance


@dataclass(frozen=True)
class CUTSettings:
    """The paper's values; a miniature for 32 px is ngf 16, ndf 16, blocks 2, d_layers 2, dim 64, num_patches 64."""

    channels: int = 3  # colour channels of both domains
    ngf: int = 64  # width of the generator's first layer
    ndf: int = 64  # width of the discriminator's first layer
    blocks: int = 9  # residual blocks
    d_layers: int = 3  # strided layers of the discriminator
    antialias: bool = True  # blur before halving and after doubling; False: CycleGAN's networks
    lambda_adv: float = 1.0  # weight of the adversarial term
    lambda_nce: float = 1.0  # λ_X, PatchNCE between real_A and fake_B; the official code's is 0.5 for CUT
    lambda_idt: float = 1.0  # λ_Y, PatchNCE between real_B and idt_B; the code's 0.5; 0 leaves its passes out
    nce_layers: tuple[int, ...] = (0, 1, 2, 3, 4)  # which of G's taps are contrasted, 0 is the image itself
    num_patches: int = 256  # places that are sampled in every layer (fewer where a map has fewer)
    negatives: Literal["internal", "external", "both", "queue"] = "internal"  # of the image, the batch, earlier images
    num_negatives: int = 0  # of "external" and "queue": how many of them a query sees, at random; 0: all
    queue: int = 8192  # keys of earlier images that are kept for each layer and domain, for negatives "queue"
    patch_loss: Literal["nce", "swd"] = "nce"  # swd: sliced Wasserstein, through heads that stay as they were drawn
    tau: float = 0.07  # temperature
    dim: int = 256  # numbers in a projected patch
    flip: float = 0.0  # share of the steps whose input is mirrored, and its features mirrored back
    init_gain: float = 0.02  # of Xavier's rule, for all networks; so small that the first steps at 2e-4 are large ones
    lr: float = 2e-4  # learning rate of all three Adams
    beta1: float = 0.5  # first Adam coefficient
    beta2: float = 0.999  # second Adam coefficient
    constant_share: float = 0.5  # share of the steps before the learning rate falls towards 0
    ema: float = 0.0  # decay of an average of the generator that translates, as 0.999; 0: none
    upsample: Upsampling = "transposed"  # how G doubles its maps without antialias; resize: without checkerboards


def contrasted_taps(G: nn.Module, layers: tuple[int, ...]) -> list[int]:
    """The taps of a generator that are contrasted. Raises LabError for layers that it lacks, or that are one."""
    if not layers or not set(layers) <= set(range(len(G.taps))):
        raise LabError(f"nce_layers are numbers from 0 to {len(G.taps) - 1}, found {layers}.")
    taps = [G.taps[layer] for layer in layers]
    if len(set(taps)) < len(taps):
        raise LabError(f"with so few blocks some of the nce_layers {layers} are one; leave it out.")
    return taps


class CUT(Translator):
    Settings = CUTSettings
    training_only = (*Translator.training_only, "banks")
    coupling = "one draw of patches for all images of a batch"
    gan_loss = "lsgan"

    def __init__(self, settings: CUTSettings = CUTSettings()):
        super().__init__()
        self.settings = s = settings
        self.G_AB, self.D_B = self._networks()
        self.taps = contrasted_taps(self.G_AB, s.nce_layers)
        self.F = init_xavier(PatchHeads([self.G_AB.tap_channels[layer] for layer in s.nce_layers], s.dim), s.init_gain)
        if s.negatives != "internal":
            self.coupling = "negatives from other images"
        if s.negatives == "queue":  # one for each layer, for either domain
            self.banks = nn.ModuleDict({key: self._queues() for key in "AB"})
        if s.patch_loss == "swd":  # heads that learn would make all collections alike
            self.F.requires_grad_(False)
            self.register_buffer("directions", functional.normalize(torch.randn(DIRECTIONS, s.dim), dim=1))
        self.keep_averages("G_AB")

    def _queues(self) -> nn.ModuleList:
        return nn.ModuleList(FeatureQueue(self.settings.queue, self.settings.dim) for _ in self.taps)

    def _networks(self) -> tuple[nn.Module, nn.Module]:
        s = self.settings
        G = ResnetGenerator(s.channels, s.channels, s.ngf, s.blocks, s.antialias, s.upsample)
        D = PatchGAN(s.channels, s.ndf, s.d_layers, s.antialias)
        return init_xavier(G, s.init_gain), init_xavier(D, s.init_gain)

    def players(self) -> tuple[Player, ...]:
        s = self.settings

        def adam(parameters):
            return torch.optim.Adam(parameters, lr=s.lr, betas=(s.beta1, s.beta2))

        decay = linear_decay(s.constant_share)
        networks = {"D": "D_B", "G": "G_AB"} | ({"F": "F"} if s.patch_loss == "nce" else {})
        return tuple(Player(name, (network,), adam, schedule=decay) for name, network in networks.items())

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        out = {"real_A": batch["A"], "real_B": batch["B"]}
        contrasts = bool(due & {"G", "F"})
        real = torch.cat([batch["A"], batch["B"]]) if contrasts and self.settings.lambda_idt else batch["A"]
        flipped = bool(torch.rand((), device="cpu") < self.settings.flip)
        with torch.set_grad_enabled("G" in due):
            made, maps = self.G_AB.translate_and_tap(real.flip(3) if flipped else real, self.taps)
            out["fake_B"] = made[: len(batch["A"])]
            if len(made) > len(batch["A"]):
                out["idt_B"] = made[len(batch["A"]) :]
            if contrasts:
                seen = self.G_AB.encode(made, self.taps)
                places = random_places(seen, self.settings.num_patches)
                if flipped:  # the keys come from the image as it is
                    seen = [m.flip(3) for m in seen]
                    with torch.no_grad():
                        maps = self.G_AB.encode(real, self.taps)
                out |= {f"query_{i}": at_places(m, p) for i, (m, p) in enumerate(zip(seen, places, strict=True))}
        if contrasts:
            with torch.no_grad():
                keys = self.F([at_places(m, p) for m, p in zip(maps, places, strict=True)])
            out |= {f"key_{i}": key for i, key in enumerate(keys)}
            self.newest = keys, len(batch["A"])  # for the queues, after the step
        return out

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        s = self.settings
        if player == "D":
            real, fake = self.D_B(torch.cat([out["real_B"], out["fake_B"].detach()])).chunk(2)
            return {"B": discriminator_loss(self.gan_loss, real, fake)}
        if player == "F":
            return self._contrastive_terms(out, detach=True)
        terms = {"adv": s.lambda_adv * generator_loss(self.gan_loss, self.D_B(out["fake_B"]))}  # Eq. 1
        return terms | self._contrastive_terms(out)

    def _contrastive_terms(self, out: dict[str, Tensor], detach: bool = False) -> dict[str, Tensor]:
        """λ_X · PatchNCE(x, G(x)) and λ_Y · PatchNCE(y, G(y)), Eq. 5: the mean over layers and places."""
        s = self.settings
        layers = range(len(self.taps))
        queries = self.F([out[f"query_{i}"].detach() if detach else out[f"query_{i}"] for i in layers])
        keys = [out[f"key_{i}"] for i in layers]

        def each_layer(images: slice, domain: str) -> Iterator[Tensor]:
            for layer, (q, k) in enumerate(zip(queries, keys, strict=True)):
                if s.patch_loss == "swd":
                    yield sliced_wasserstein(q[images], k[images], self.directions).mean()
                else:
                    bank = self.banks[domain][layer].keys if s.negatives == "queue" else None
                    yield patch_nce(q[images], k[images], s.tau, s.negatives, s.num_negatives, bank)

        of_A = len(out["real_A"])
        terms = {"nce": s.lambda_nce * sum(each_layer(slice(of_A), "A")) / len(layers)}
        if s.lambda_idt:
            terms["idt"] = s.lambda_idt * sum(each_layer(slice(of_A, None), "B")) / len(layers)
        return terms

    def after_step(self, due: frozenset[str]) -> None:
        super().after_step(due)
        if self.settings.negatives == "queue":
            keys, of_A = self.newest
            for domain, images in (("A", slice(of_A)), ("B", slice(of_A, None))):
                for queue, key in zip(self.banks[domain], keys, strict=True):
                    queue.enqueue(key[images].flatten(0, 1))

    @by_average
    def translate(self, x: Tensor, src: str = "A", dst: str = "B") -> Tensor:
        if (src, dst) != ("A", "B"):
            raise LabError(f"CUT learns A → B alone, not {src} → {dst}; train another for the way back.")
        return self.G_AB(x)


@dataclass(frozen=True)
class FastCUTSettings(CUTSettings):
    """CUT without the identity term and with a heavier content term, held by flips instead (section 4.1)."""

    lambda_nce: float = 10.0  # λ_X
    lambda_idt: float = 0.0  # λ_Y
    flip: float = 0.5  # share of the steps whose input is mirrored, and its features mirrored back
    constant_share: float = 0.75  # 150 of 200 epochs


class FastCUT(CUT):
    Settings = FastCUTSettings

    def __init__(self, settings: FastCUTSettings = FastCUTSettings()):
        super().__init__(settings)
