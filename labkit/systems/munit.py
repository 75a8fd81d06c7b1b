"""MUNIT: an image is a content that both domains share and a style of its own; one input has many translations.

Paper:    Huang, Liu, Belongie, Kautz, "Multimodal Unsupervised Image-to-Image Translation", ECCV 2018,
          arXiv 1804.04732. Equations: 1 (image reconstruction), 2 and 3 (content and style reconstruction), 4
          (adversarial), 5 (the sum), section 4 (style-augmented cycle consistency), section 5.1 (networks,
          domain-invariant perceptual loss).
Official: github.com/NVlabs/MUNIT (CC BY-NC-SA; read for facts, nothing is taken from it).

Differences
1. The paper writes the adversarial loss with logarithms and trains with least squares; so do we, as the code without
   the ½ in D, summed over three scales.
2. The official code encodes and decodes anew for D's step and for G's, with other styles. Here both share one sample of
   styles and one set of translations: the same losses for that sample, 2237 → 1919 GFLOP a step at 256 px.
3. The paper's content target is a sample of p(c); in the official code the term pulls on both ends, the content code of
   the input and that of the translation. So it does here.
4. Perceptual loss: the paper's text names relu4_3 for its experiment; the code's loss, and ours, uses relu5_3.
5. Settings of our own for experiments, neutral by default: weights of 0 leave a term and its passes out, and
   upsampler_norm "instance" puts InstanceNorm where the decoder has LayerNorm.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from labkit.errors import LabError
from labkit.losses.adversarial import discriminator_loss, generator_loss
from labkit.losses.perceptual import domain_invariant_loss, load_vgg16
from labkit.losses.reconstruction import l1
from labkit.nets.content_style import ContentStyleAutoencoder
from labkit.nets.discriminators import MultiScalePatchGAN
from labkit.systems.base import Player, Translator, by_average
from labkit.systems.schedules import halve_every


@dataclass(frozen=True)
class MUNITSettings:
    """The paper's values; a miniature for 32 px is width 16, blocks 2, style_halvings 3, mlp_width 64, ndf 16,
    d_layers 2, scales 2."""

    channels: int = 3  # colour channels of both domains
    width: int = 64  # channels of the first layer of encoders, and of the last but one of decoders
    halvings: int = 2  # how often the content encoder halves the side
    blocks: int = 4  # residual blocks of content encoder and of decoder
    style_halvings: int = 4  # how often the style encoder halves the side
    style_dim: int = 8  # numbers of a style code
    mlp_width: int = 256  # hidden width of the MLP from style code to AdaIN's numbers
    upsampler_norm: Literal["layer", "instance"] = "layer"  # norm of the decoder's upsampling layers
    ndf: int = 64  # width of the discriminators' first layer
    d_layers: int = 4  # strided layers of the discriminators
    scales: int = 3  # scales at which the discriminators look
    lambda_adv: float = 1.0  # weight of the adversarial terms
    lambda_x: float = 10.0  # weight of image reconstruction; 0 leaves its passes out, as for all that follow
    lambda_c: float = 1.0  # weight of content reconstruction
    lambda_s: float = 1.0  # weight of style reconstruction
    lambda_cyc: float = 0.0  # weight of the style-augmented cycle; 10 for summer ↔ winter and streets
    lambda_vgg: float = 0.0  # weight of the domain-invariant perceptual loss; 1 for streets (512 px); needs VGG16
    lr: float = 1e-4  # learning rate of both Adams
    beta1: float = 0.5  # first Adam coefficient
    weight_decay: float = 1e-4  # L2 penalty within Adam
    halve_every: int = 100_000  # steps after which the learning rate is halved, again and again
    ema: float = 0.0  # decay of an average of both autoencoders that translates, as 0.999; 0: none


class MUNIT(Translator):
    Settings = MUNITSettings

    def __init__(self, settings: MUNITSettings = MUNITSettings()):
        super().__init__()
        self.settings = s = settings
        self.AE_A, self.AE_B = self._autoencoder(), self._autoencoder()
        self.D_A = MultiScalePatchGAN(s.channels, s.ndf, s.d_layers, s.scales)
        self.D_B = MultiScalePatchGAN(s.channels, s.ndf, s.d_layers, s.scales)
        self.vgg = load_vgg16() if s.lambda_vgg else None  # buffers that no file of weights keeps
        self.keep_averages("AE_A", "AE_B")

    def _autoencoder(self) -> ContentStyleAutoencoder:
        s = self.settings
        return ContentStyleAutoencoder(
            s.channels, s.width, s.halvings, s.blocks, s.style_halvings, s.style_dim, s.mlp_width, s.upsampler_norm
        )

    def players(self) -> tuple[Player, ...]:
        s = self.settings

        def adam(parameters):
            return torch.optim.Adam(parameters, lr=s.lr, betas=(s.beta1, 0.999), weight_decay=s.weight_decay)

        halving = halve_every(s.halve_every)
        return (
            Player("D", ("D_A", "D_B"), adam, schedule=halving),
            Player("G", ("AE_A", "AE_B"), adam, schedule=halving),
        )

    def sample_style(self, n: int, like: Tensor) -> Tensor:
        """`n` styles from the prior N(0, I), (n, style_dim), on the device and in the precision of `like`."""
        return torch.randn(n, self.settings.style_dim, device=like.device, dtype=like.dtype)

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        s, A, B = self.settings, self.AE_A, self.AE_B
        out = {"real_A": batch["A"], "real_B": batch["B"]}
        out["s_A"] = self.sample_style(len(out["real_B"]), out["real_B"])  # the style that a B gets in domain A
        out["s_B"] = self.sample_style(len(out["real_A"]), out["real_A"])
        with torch.set_grad_enabled("G" in due):
            out["c_A"], out["c_B"] = A.content_encoder(out["real_A"]), B.content_encoder(out["real_B"])
            if "G" in due and (s.lambda_x or s.lambda_cyc):
                out["own_s_A"], out["own_s_B"] = A.style_encoder(out["real_A"]), B.style_encoder(out["real_B"])
            if "G" in due and s.lambda_x:  # a decoder's norms look at each image alone: two inputs share one pass
                own_A, own_B = (out["c_A"], out["own_s_A"]), (out["c_B"], out["own_s_B"])
                out["rec_A"], out["fake_A"] = _together(A.decode, own_A, (out["c_B"], out["s_A"]))
                out["rec_B"], out["fake_B"] = _together(B.decode, own_B, (out["c_A"], out["s_B"]))
            else:
                out["fake_A"], out["fake_B"] = A.decode(out["c_B"], out["s_A"]), B.decode(out["c_A"], out["s_B"])
            if "G" in due and (s.lambda_c or s.lambda_cyc):
                out["rec_c_A"], out["rec_c_B"] = B.content_encoder(out["fake_B"]), A.content_encoder(out["fake_A"])
            if "G" in due and s.lambda_s:
                out["rec_s_A"], out["rec_s_B"] = A.style_encoder(out["fake_A"]), B.style_encoder(out["fake_B"])
            if "G" in due and s.lambda_cyc:  # home with the style of one's own
                out["cyc_A"] = A.decode(out["rec_c_A"], out["own_s_A"])
                out["cyc_B"] = B.decode(out["rec_c_B"], out["own_s_B"])
        return out

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        return self._generator_terms(out) if player == "G" else self._discriminator_terms(out)

    def _generator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        s, terms = self.settings, {}
        if s.lambda_adv:  # Eq. 4, least squares, summed over the scales
            terms["adv_AB"] = s.lambda_adv * sum(generator_loss("lsgan", d) for d in self.D_B(out["fake_B"]))
            terms["adv_BA"] = s.lambda_adv * sum(generator_loss("lsgan", d) for d in self.D_A(out["fake_A"]))
        if s.lambda_x:  # Eq. 1: image → codes → image
            terms["rec_A"] = s.lambda_x * l1(out["rec_A"], out["real_A"])
            terms["rec_B"] = s.lambda_x * l1(out["rec_B"], out["real_B"])
        if s.lambda_c:  # Eq. 2: codes → image → content code
            terms["con_A"] = s.lambda_c * l1(out["rec_c_A"], out["c_A"])
            terms["con_B"] = s.lambda_c * l1(out["rec_c_B"], out["c_B"])
        if s.lambda_s:  # Eq. 3: codes → image → style code
            terms["sty_A"] = s.lambda_s * l1(out["rec_s_A"], out["s_A"])
            terms["sty_B"] = s.lambda_s * l1(out["rec_s_B"], out["s_B"])
        if s.lambda_cyc:  # section 4, style-augmented cycle consistency
            terms["cyc_A"] = s.lambda_cyc * l1(out["cyc_A"], out["real_A"])
            terms["cyc_B"] = s.lambda_cyc * l1(out["cyc_B"], out["real_B"])
        if s.lambda_vgg:  # section 5.1: the translation beside the image whose content it has
            terms["vgg_A"] = s.lambda_vgg * domain_invariant_loss(self.vgg, out["fake_B"], out["real_A"])
            terms["vgg_B"] = s.lambda_vgg * domain_invariant_loss(self.vgg, out["fake_A"], out["real_B"])
        return terms

    def _discriminator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        def scales(D, real: Tensor, fake: Tensor) -> Tensor:  # the 2 takes the ½ of CycleGAN's form away
            pairs = zip(D(real), D(fake.detach()), strict=True)
            return sum(2 * discriminator_loss("lsgan", on_real, on_fake) for on_real, on_fake in pairs)

        return {
            "A": scales(self.D_A, out["real_A"], out["fake_A"]),
            "B": scales(self.D_B, out["real_B"], out["fake_B"]),
        }

    def autoencoder(self, domain: str) -> ContentStyleAutoencoder:
        """The encoders and the decoder of domain "A" or "B". Raises LabError for another."""
        if domain not in ("A", "B"):
            raise LabError(f"MUNIT knows the domains A and B, not {domain}.")
        return self.AE_A if domain == "A" else self.AE_B

    @by_average
    def translate(
        self,
        x: Tensor,
        src: str = "A",
        dst: str = "B",
        style: Tensor | None = None,
        example: Tensor | None = None,
    ) -> Tensor:
        """The content of `x` (B, C, H, W) in the look of `dst`; src = dst gives an image of a domain another style.

        The style is drawn from the prior for each image; or it is `style`, (style_dim,) for all images or
        (B, style_dim); or that of `example`, images of `dst`, (1, C, H, W) for all or (B, C, H, W).
        """
        if style is not None and example is not None:
            raise LabError("MUNIT takes a style from a code or from an example image, not from both.")
        source, target = self.autoencoder(src), self.autoencoder(dst)
        if example is not None:
            style = target.style_encoder(example)
        elif style is None:
            style = self.sample_style(len(x), x)
        return target.decode(source.content_encoder(x), style.expand(len(x), -1))


def _together(decode, first: tuple[Tensor, Tensor], second: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Two pairs of codes decoded in one pass."""
    images = decode(*(torch.cat(codes) for codes in zip(first, second, strict=True)))
    return images[: len(first[0])], images[len(first[0]) :]
