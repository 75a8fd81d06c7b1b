"""The judge of portraits: it reads every attribute of a drawn face (skin, hair colour, glasses, beard, mouth) and the
drawing style.

One network for all styles, trained once on faces that no lesson draws. Its ceiling is its accuracy, attribute by
attribute, on other faces of its own world. `python -m labkit.judges portraits` trains it anew.
"""

import hashlib
import json
from functools import cache
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional as F

from labkit.data.portraits import ATTRIBUTES, STYLES, drawn, faces
from labkit.judges.judge import FROZEN, filled, read_files
from labkit.paths import write_atomically
from labkit.progress import Bar

NAME = "portraits"
READ = ATTRIBUTES | {"style": tuple(STYLES)}  # what it reads -> the values, in the order of their labels
SIZE = 64  # side of the images that it looks at; others are scaled
SEED = 7_000_000  # of its own world of faces, far from the seeds of lessons
N_TRAIN, N_TEST = 3000, 500  # of each style
EPOCHS, BATCH_SIZE, LEARNING_RATE = 12, 32, 0.002


class AttributeJudge(nn.Module):
    """A small convolutional network with a head for each of `READ`. Images (B, 3, H, W) in [-1, 1], scaled to 64 px.

    record: how it came about, with `ceiling`: style -> attribute -> accuracy on the test faces of its own world.
    """

    def __init__(self, record: dict | None = None):
        super().__init__()
        self.record = record or {}
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 3, 2, 1), nn.SiLU(),  # 32 x 32
            nn.Conv2d(16, 32, 3, 2, 1), nn.SiLU(),  # 16 x 16
            nn.Conv2d(32, 48, 3, 2, 1), nn.SiLU(),  # 8 x 8
            nn.Conv2d(48, 48, 3, 2, 1), nn.SiLU(),  # 4 x 4
            nn.Flatten(),
            nn.Linear(48 * 4 * 4, 48), nn.SiLU(),
        )  # fmt: skip
        self.heads = nn.ModuleDict({name: nn.Linear(48, len(values)) for name, values in READ.items()})

    @property
    def name(self) -> str:
        return self.record.get("name", "untrained")

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Logits of each attribute's values: attribute -> (B, values). Gradients reach the images."""
        features = self.body(_scaled(images))
        return {name: head(features) for name, head in self.heads.items()}

    @torch.no_grad()
    def embed(self, images: Tensor) -> Tensor:
        """The features that the heads read: (N, 48). Works through large sets in parts."""
        return torch.cat([self.body(_scaled(part)) for part in images.split(250)])

    @torch.no_grad()
    def read(self, images: Tensor) -> dict[str, Tensor]:
        """The most probable value of each attribute: attribute -> (N,) int64. Works through large sets in parts."""
        parts = [self(part) for part in images.split(250)]
        return {name: torch.cat([part[name].argmax(1) for part in parts]) for name in READ}


def _scaled(images: Tensor) -> Tensor:
    if images.ndim != 4 or images.shape[1] != 3:
        raise ValueError(f"this judge looks at images (B, 3, H, W), found {tuple(images.shape)}")
    if images.shape[-2:] == (SIZE, SIZE):
        return images
    return F.interpolate(images, (SIZE, SIZE), mode="bilinear", align_corners=False, antialias=True)


@cache
def load_attribute_judge() -> AttributeJudge:
    """The frozen judge of portraits. Raises LabError where its files are missing, damaged or not of one another."""
    file = FROZEN / f"{NAME}.json"
    record, content = read_files(file)
    return filled(AttributeJudge(record), content, file)


def train_attribute_judge(folder: Path) -> AttributeJudge:
    """Train the judge and write weights and record to `folder`. The last step is kept, the test faces are looked at
    once. Minutes on one core, half of them for the drawing."""
    world = {(style, part): _faces(style, part) for style in STYLES for part in ("train", "test")}
    images = torch.cat([world[style, "train"][0] for style in STYLES])
    labels = {name: torch.cat([world[style, "train"][1][name] for style in STYLES]) for name in READ}
    epoch = len(images) // BATCH_SIZE
    steps = EPOCHS * epoch
    with Bar(f"judge {NAME}", steps) as bar, torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        judge = AttributeJudge()
        optimiser = torch.optim.AdamW(judge.parameters(), LEARNING_RATE, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        for step in range(steps):
            if step % epoch == 0:
                order = torch.randperm(len(images))
            chosen = order[step % epoch * BATCH_SIZE :][:BATCH_SIZE]
            logits = judge(_varied(images[chosen]))
            loss = sum(F.cross_entropy(logits[name], labels[name][chosen]) for name in READ)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            bar.advance()
    judge.requires_grad_(False).eval()
    ceiling = {}
    for style in STYLES:
        pictures, known = world[style, "test"]
        read = judge.read(pictures)
        ceiling[style] = {name: float((read[name] == known[name]).float().mean()) for name in READ}
    content = save(judge.state_dict())
    judge.record = {
        "name": NAME,
        "data": f"faces of the world {SEED}, in the styles {', '.join(STYLES)}",
        "split": "train",
        "n_train": len(images),
        "n_test": N_TEST * len(STYLES),
        "ceiling": ceiling,
        "steps": steps,
        "sha256": hashlib.sha256(content).hexdigest(),
        "how": "AdamW, cosine schedule, sum of cross-entropies; images shifted, blurred, dimmed, tinted and with noise"
        "; last step kept, test faces used once for the ceiling",
        "torch": torch.__version__.split("+")[0],
    }
    write_atomically(folder / f"{NAME}.safetensors", content)
    write_atomically(folder / f"{NAME}.json", json.dumps(judge.record, indent=2) + "\n")
    return judge


def _faces(style: str, part: str) -> tuple[Tensor, dict[str, Tensor]]:
    """Pictures and labels of the judge's own people in a style: every value of an attribute equally often."""
    all_values = {name: range(len(values)) for name, values in ATTRIBUTES.items()}
    number = 2 * list(STYLES).index(style) + (part == "test")
    people = faces(N_TEST if part == "test" else N_TRAIN, SEED, number, all_values)
    labels = {name: torch.tensor([getattr(face, name) for face in people]) for name in ATTRIBUTES}
    labels["style"] = torch.full((len(people),), list(STYLES).index(style))
    return drawn(style, people, SIZE, f"judge {NAME}, {style}"), labels


def _varied(images: Tensor) -> Tensor:
    """Moved by up to 2 pixels, a third of them halved in size and back, dimmed, tinted, with noise: generated images
    are never as clean as drawn ones, and a judge that only knows clean ones would punish that."""
    n = len(images)
    across, down = torch.randint(-2, 3, (2,)).tolist()
    images = images.roll((down, across), (2, 3))
    small = F.interpolate(F.avg_pool2d(images, 2), scale_factor=2.0, mode="bilinear", align_corners=False)
    images = torch.where(torch.rand(n, 1, 1, 1) < 1 / 3, small, images)
    contrast, tint = 1 - 0.2 * torch.rand(n, 1, 1, 1), 0.06 * torch.randn(n, 3, 1, 1)
    noise = 0.08 * torch.rand(n, 1, 1, 1) * torch.randn_like(images)
    return (images * contrast + tint + noise).clamp(-1, 1)
