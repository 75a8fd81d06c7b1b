"""SinCUT: CUT on one image of each domain, from crops of it.

Paper:    Park et al., "Contrastive Learning for Unpaired Image-to-Image Translation", ECCV 2020, arXiv 2007.15651,
          section 4.5 and the appendix on single-image training.
Official: github.com/taesungp/contrastive-unpaired-translation (BSD), model "sincut".

Differences
1. Crops. The paper cuts 16 crops of 128 × 128 px from the image, scaled at random, and shows them to D as tiles of
   64 × 64, so that D sees more and smaller pieces and cannot learn the one image by heart. The official code cuts
   crops of 64 × 64 at once, without tiles. `tile` is the side of what D sees: with crops of 64 px (the code) there is
   one tile a crop, with crops of 128 px (the paper, and the study notes) there are four.
2. The last layer of G has a tanh, so that images stay in [-1, 1]; the code's is a leaky ReLU times √2, as everywhere.
3. The learned noise of G is drawn in training alone; the code draws it in translation too.
4. As in the code: D's adversarial term with ½, which weighs it against R1 with γ = 1 at every step; both contrastive
   terms with weight 4 / 2 each (the code halves them, as for CUT), one place a layer and all images of the batch as
   negatives, pixel identity with weight 1. Both contrastive terms share one draw of places, as in `cut.py`.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from labkit.errors import LabError
from labkit.losses.adversarial import r1_penalty
from labkit.losses.reconstruction import l1
from labkit.nets.stylegan2 import StyleDiscriminator, StyleGenerator
from labkit.systems.cut import CUT, CUTSettings


@dataclass(frozen=True)
class SinCUTSettings(CUTSettings):
    """The code's values. Settings of CUT's networks (blocks, d_layers, antialias, upsample) are not used:
    G blurs what its one transposed convolution writes."""

    ngf: int = 10  # G's width: 16 · ngf channels where it is widest
    ndf: int = 8  # D's width: 4 · ndf channels at 64 px, more below
    tile: int = 64  # side of the pieces that D judges; crops are cut into as many as they hold
    lambda_nce: float = 2.0  # the code's 4, halved
    lambda_idt: float = 2.0  # the same for real_B and idt_B
    lambda_pixel: float = 1.0  # weight of |G(y) - y|
    gamma_r1: float = 1.0  # weight of D's gradient penalty on real images
    nce_layers: tuple[int, ...] = (0, 1, 2)
    num_patches: int = 1
    negatives: Literal["internal", "external", "both"] = "both"
    lr: float = 2e-3
    beta1: float = 0.0
    beta2: float = 0.99


class SinCUT(CUT):
    Settings = SinCUTSettings
    gan_loss = "nonsaturating"
    double_backward = ("D_B",)

    def __init__(self, settings: SinCUTSettings = SinCUTSettings()):
        if not settings.lambda_idt:
            raise LabError("sincut: its pixel identity needs idt_B; lambda_idt must be above 0.")
        super().__init__(settings)

    def _networks(self) -> tuple[StyleGenerator, StyleDiscriminator]:
        s = self.settings
        return StyleGenerator(s.channels, s.ngf), StyleDiscriminator(s.channels, s.ndf, s.tile)

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        s = self.settings
        shown = {name: self._tiles(out[name]) for name in ("real_B", "fake_B")}
        terms = super().losses(player, out | shown)
        if player == "D":
            terms["B"] = 0.5 * terms["B"]  # the code halves D's loss, whichever it is
            if s.gamma_r1:
                terms["r1"] = s.gamma_r1 * r1_penalty(self.D_B, shown["real_B"])
        if player == "G":
            terms["pixel"] = s.lambda_pixel * l1(out["idt_B"], out["real_B"])
        return terms

    def _tiles(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) cut into the tiles that they hold: (B · n, C, tile, tile)."""
        tile = self.settings.tile
        if images.shape[2] % tile or images.shape[3] % tile:
            raise LabError(f"sincut: crops of {tuple(images.shape[2:])} px do not divide into tiles of {tile} px.")
        tiles = images.unfold(2, tile, tile).unfold(3, tile, tile)  # (B, C, rows, columns, tile, tile)
        return tiles.permute(0, 2, 3, 1, 4, 5).flatten(0, 2)
