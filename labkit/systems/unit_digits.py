"""UNIT for digits: a classifier that was never shown a label of B learns to read B, by way of a shared latent space.

Paper:    Liu, Breuel, Kautz, "Unsupervised Image-to-Image Translation Networks", NeurIPS 2017, arXiv 1703.00848,
          section 4.2 and appendix B.
Official: github.com/mingyuliutw/UNIT, branch version_02, exps/unit/svhn2mnist.yaml (CC BY-NC-SA).

The coupled VAE translates; the coupled discriminator judges both domains and, with the same layers, classifies images
of A. The features of a picture and of its translation are asked to be alike, so what the classifier learnt of A holds
for B. There is no cycle: the paper found it not needed here.

Differences
1. The paper compares features by their absolute difference, the official code by the squared one. So do we.
2. The KL of the code leaves out the constants of the true one (`kl_digits`): twice its gradient.
3. The official run for SVHN adds negatives of all MNIST images to B, and reports the best test accuracy over
   checkpoints. That is a matter of data and of protocol: here there are no negatives, and the last step counts.
4. `same_start` is ours. From independent values a miniature gives A and B codes that have nothing to do with each
   other, and the features are matched over wrong pairs. ADDA (Tzeng et al. 2017, arXiv 1702.05464) starts so too.
5. Biases of the VAE's convolutions start at 0. In the official code those of μ and σ start from N(0, 0.002²) and all
   others from PyTorch's own values, of which only the last layer's count: BatchNorm takes the rest away.
6. The official code encodes and decodes anew for G's step, with fresh noise. Here D and G share one draw.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.errors import LabError
from labkit.losses.adversarial import discriminator_loss, generator_loss
from labkit.losses.reconstruction import squared_distance
from labkit.losses.variational import kl_digits, reparameterise
from labkit.nets.cogan import DOMAINS
from labkit.nets.unit_digits import CoupledClassifier, CoupledVAE
from labkit.nets.upsampling import Upsampling
from labkit.systems.base import Player, Translator, by_average


@dataclass(frozen=True)
class UNITDigitsSettings:
    """The official code's values for SVHN (A) and MNIST (B)."""

    channels_A: int = 3  # colour channels of A; images are 32 px wide
    channels_B: int = 1  # colour channels of B
    ngf: int = 96  # maps of the VAE's first layer; the code has eight times as many numbers
    ndf: int = 64  # maps of the discriminator's first layer
    classes: int = 10  # classes of the classifier
    same_start: bool = False  # whether B's own layers start with the values of A's; from there each learns alone
    dropout: float = 1.0  # factor on the discriminator's four rates of dropout; a narrow one learns with 0
    lambda_adv: float = 1.0  # weight of the adversarial terms
    lambda_rec: float = 1e-3  # weight of the squared reconstruction error, summed over pixels
    lambda_kl: float = 2e-4  # weight of the KL, summed over the code
    lambda_cls: float = 10.0  # weight of the classifier's loss on labelled images of A
    lambda_match: float = 1e-4  # weight of the squared distance between features of a picture and its translation
    lr: float = 2e-4  # learning rate of both Adams
    beta1: float = 0.5  # first Adam coefficient
    weight_decay: float = 5e-4  # of both Adams
    ema: float = 0.0  # decay of an average of both autoencoders that translates, as 0.999; 0: none
    upsample: Upsampling = "transposed"  # how the decoders double their maps; resize: without checkerboards


class UNITDigits(Translator):
    """Batches hold "A" and "B", images (B, channels, 32, 32), and "A_label", (B,) int64."""

    Settings = UNITDigitsSettings
    training_only = ()  # D is the classifier of the adapted domain, too
    coupling = "BatchNorm"

    def __init__(self, settings: UNITDigitsSettings = UNITDigitsSettings()):
        super().__init__()
        self.settings = s = settings
        self.G = CoupledVAE(s.channels_A, s.channels_B, s.ngf, s.upsample)
        self.D = CoupledClassifier(s.channels_A, s.channels_B, s.ndf, s.classes, s.dropout)
        if s.same_start:
            if s.channels_A != s.channels_B:
                raise LabError("unit_digits: same_start needs as many colour channels in B as in A.")
            for own in (self.G.fronts, self.G.tails, self.D.fronts):
                own["B"].load_state_dict(own["A"].state_dict())
        self.keep_averages("G")

    def players(self) -> tuple[Player, ...]:
        s = self.settings
        adam = partial(torch.optim.Adam, lr=s.lr, betas=(s.beta1, 0.999), weight_decay=s.weight_decay)
        return Player("D", ("D",), adam), Player("G", ("G",), adam)

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        if "A_label" not in batch:
            raise LabError("unit_digits: the classifier needs labels of A; name 'A' among the run's labels.")
        out = {"real_A": batch["A"], "real_B": batch["B"], "label_A": batch["A_label"]}
        with torch.set_grad_enabled("G" in due):
            out["mu"], out["sigma"] = self.G.encode({"A": out["real_A"], "B": out["real_B"]})
            painted = self.G.decode(reparameterise(out["mu"], out["sigma"]))
            out["rec_A"], out["fake_A"] = painted["A"].chunk(2)
            out["fake_B"], out["rec_B"] = painted["B"].chunk(2)
        return out

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        return self._generator_terms(out) if player == "G" else self._discriminator_terms(out)

    def _generator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        s, terms = self.settings, {}
        for d in DOMAINS:
            generated = self.D.judge(torch.cat([out[f"fake_{d}"], out[f"rec_{d}"]]), d)
            terms[f"adv_{d}"] = s.lambda_adv * generator_loss("nonsaturating", generated)  # each domain half
            terms[f"rec_{d}"] = s.lambda_rec * squared_distance(out[f"rec_{d}"], out[f"real_{d}"])  # Eq. 4, Gaussian
        terms["kl"] = s.lambda_kl * kl_digits(out["mu"], out["sigma"])
        return terms

    def _discriminator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        s, terms = self.settings, {}
        features = {}
        for d in DOMAINS:
            generated = torch.cat([out[f"fake_{d}"], out[f"rec_{d}"]]).detach()
            judged = self.D.judge(torch.cat([out[f"real_{d}"], generated]), d)
            real, fake = judged.tensor_split([len(judged) // 3])
            terms[d] = s.lambda_adv * 0.5 * discriminator_loss("nonsaturating", real, fake)
            features[f"fake_{d}"], features[f"rec_{d}"] = self.D.features(generated, d).chunk(2)
        terms["match"] = s.lambda_match * (  # from one code, painted twice
            squared_distance(features["fake_B"], features["rec_A"])
            + squared_distance(features["fake_A"], features["rec_B"])
        )
        terms["cls"] = s.lambda_cls * F.cross_entropy(self.D.classify(out["real_A"], "A"), out["label_A"])
        return terms

    def encode(self, x: Tensor, domain: str) -> Tensor:
        """The mean code of images of a domain: (B, 8 · ngf, 1, 1)."""
        return self.G.encode({domain: x})[0]

    def decode(self, z: Tensor, domain: str) -> Tensor:
        """The images that codes stand for in a domain."""
        return self.G.decode(z)[domain]

    def classify(self, x: Tensor, domain: str) -> Tensor:
        """Class logits (B, classes) of images of a domain."""
        return self.D.classify(x, domain)

    @by_average
    def translate(self, x: Tensor, src: str = "A", dst: str = "B") -> Tensor:
        if {src, dst} - set(DOMAINS):
            raise LabError(f"UNIT for digits knows the domains A and B, not {src} → {dst}.")
        return self.decode(self.encode(x, src), dst)
