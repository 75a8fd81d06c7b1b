"""How a judge is trained: once, from a plan, on the training split of its data set."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor
from torch.nn import functional as F

from labkit import data
from labkit.data.unpaired import UnpairedBatches
from labkit.judges.judge import Judge
from labkit.paths import write_atomically
from labkit.progress import Bar


@dataclass(frozen=True)
class Plan:
    """Data set and settings, how long, and how. The last step's weights are kept; the test split is looked at once."""

    data: str
    settings: dict = field(default_factory=dict)
    both_polarities: bool = False  # half of the images as dark ink on light ground
    epochs: int = 30
    batch_size: int = 64
    learning_rate: float = 0.002
    weight_decay: float = 0.001
    seed: int = 0

    def as_dict(self) -> dict:
        return json.loads(json.dumps(asdict(self)))  # tuples become lists, as in the record that it is compared with


@dataclass(frozen=True)
class ClassPlan(Plan):
    """A plan for a judge of any number of classes: as many as there are labels in its training images."""

    channels: int = 3  # 3 sees colour, 1 does not
    width: int = 16
    dimming: float = 0.25  # how far training images are dimmed and veiled: less than for digits, for colours matter


PLANS = {
    "optdigits": Plan("optdigits", {"seed": 0}),
    "glyph_digits": Plan(
        "glyph_digits",
        {
            "n_train": 6000,
            "n_test": 1500,
            "weights": ["light", "regular", "bold"],
            "slants": ["left", "upright", "right"],
            "textures": ["solid", "rows", "columns", "diagonal", "dots", "outline"],
            "seed": 1000,  # far from the seeds of lessons, so that it never saw their glyphs
        },
        both_polarities=True,  # print comes in any ink on any paper
        epochs=16,
    ),
    "mnist": Plan("mnist", epochs=3, batch_size=128),
    "usps": Plan("usps", epochs=15),
}


def train(name: str, folder: Path, plan: Plan | None = None) -> Judge:
    """Train judge `name` by its plan (default: the one in PLANS) and write `<name>.safetensors` and the record
    `<name>.json` to `folder`.

    Adam with a cosine schedule on the cross-entropy, on images that `_varied` changes a little. Deterministic on one
    machine and thread count. Raises LabError where the data is missing.
    """
    plan = plan or PLANS[name]
    dataset = data.load(plan.data, plan.settings)
    train_set, test_set = dataset.train["real"], dataset.test["real"]
    batches = UnpairedBatches({"real": train_set}, plan.batch_size, plan.seed, labels=["real"])
    steps = plan.epochs * len(train_set) // plan.batch_size
    many = {}
    if isinstance(plan, ClassPlan):
        many = {"classes": int(train_set.labels.max()) + 1, "channels": plan.channels, "width": plan.width}
    dimming = getattr(plan, "dimming", 1.0)
    with Bar(f"judge {name}", steps) as bar, torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        judge = Judge(**many)
        optimiser = torch.optim.AdamW(judge.parameters(), plan.learning_rate, weight_decay=plan.weight_decay)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        for step in range(steps):
            batch = batches.batch(step)
            seen = _varied(batch["real"], plan.both_polarities, dimming)
            loss = F.cross_entropy(judge.logits(seen), batch["real_label"])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            bar.advance()
    judge.frozen().standardise(train_set.images)
    right = int((judge.predict(test_set.images) == test_set.labels).sum())
    weights = save({key: value.contiguous() for key, value in judge.state_dict().items()})
    judge.record = {
        "name": name,
        "data": plan.data,
        "split": "train",
        "n_train": len(train_set),
        "n_test": len(test_set),
        "ceiling": right / len(test_set),
        "seed": plan.seed,
        "steps": steps,
        "sha256": hashlib.sha256(weights).hexdigest(),
        "plan": plan.as_dict(),
        **({"classes": many["classes"]} if many else {}),
        "how": "AdamW, cosine schedule, cross-entropy; images shifted, turned, scaled, dimmed and with noise"
        f"{', half of them inverted' if plan.both_polarities else ''}; "
        "last step kept, test split used once for the ceiling",
        "torch": torch.__version__.split("+")[0],
    }
    write_atomically(Path(folder) / f"{name}.safetensors", weights)
    write_atomically(Path(folder) / f"{name}.json", json.dumps(judge.record, indent=2) + "\n")
    return judge


def _varied(images: Tensor, both_polarities: bool, dimming: float = 1.0) -> Tensor:
    """Images moved by up to 2 pixels of 32, turned by 9 degrees, scaled by 10 %, with paler ink, lighter ground, noise.

    `dimming`: how much paler and lighter, 1 for digits. Generated images are never as clean as real ones; a judge that
    only knows clean ones would punish that.
    """
    n = len(images)
    shift, (angle, size) = 0.125 * (2 * torch.rand(n, 2) - 1), 2 * torch.rand(2, n) - 1
    angle, size = 0.16 * angle, 1 + 0.1 * size
    rows = [angle.cos() * size, -angle.sin() * size, shift[:, 0], angle.sin() * size, angle.cos() * size, shift[:, 1]]
    grid = F.affine_grid(torch.stack(rows, 1).reshape(n, 2, 3), list(images.shape), align_corners=False)
    images = F.grid_sample(images, grid, padding_mode="border", align_corners=False)
    ground = 0.3 * dimming * torch.rand(n, 1, 1, 1)
    ink = (1 - 0.4 * dimming) + (0.4 * dimming) * torch.rand(n, 1, 1, 1)
    if both_polarities:
        swapped = torch.rand(n, 1, 1, 1) < 0.5
        ground, ink = torch.where(swapped, 1 - ground, ground), torch.where(swapped, 1 - ink, ink)
    images = 2 * (ground + (ink - ground) * (images + 1) / 2) - 1
    return images + 0.08 * torch.rand(n, 1, 1, 1) * torch.randn_like(images)
