"""The networks of FUNIT: a translator that is told its target class by a few images, and a judge of many classes.

Liu, Huang, Mallya, Karras, Aila, Lehtinen, Kautz, ICCV 2019, arXiv 1905.01723, section 3 and appendix. The translator
is MUNIT's auto-encoder with other numbers, and with a code that is a mean over images.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.errors import LabError
from labkit.nets.blocks import init_kaiming
from labkit.nets.content_style import ContentStyleAutoencoder

Condition = Literal["images", "label", "nothing"]


class FewShotGenerator(ContentStyleAutoencoder):
    """Content of one image, class of K others: `decode(content code, class code)`.

    MUNIT's style encoder is the class encoder here, and its decoder upsamples with InstanceNorm. With the paper's
    numbers (the defaults) 29,866,435 parameters: content encoder 12,202,112, class encoder 2,779,328, MLP 1,135,104,
    decoder 13,749,891.

    condition: where the class code comes from. "images": the class encoder. For comparison "label": a table of learnt
    codes, one for each of `classes` classes; "nothing": zeros. These two have no class encoder.
    """

    def __init__(
        self,
        channels: int = 3,
        width: int = 64,
        halvings: int = 3,
        blocks: int = 2,
        class_halvings: int = 4,
        class_dim: int = 64,
        mlp_width: int = 256,
        condition: Condition = "images",
        classes: int = 119,
    ):
        super().__init__(channels, width, halvings, blocks, class_halvings, class_dim, mlp_width, "instance")
        self.condition = condition
        if condition != "images":
            self.style_encoder = nn.Embedding(classes, class_dim) if condition == "label" else None

    def class_code(self, examples: Tensor) -> Tensor:
        """K images of one class for each translation, (B, K, channels, H, W), to class codes (B, class_dim).

        The mean of the K codes: their order does not matter, K may be another at every call, and what is peculiar to
        one image (its own content, its pose) averages out, in variance as 1 / K.
        """
        n, k = examples.shape[:2]
        return self.style_encoder(examples.flatten(0, 1)).unflatten(0, (n, k)).mean(1)

    def code(self, examples: Tensor, labels: Tensor | None = None) -> Tensor:
        """The class code by `condition`: of `examples`, of `labels` (B,), or zeros; (B, class_dim)."""
        if self.condition == "images":
            return self.class_code(examples)
        if self.condition == "label":
            if labels is None:
                raise LabError("this generator knows its classes by their labels: name one for each image.")
            return self.style_encoder(labels)
        return examples.new_zeros(len(examples), self.style_dim)


def _activated(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)


class ActivationFirstBlock(nn.Module):
    """s(x) + f(x), f = two times {LeakyReLU(0.2), 3×3 convolution padded by reflection}, no norm.

    (B, c_in, H, W) to (B, c_out, H, W). The shortcut s is a 1×1 convolution without bias where widths differ. Where
    they do not, it is x; or, with `activated_shortcut`, LeakyReLU(x), see `MultiTaskPatchGAN`.
    """

    def __init__(self, c_in: int, c_out: int, activated_shortcut: bool = True):
        super().__init__()
        hidden = min(c_in, c_out)
        self.first = nn.Conv2d(c_in, hidden, 3, padding=1, padding_mode="reflect")
        self.second = nn.Conv2d(hidden, c_out, 3, padding=1, padding_mode="reflect")
        self.shortcut = nn.Conv2d(c_in, c_out, 1, bias=False) if c_in != c_out else None
        self.activated_shortcut = activated_shortcut

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(_activated(self.first(_activated(x))))
        if self.shortcut is not None:
            return self.shortcut(x) + y
        return (_activated(x) if self.activated_shortcut else x) + y


class MultiTaskPatchGAN(nn.Module):
    """A discriminator with one map of logits for each class: many tasks "real X or not?" on shared features.

    Images (B, channels, H, W) and labels (B,) to the maps (B, h, w) of these labels, no sigmoid, h = H / 2^(stages-1).
    A 7×7 convolution; `stages` pairs of activation-first blocks, the second of which doubles the width (up to 16·ndf)
    and all but the last of which are followed by an average pool that halves the side; a 1×1 convolution. With the
    paper's numbers (the defaults) 54,252,599 parameters and maps of 8² at 128 px.

    activated: in the official code the activations work in place. So the shortcut of a block that does not change its
    width carries LeakyReLU(x), though the code reads as x, and the features that feature matching compares are those
    behind the head's LeakyReLU. True computes what that code computes, False what it reads.
    """

    def __init__(self, classes: int = 119, channels: int = 3, ndf: int = 64, stages: int = 5, activated: bool = True):
        super().__init__()
        self.activated = activated
        widths = [ndf * min(2**i, 16) for i in range(stages + 1)]
        layers: list[nn.Module] = [nn.Conv2d(channels, ndf, 7, padding=3, padding_mode="reflect")]
        for i, (c_in, c_out) in enumerate(zip(widths[:-1], widths[1:], strict=True)):
            layers += [ActivationFirstBlock(c_in, c_in, activated), ActivationFirstBlock(c_in, c_out, activated)]
            if i < stages - 1:
                layers += [nn.ReflectionPad2d(1), nn.AvgPool2d(3, stride=2)]
        self.layers = nn.Sequential(*layers)
        self.head = nn.Conv2d(widths[-1], classes, 1)
        init_kaiming(self)

    def judge(self, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The maps (B, h, w) of the classes in `labels`, and each image's features (B, F), averaged over positions."""
        features = self.layers(x)
        active = _activated(features)
        maps = self.head(active)
        try:
            chosen = maps[torch.arange(len(x), device=x.device), labels]
        except IndexError:
            raise LabError(
                f"the discriminator has maps for {maps.shape[1]} classes, and a label is {int(labels.max())}: "
                "give the system as many `classes` as the data have."
            ) from None
        return chosen, (active if self.activated else features).mean((2, 3))

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        return self.judge(x, labels)[0]
