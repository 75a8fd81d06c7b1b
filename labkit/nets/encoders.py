"""Encoders: images in, one feature vector an image out, and the heads that contrastive losses are taken behind."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.errors import LabError
from labkit.nets.cogan import DigitEncoder


class ConvEncoder(nn.Module):
    """A small encoder for small images: (B, channels, size, size) -> (B, features).

    Three 4×4 convolutions of stride 2 (width, 2·width, 4·width channels) with BatchNorm and ReLU, then one linear layer
    over what is left: three halvings of the side, so `size` is a multiple of 8.
    """

    def __init__(self, channels: int = 1, size: int = 16, width: int = 32, features: int = 128):
        super().__init__()
        if size % 8:
            raise LabError(f"ConvEncoder halves an image three times, so its side is a multiple of 8; {size} is not.")
        layers: list[nn.Module] = []
        for c_in, c_out in ((channels, width), (width, 2 * width), (2 * width, 4 * width)):
            layers += [nn.Conv2d(c_in, c_out, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(4 * width * (size // 8) ** 2, features))
        self.features = features

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class ConvDecoder(nn.Module):
    """`ConvEncoder` run backwards: (B, features) -> (B, channels, size, size) in [-1, 1]."""

    def __init__(self, channels: int = 1, size: int = 16, width: int = 32, features: int = 128):
        super().__init__()
        side = size // 8
        layers: list[nn.Module] = [nn.Linear(features, 4 * width * side**2), nn.Unflatten(1, (4 * width, side, side))]
        for c_in, c_out in ((4 * width, 2 * width), (2 * width, width)):
            layers += [nn.BatchNorm2d(c_in), nn.ReLU()]
            layers.append(nn.ConvTranspose2d(c_in, c_out, 4, stride=2, padding=1, bias=False))
        layers += [nn.BatchNorm2d(width), nn.ReLU()]
        layers += [nn.ConvTranspose2d(width, channels, 4, stride=2, padding=1), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, features: Tensor) -> Tensor:
        return self.layers(features)


class ResNet50Encoder(nn.Module):
    """ResNet-50 without its classifier (He et al., CVPR 2016): (B, channels, H, W) -> (B, 2048); 23,508,032 parameters.

    small_images: the stem for images of 32 px, one 3×3 convolution of stride 1 and no pooling (SimCLR, appendix B.9).
    """

    features = 2048

    def __init__(self, channels: int = 3, small_images: bool = False):
        super().__init__()
        from labkit.torchvision_shim import torchvision

        self.layers = torchvision.models.resnet50(weights=None)
        self.layers.fc = nn.Identity()
        if small_images:
            self.layers.conv1 = nn.Conv2d(channels, 64, 3, padding=1, bias=False)
            self.layers.maxpool = nn.Identity()
        elif channels != 3:
            self.layers.conv1 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


def build_encoder(name: str, channels: int, size: int, width: int, features: int) -> nn.Module:
    """An encoder by name: "resnet50", "resnet50_small_images", "conv" or "cogan" (28 px).

    "conv" alone reads size and features, "conv" and "cogan" the width of the first layer.
    """
    if name == "conv":
        return ConvEncoder(channels, size, width, features)
    if name == "cogan":
        return DigitEncoder(channels, width)
    return ResNet50Encoder(channels, small_images=name == "resnet50_small_images")


class ProjectionHead(nn.Module):
    """From features (B, features) to unit vectors (B, dim), where the loss is taken and which are thrown away.

    layers = 1 is MoCo's linear layer, layers = 2 SimCLR's W₂ ReLU(W₁ h) with a hidden layer as wide as the features.
    """

    def __init__(self, features: int, dim: int = 128, layers: int = 2):
        super().__init__()
        hidden: list[nn.Module] = []
        for _ in range(layers - 1):
            hidden += [nn.Linear(features, features), nn.ReLU()]
        self.layers = nn.Sequential(*hidden, nn.Linear(features, dim))

    def forward(self, features: Tensor) -> Tensor:
        return F.normalize(self.layers(features), dim=1)


@torch.no_grad()
def features_of(encoder: nn.Module, images: Tensor, batch_size: int = 512) -> Tensor:
    """Frozen features of images (N, C, H, W): (N, features), in evaluation mode, which is left as it was found."""
    training = encoder.training
    encoder.eval()
    features = torch.cat([encoder(part) for part in images.split(batch_size)])
    encoder.train(training)
    return features
