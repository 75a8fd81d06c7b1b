"""FUNIT: into a class that training never saw, shown by a few images at the time of translation.

Paper:    Liu, Huang, Mallya, Karras, Aila, Lehtinen, Kautz, "Few-Shot Unsupervised Image-to-Image Translation",
          ICCV 2019, arXiv 1905.01723. Equations: 1 (the translator), 2 (content and class code), 3 (the objective),
          4 (adversarial), 5 (content reconstruction), 6 (feature matching); section 3.2 (the discriminator).
Official: github.com/NVlabs/FUNIT (CC BY-NC-SA; read for facts, nothing is taken from it).

A and B are two independent shuffles of one set of labelled images of many classes: A gives the content, B the class.

Differences
1. Eq. 4 has logarithms; the paper trains with the hinge, and so do the official code and this file.
2. Eq. 4 and 6 are about the translation alone. The official code also sends the reconstruction to D, as an image of
   its own class, with half of the adversarial weight each, and matches its features. So do we;
   `judge_reconstruction` False is the paper's form.
3. The gradient penalty on real images is per image: `penalty` "image". The official code differentiates the mean over
   the batch ("batch"): with B images on a GPU its penalty is B² times weaker, 64 times in the paper's training, and
   depends on how the batch is cut. lambda_gp 10/64 with "image" is what the official settings amount to.
4. The official code's activations work in place, which changes what D computes: `activated`, see
   `labkit.nets.funit.MultiTaskPatchGAN`. True is what was trained and published.
5. The official code translates anew for G's step; here D and G share one set of translations.
6. `condition`, and weights of 0, which leave a term and its passes out, are for experiments.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from labkit.errors import LabError
from labkit.losses.adversarial import discriminator_loss, generator_loss
from labkit.losses.reconstruction import l1
from labkit.nets.funit import FewShotGenerator, MultiTaskPatchGAN
from labkit.systems.base import Player, Translator, by_average


@dataclass(frozen=True)
class FUNITSettings:
    """The paper's values for animal faces of 128 px; a miniature for 32 px is width 16, halvings 2, class_halvings 3,
    class_dim 32, mlp_width 64, ndf 16, stages 3."""

    classes: int = 119  # source classes: maps of D, labels from 0
    channels: int = 3  # colour channels
    width: int = 64  # channels of the first layer of both encoders, and of the last but one of the decoder
    halvings: int = 3  # how often the content encoder halves the side
    blocks: int = 2  # residual blocks of content encoder and of decoder
    class_halvings: int = 4  # how often the class encoder halves the side
    class_dim: int = 64  # numbers of a class code
    mlp_width: int = 256  # hidden width of the MLP from class code to AdaIN's numbers
    ndf: int = 64  # width of the discriminator's first layer
    stages: int = 5  # pairs of residual blocks of the discriminator, with a halving between two
    activated: bool = True  # D's activations work in place, as in the official code; False: as that code reads
    condition: Literal["images", "label", "nothing"] = "images"  # what tells the class; the others are baselines
    judge_reconstruction: bool = True  # the reconstruction meets D too, as in the code; False: as in the paper
    lambda_adv: float = 1.0  # weight of the adversarial terms
    lambda_rec: float = 0.1  # λ_R, weight of content reconstruction; 0 leaves its pass out
    lambda_fm: float = 1.0  # λ_F, weight of feature matching
    lambda_gp: float = 10.0  # weight of the gradient penalty on real images
    penalty: Literal["image", "batch"] = "image"  # what it differentiates: D's mean over each image, or over the batch
    lr: float = 1e-4  # learning rate of both RMSprops
    weight_decay: float = 1e-4  # L2 penalty within RMSprop
    ema: float = 0.999  # decay of the averaged generator, which translates; 0: none


class FUNIT(Translator):
    """Batches hold "A" and "B", (B, channels, H, W), with "A_label" and "B_label", (B,) int64 below `classes`."""

    Settings = FUNITSettings
    double_backward = ("D",)

    def __init__(self, settings: FUNITSettings = FUNITSettings()):
        super().__init__()
        self.settings = s = settings
        if s.lambda_gp and s.penalty == "batch":
            self.coupling = "the gradient penalty, of the batch's mean"
        self.G = FewShotGenerator(
            s.channels,
            s.width,
            s.halvings,
            s.blocks,
            s.class_halvings,
            s.class_dim,
            s.mlp_width,
            s.condition,
            s.classes,
        )
        self.D = MultiTaskPatchGAN(s.classes, s.channels, s.ndf, s.stages, s.activated)
        self.keep_averages("G", warm_up=False)  # the paper's: at every step the same decay

    def players(self) -> tuple[Player, ...]:
        rmsprop = partial(torch.optim.RMSprop, lr=self.settings.lr, weight_decay=self.settings.weight_decay)
        return (Player("D", ("D",), rmsprop), Player("G", ("G",), rmsprop))

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        if "A_label" not in batch or "B_label" not in batch:
            raise LabError("funit: training needs the classes; name A and B among the run's labels.")
        s, G = self.settings, self.G
        out = {"real_A": batch["A"], "real_B": batch["B"], "label_A": batch["A_label"], "label_B": batch["B_label"]}
        with torch.set_grad_enabled("G" in due):
            content = G.content_encoder(out["real_A"])
            out["fake_B"] = G.decode(content, G.code(out["real_B"][:, None], out["label_B"]))  # Eq. 1 and 2, K = 1
            if "G" in due and (s.lambda_rec or s.judge_reconstruction):
                out["rec_A"] = G.decode(content, G.code(out["real_A"][:, None], out["label_A"]))
        return out

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        return self._generator_terms(out) if player == "G" else self._discriminator_terms(out)

    def _generator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        s, terms = self.settings, {}
        judged = [("fake_B", "real_B", "label_B")]
        if s.judge_reconstruction:
            judged.append(("rec_A", "real_A", "label_A"))
        for made, real, label in judged:
            on_made, features = self.D.judge(out[made], out[label])
            if s.lambda_adv:  # Eq. 4
                terms[f"adv_{made}"] = s.lambda_adv / len(judged) * generator_loss("hinge", on_made)
            if s.lambda_fm:  # Eq. 6: the features that D has of the class image, averaged over positions
                with torch.no_grad():
                    _, wanted = self.D.judge(out[real], out[label])
                terms[f"fm_{made}"] = s.lambda_fm * l1(features, wanted)
        if s.lambda_rec:  # Eq. 5: content and class of one image make that image
            terms["rec"] = s.lambda_rec * l1(out["rec_A"], out["real_A"])
        return terms

    def _discriminator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        s, label = self.settings, out["label_B"]
        real = out["real_B"].detach().requires_grad_(bool(s.lambda_gp))
        on_real, on_fake = self.D(real, label), self.D(out["fake_B"].detach(), label)
        terms = {"B": discriminator_loss("hinge", on_real, on_fake)}  # Eq. 4, of each image the map of its class alone
        if s.lambda_gp:  # Mescheder et al. 2018, without its ½
            score = on_real.mean((1, 2)).sum() if s.penalty == "image" else on_real.mean()
            (slope,) = torch.autograd.grad(score, real, create_graph=True)
            terms["gp"] = s.lambda_gp * slope.square().sum((1, 2, 3)).mean()
        return terms

    @by_average
    def translate(
        self,
        x: Tensor,
        src: str = "A",
        dst: str = "B",
        examples: Tensor | None = None,
        label: Tensor | None = None,
        code: Tensor | None = None,
    ) -> Tensor:
        """The content of `x` (B, C, H, W) in a class, by the averaged generator; `src` and `dst` are not looked at.

        The class is that of `examples`, K images (K, C, H, W) for all of x or (B, K, C, H, W); or it is a class code,
        `code`, (class_dim,) or (B, class_dim). With `condition` "label" it is `label`, (B,). Without any of these each
        image is its own example: the reconstruction.
        """
        if code is None:
            code = self.class_code(x[:, None] if examples is None else examples, label)
        return self.G.decode(self.G.content_encoder(x), code.expand(len(x), -1))

    @by_average
    def class_code(self, examples: Tensor, label: Tensor | None = None) -> Tensor:
        """The averaged generator's class code of K images, (K, C, H, W) or (B, K, C, H, W): (1 or B, class_dim)."""
        return self.G.code(examples[None] if examples.ndim == 4 else examples, label)
