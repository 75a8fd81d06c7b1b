"""CoGAN: two GANs whose deep layers are one, so that one code makes a pair of images nobody ever paired.

Paper:    Liu and Tuzel, "Coupled Generative Adversarial Networks", NeurIPS 2016, arXiv 1606.07536. Equations 2 to 4
          (two games under the constraint that layers are equal), section 4 (digits and edges, digits and negatives),
          section 5 (domain adaptation).
Official: github.com/mingyuliutw/CoGAN (non-commercial).

Each domain plays the game of lesson 01 against images of its own. What ties them: the layers of the generators that
come first, where z becomes a scene, and those of the discriminators that come last, where a scene is judged, are the
same tensors. Domain adaptation adds a classifier on the last shared features, trained with the labels of A alone, and
used on B.

Differences
1. Images are in [-1, 1]; the networks work on the official [0, 1].
2. The paper has no feature matching; the official code for MNIST and USPS has it, with weight 0.01: the features of the
   two images of a generated pair shall be alike, in D's loss.
3. The paper shares more or fewer layers as an experiment; here all that the official code shares, or none (`shared`).
4. The official code draws new z for G's step. Here D and G share one draw.
5. CoGAN translates nothing: there is no encoder. To translate x one would search for the z that paints it (section 5).
6. The official networks above are for 28 px. For 32 and 64 px (`size`) there are coupled stacks of DCGAN, of our own
   choice: the paper's networks for faces are larger. Their D has BatchNorm, so it sees real and generated images apart.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.errors import LabError
from labkit.losses.adversarial import discriminator_loss, generator_loss
from labkit.losses.reconstruction import squared_distance
from labkit.nets.cogan import DIGITS, CoupledDiscriminator, CoupledGenerator
from labkit.nets.upsampling import Upsampling
from labkit.systems.base import PairSampler, Player, by_average


@dataclass(frozen=True)
class CoGANSettings:
    """The official code's values for digits; domain adaptation is classes 10 and lambda_match 0.01."""

    size: int = DIGITS  # side of the images: 28, the official networks; 16, 32, 64, …: stacks of DCGAN
    channels: int = 1  # colour channels of both domains
    nz: int = 100  # numbers in the code z
    ngf: int = 128  # maps of the generators' last shared layer
    ndf: int = 20  # maps of the discriminators' first layer
    shared: bool = True  # whether the pair shares layers; False: two GANs that have z in common
    classes: int = 0  # classes of the classifier on shared features; 0 leaves it out
    lambda_cls: float = 10.0  # weight of the classifier's loss on labelled images of A
    lambda_match: float = 0.0  # weight of the distance between the features of a generated pair
    lr: float = 2e-4  # learning rate of both Adams
    lr_D: float = 0.0  # of the discriminators' alone; 0: as `lr`
    beta1: float = 0.5  # first Adam coefficient
    weight_decay: float = 5e-4  # of both Adams
    ema: float = 0.0  # decay of an average of G that makes the pairs, as 0.999; 0: none
    upsample: Upsampling = "transposed"  # how the generators double their maps; resize: without checkerboards


class CoGAN(PairSampler):
    """Batches hold "A" and "B", images (B, channels, size, size), and "A_label", (B,) int64, where it classifies."""

    Settings = CoGANSettings
    training_only = ()  # D is the classifier of the adapted domain, too
    coupling = "BatchNorm"

    def __init__(self, settings: CoGANSettings = CoGANSettings()):
        super().__init__()
        self.settings = s = settings
        if s.classes and not s.shared:
            raise LabError("cogan: without shared layers a classifier trained on A says nothing about B.")
        self.G = CoupledGenerator(s.channels, s.nz, s.ngf, s.shared, s.upsample, s.size)
        self.D = CoupledDiscriminator(s.channels, s.ndf, s.classes, s.shared, s.size)
        self.keep_averages("G")

    def players(self) -> tuple[Player, ...]:
        s = self.settings
        adam = partial(torch.optim.Adam, lr=s.lr, betas=(s.beta1, 0.999), weight_decay=s.weight_decay)
        return Player("D", ("D",), partial(adam, lr=s.lr_D or s.lr)), Player("G", ("G",), adam)

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        out = {"real_A": batch["A"], "real_B": batch["B"]}
        if self.settings.classes:
            if "A_label" not in batch:
                raise LabError("cogan: the classifier needs labels of A; name 'A' among the run's labels.")
            out["label_A"] = batch["A_label"]
        z = torch.randn(len(batch["A"]), self.settings.nz, device=batch["A"].device)
        with torch.set_grad_enabled("G" in due):
            out["fake_A"], out["fake_B"] = self.G(z)
        return out

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        return self._generator_terms(out) if player == "G" else self._discriminator_terms(out)

    def _generator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        return {  # Eq. 2, each game half
            "adv_A": 0.5 * generator_loss("nonsaturating", self.D(out["fake_A"], "A")[0]),
            "adv_B": 0.5 * generator_loss("nonsaturating", self.D(out["fake_B"], "B")[0]),
        }

    def _discriminator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        s = self.settings
        real_A, fake_A, seen_A, of_fake_A = self._judged(out["real_A"], out["fake_A"].detach(), "A")
        real_B, fake_B, _, of_fake_B = self._judged(out["real_B"], out["fake_B"].detach(), "B")
        terms = {  # Eq. 2
            "A": 0.5 * discriminator_loss("nonsaturating", real_A, fake_A),
            "B": 0.5 * discriminator_loss("nonsaturating", real_B, fake_B),
        }
        if s.lambda_match:
            terms["match"] = s.lambda_match * squared_distance(of_fake_A, of_fake_B)
        if s.classes:
            terms["cls"] = s.lambda_cls * F.cross_entropy(self.D.classifier(seen_A), out["label_A"])  # section 5
        return terms

    def _judged(self, real: Tensor, fake: Tensor, domain: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """-> logits of real and of generated images, features of both. In one pass, where no BatchNorm mixes them."""
        if self.D.batched:
            (real, seen), (fake, of_fake) = self.D(real, domain), self.D(fake, domain)
            return real, fake, seen, of_fake
        logits, features = self.D(torch.cat([real, fake]), domain)
        return *logits.chunk(2), *features.chunk(2)

    @torch.no_grad()
    @by_average
    def sample_pairs(self, n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
        """n pairs of images, each pair from one z: (n, channels, size, size) of A and of B, the same for one seed."""
        z = torch.randn(n, self.settings.nz, generator=torch.Generator().manual_seed(seed))
        training = self.training
        self.eval()
        pair = self.G(z.to(next(self.parameters()).device))
        self.train(training)
        return pair

    def classify(self, x: Tensor, domain: str) -> Tensor:
        """Class logits (B, classes) of images (B, channels, size, size) of a domain. Without classifier: LabError."""
        if not self.settings.classes:
            raise LabError("cogan: this one was built without a classifier; set classes.")
        return self.D.classifier(self.D.features(x, domain))
