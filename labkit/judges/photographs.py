"""The judge of photographs: one feature space for collections of them, learnt without a label.

An encoder that SimCLR (Chen et al. 2020, arXiv 2002.05709) trained on both training halves of horse2zebra and of
monet2photo together. It was told that crops, mirror images and other colours of one picture are the same, so it sees
what a picture shows and how it is textured, and sees colours poorly.

It is small, and no Inception network: distances in its space compare with one another and with no published FID. Its
record sets what a linear probe reads in its features beside the same for the network before its first step. Training
helped with horses and zebras, and hardly with paintings and photographs, which differ to an untrained network as well.

`python -m labkit.judges photographs` trains it anew. The pictures are for research, and so are the weights; nothing
else of the pictures is kept.
"""

import hashlib
import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional as F

from labkit import data
from labkit.data.augment import AUGMENTATIONS, random_view
from labkit.data.domain import DataSet, FolderDomain
from labkit.data.terms import terms
from labkit.data.unpaired import UnpairedBatches
from labkit.judges.judge import FROZEN, filled, read_files
from labkit.losses.contrastive import nt_xent
from labkit.nets.encoders import ProjectionHead
from labkit.paths import write_atomically
from labkit.progress import Bar

NAME = "photographs"
SETS = ("horse2zebra", "monet2photo")  # in the layout of CycleGAN, found as `labkit.data` finds them
SIZE = 64  # side of the pictures that it looks at; others are scaled
WIDTHS = (32, 64, 128, 128)
FEATURES = 64  # Fréchet distances need more images than dimensions, and test halves have 50 to 140
STEPS, BATCH_SIZE, SEED = 1400, 64, 0
LEARNING_RATE, WEIGHT_DECAY = 0.002, 0.0001  # of AdamW
TAU = 0.2  # for batches of 64; the paper's 0.1 goes with 4,096
VIEWS = replace(AUGMENTATIONS["photos"], area=(0.2, 1.0))  # the paper's smallest crops would be 18 px wide here


class PhotographJudge(nn.Module):
    """Four convolutions of stride 2 with BatchNorm, a mean over places, one linear layer: 430 thousand weights.

    Pictures of another size than 64 x 64 are scaled to it, bilinearly and antialiased; those that are not square lose
    their proportions. Scaling and network let gradients through to the pictures; the weights take none.

    record: how it came about: what it saw and under which terms, steps, seed, sha256, and `ceiling`: set -> the share
    of its test pictures that a linear probe, fitted to the features of its training pictures, gives to their domain.
    `untrained` is the same for the network before its first step: what is above it, training gave.
    """

    def __init__(self, record: dict | None = None):
        super().__init__()
        self.record = record or {}
        layers: list[nn.Module] = []
        for c_in, c_out in zip((3, *WIDTHS), WIDTHS, strict=False):
            layers += [nn.Conv2d(c_in, c_out, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU()]
        self.body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTHS[-1], FEATURES))
        self.register_buffer("feature_mean", torch.zeros(FEATURES))
        self.register_buffer("feature_std", torch.ones(FEATURES))

    @property
    def name(self) -> str:
        """The name of its feature space, which other weights do not share: "photographs" and their checksum's start."""
        return f"{NAME}-{self.record['sha256'][:8]}" if self.record else "untrained"

    def features(self, images: Tensor) -> Tensor:
        """Features (B, 64) of pictures (B, 3, H, W) in [-1, 1], in units of their standard deviation over the judge's
        training pictures, where their mean is 0."""
        if images.ndim != 4 or images.shape[1] != 3:
            raise ValueError(f"this judge looks at images (B, 3, H, W), found {tuple(images.shape)}")
        if images.shape[-2:] != (SIZE, SIZE):
            images = images.to(torch.promote_types(images.dtype, torch.float32))  # CPUs do not resize bf16
            images = F.interpolate(images, (SIZE, SIZE), mode="bilinear", align_corners=False, antialias=True)
        return (self.body(images) - self.feature_mean) / self.feature_std

    def forward(self, images: Tensor) -> Tensor:
        return self.features(images)

    @torch.no_grad()
    def embed(self, images: Tensor) -> Tensor:
        """`features` of a whole set of pictures without gradients, (N, 64); works through it in parts."""
        return torch.cat([self.features(part) for part in images.split(250)])

    def standardise(self, images: Tensor) -> None:
        """Take the mean and the standard deviation of the features over `images` as their zero and unit."""
        features = self.embed(images) * self.feature_std + self.feature_mean
        self.feature_mean.copy_(features.mean(0))
        self.feature_std.copy_(features.std(0))


@cache
def load_photograph_judge() -> PhotographJudge:
    """The frozen judge of photographs. Raises LabError where its files are missing, damaged or not of one another."""
    file = FROZEN / f"{NAME}.json"
    record, content = read_files(file)
    return filled(PhotographJudge(record), content, file)


def train_photograph_judge(
    folder: Path, sets: Sequence[str] = SETS, steps: int = STEPS, batch_size: int = BATCH_SIZE
) -> PhotographJudge:
    """Train the judge on both training halves of `sets`, without their labels, and write weights and record to
    `folder`. The last step is kept, the test halves are looked at once. Deterministic on one machine and thread count;
    ten minutes on one core. Raises LabError where a set is missing."""
    found = {name: data.load("cyclegan_folders", {"root": name, "size": SIZE}) for name in sets}
    paths = [path for each in found.values() for domain in each.train.values() for path in domain.paths]
    pictures = FolderDomain(NAME, paths, SIZE)
    batches = UnpairedBatches({"real": pictures}, batch_size, SEED)
    with Bar(f"judge {NAME}", steps) as bar, torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        judge, head = PhotographJudge(), ProjectionHead(FEATURES)
        untrained = deepcopy(judge).eval()
        weights = [*judge.parameters(), *head.parameters()]
        optimiser = torch.optim.AdamW(weights, LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        for step in range(steps):
            real = batches.batch(step)["real"]
            views = torch.cat([random_view(real, VIEWS), random_view(real, VIEWS)])
            loss = nt_xent(*head(judge(views)).chunk(2), TAU)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            bar.advance()
    judge.requires_grad_(False)
    for each in (judge.eval(), untrained):
        each.standardise(pictures.images)
    content = save(judge.state_dict())
    judge.record = {
        "name": NAME,
        "data": {name: {f"train{key}": len(each.train[key]) for key in "AB"} for name, each in found.items()},
        "pictures_sha256": hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest(),
        "terms": {name: terms("cyclegan_folders", {"root": name}) for name in sets},
        "use": "research only, as the pictures that it was trained on; no picture is stored",
        "split": "train",
        "n_train": len(paths),
        "n_test": sum(len(domain) for each in found.values() for domain in each.test.values()),
        "ceiling": {name: _told_apart(judge, each) for name, each in found.items()},
        "untrained": {name: _told_apart(untrained, each) for name, each in found.items()},
        "seed": SEED,
        "steps": steps,
        "batch_size": batch_size,
        "sha256": hashlib.sha256(content).hexdigest(),
        "how": f"SimCLR, temperature {TAU}, AdamW, cosine schedule; views cropped, mirrored, recoloured, greyed, "
        "blurred; last step kept, test halves used once for the ceiling, a linear probe's accuracy",
        "torch": torch.__version__.split("+")[0],
    }
    write_atomically(folder / f"{NAME}.safetensors", content)
    write_atomically(folder / f"{NAME}.json", json.dumps(judge.record, indent=2) + "\n")
    return judge


def _told_apart(judge: PhotographJudge, dataset: DataSet) -> float:
    """The share of the test pictures whose domain a linear probe reads in the features."""
    from sklearn.linear_model import LogisticRegression

    x, x_test = (
        torch.cat([judge.embed(part[key].images) for key in "AB"]).numpy() for part in (dataset.train, dataset.test)
    )
    y, y_test = ([key for key in "AB" for _ in range(len(part[key]))] for part in (dataset.train, dataset.test))
    return LogisticRegression(max_iter=3000).fit(x, y).score(x_test, y_test)
