"""Perceptual distances: how far two images are in the features of a fixed network, style included or left out.

The domain-invariant form (MUNIT, Huang et al. 2018, arXiv 1804.04732, section 5.1) brings every channel of every map of
features to mean 0 and deviation 1 first. What is left is where features lie, not how strong they are: content without
look.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.errors import LabError
from labkit.nets.norms import instance_norm

Extractor = Callable[[Tensor], Tensor]  # images (B, C, H, W) in [-1, 1] -> feature maps (B, K, h, w)

VGG16_FILE = "vgg16_features-amdegroot-88682ab5.pth"  # weights of the original Caffe model, as torchvision offers them
VGG16_URL = f"https://download.pytorch.org/models/{VGG16_FILE}"


def feature_distance(features_x: Tensor, features_y: Tensor, normalise: bool = True) -> Tensor:
    """Mean squared difference of feature maps (B, K, h, w), one number an image pair: (B,).

    normalise: InstanceNorm without parameters on both first, the domain-invariant form.
    """
    if normalise:
        features_x, features_y = instance_norm(features_x), instance_norm(features_y)
    return (features_x - features_y).square().flatten(1).mean(1)


def domain_invariant_loss(extractor: Extractor, x: Tensor, y: Tensor) -> Tensor:
    """The mean distance of translations `x` from their sources `y`, (B, C, H, W), in normalised features; a scalar."""
    return feature_distance(extractor(x), extractor(y)).mean()


class VGG16(nn.Module):
    """The convolutions of VGG-16 up to relu5_3 (Simonyan and Zisserman 2015), pooled as in MUNIT's code.

    Images (B, 3, H, W) in [-1, 1] to (B, 512, H / 8, W / 8): maximum pooling after the first three stages and none
    after the fourth. 14,714,688 numbers, held as buffers that are not saved with the system that uses them.
    `stop` is the last layer, e.g. "relu4_3".
    """

    STAGES = (2, 2, 3, 3, 3)  # convolutions a stage
    WIDTHS = (3, 64, 128, 256, 512, 512)
    MEAN = (123.68, 116.779, 103.939)  # red, green, blue, of images in [0, 255]

    def __init__(self, stop: str = "relu5_3"):
        super().__init__()
        self.layers = [f"{i}_{j}" for i, n in enumerate(self.STAGES, 1) for j in range(1, n + 1)]
        if stop.removeprefix("relu") not in self.layers:
            raise LabError(
                f"VGG-16 has no layer '{stop}'; there are {', '.join('relu' + name for name in self.layers)}."
            )
        self.layers = self.layers[: self.layers.index(stop.removeprefix("relu")) + 1]
        for name in self.layers:
            stage = int(name[0])
            c_in, c_out = self.WIDTHS[stage - 1 if name.endswith("_1") else stage], self.WIDTHS[stage]
            self.register_buffer(f"weight_{name}", torch.zeros(c_out, c_in, 3, 3), persistent=False)
            self.register_buffer(f"bias_{name}", torch.zeros(c_out), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = (x + 1) * 127.5 - x.new_tensor(self.MEAN)[:, None, None]
        for name in self.layers:
            if name in ("2_1", "3_1", "4_1"):
                x = F.max_pool2d(x, 2)
            x = F.relu(F.conv2d(x, getattr(self, f"weight_{name}"), getattr(self, f"bias_{name}"), padding=1))
        return x


def vgg16_path() -> Path:
    """Where VGG-16's weights are looked for: torch's own cache of downloaded models (TORCH_HOME)."""
    return Path(torch.hub.get_dir()) / "checkpoints" / VGG16_FILE


def load_vgg16(stop: str = "relu5_3") -> VGG16:
    """VGG-16 with its ImageNet weights. Nothing is downloaded: raises LabError where the file is not here."""
    path = vgg16_path()
    if not path.is_file():
        raise LabError(f"VGG-16's weights are not on this machine; download {VGG16_URL} and put the file at {path}.")
    try:
        stored = list(torch.load(path, weights_only=True, map_location="cpu").values())  # weight, bias, weight, bias …
        vgg = VGG16(stop)
        for i, name in enumerate(vgg.layers):
            getattr(vgg, f"weight_{name}").copy_(stored[2 * i])
            getattr(vgg, f"bias_{name}").copy_(stored[2 * i + 1])
    except Exception as error:  # an unpickler raises almost anything on a damaged file
        raise LabError(f"{path} cannot be read ({error}); delete it and download {VGG16_URL} anew.") from None
    return vgg
