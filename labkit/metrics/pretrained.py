"""LPIPS and FID as papers quote them, through torchmetrics, where the weights of their networks are on this machine.

Nothing is downloaded behind a reader's back: without its file each function says which one to fetch, and where to.
"""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from labkit.errors import LabError
from labkit.metrics.base import Measurement

ALEXNET = "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth"
INCEPTION = (
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth"
)


def lpips_diversity(outputs: Tensor, *, split: str = "test", seed: int | None = None) -> Measurement:
    """Mean LPIPS distance (Zhang et al. 2018, AlexNet) between two outputs for one input, over all pairs and inputs.

    `outputs`: (N inputs, S outputs each, 3, H, W) in [-1, 1], sides of at least 32 pixels. MUNIT's Table 1 takes 100
    inputs and 19 pairs each. Raises LabError where AlexNet's weights are not here.
    """
    n, s = outputs.shape[:2]
    if s < 2:
        raise ValueError(f"diversity needs at least two outputs for each input, found {s}")
    _weights("AlexNet", ALEXNET)
    _torchmetrics()
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    distance = LearnedPerceptualImagePatchSimilarity(net_type="alex", reduction="sum").to(outputs.device)
    with torch.no_grad():
        total = sum(
            float(distance(outputs[:, i].clamp(-1, 1), outputs[:, j].clamp(-1, 1))) for j in range(s) for i in range(j)
        )
    return Measurement("LPIPS diversity", total / (n * s * (s - 1) / 2), n, split, "LPIPS (AlexNet)", seed)


def inception_distance(fake: Tensor, real: Tensor, *, split: str = "test", seed: int | None = None) -> Measurement:
    """FID (Heusel et al. 2017): Fréchet distance in 2048 features of Inception-v3, of images (N, 3, H, W) in [-1, 1].

    Comparable with published values only at their number of images. Raises LabError where the package torch-fidelity
    or the weights are not here, by name and checksum.
    """
    if find_spec("torch_fidelity") is None:
        raise LabError("FID needs the package torch-fidelity, which is not installed: pip install torch-fidelity.")
    path = _weights("Inception-v3", INCEPTION)
    _torchmetrics()
    from torchmetrics.image.fid import FrechetInceptionDistance

    distance = FrechetInceptionDistance(normalize=True, feature_extractor_weights_path=str(path)).to(fake.device)
    for images, is_real in ((real, True), (fake, False)):
        for part in images.split(64):
            distance.update(((part + 1) / 2).clamp(0, 1), real=is_real)
    return Measurement("FID", float(distance.compute()), min(len(fake), len(real)), split, "Inception-v3", seed)


def _weights(name: str, url: str) -> Path:
    """The file of `url` in torch's cache of downloaded models (TORCH_HOME). Raises LabError where it is not there, or
    is another one: by torch's custom its name ends with the first digits of its sha256."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / Path(url).name
    if not path.is_file():
        raise LabError(f"{name}'s weights are not on this machine; download {url} and put the file at {path}.")
    if not _sha256(path, path.stat().st_mtime_ns).startswith(path.stem.rpartition("-")[2]):
        raise LabError(f"{path}: these are not {name}'s weights (sha256 differs); download {url} anew.")
    return path


@cache
def _sha256(path: Path, changed: int) -> str:
    """Of the file as it was last changed, at the time `changed`: it is large, and read once."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _torchmetrics() -> None:
    """torchmetrics imports torchvision, which the shim must have imported before."""
    from labkit.torchvision_shim import torchvision  # noqa: F401
