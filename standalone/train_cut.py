"""CUT in one file: two folders in, one translator A → B out. Park et al. 2020, arXiv 2007.15651.

    python train_cut.py --A photos/horses --B photos/zebras --out runs/zebras

Writes OUT/checkpoint.pt (the same command goes on from it) and OUT/STEP.png: real A, fake B.
"""

import argparse
import random
from pathlib import Path

import torch
from PIL import Image
from torch import nn
from torch.nn import functional
from torchvision import transforms
from torchvision.utils import save_image

PARTS = ("G", "D", "F", "adam_G", "adam_D")  # of a checkpoint
TAPS = (0, 4, 8, 12, 16)  # layers of G whose patches are compared: the image, two halvings, two blocks


def norm(channels):
    """InstanceNorm, as groups of one channel: nn.InstanceNorm2d has wrong gradients on CPUs for single images."""
    return nn.GroupNorm(channels, channels, affine=False)


class ResBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        first = nn.ReflectionPad2d(1), nn.Conv2d(c, c, 3), norm(c), nn.ReLU()
        self.layers = nn.Sequential(*first, nn.ReflectionPad2d(1), nn.Conv2d(c, c, 3), norm(c))

    def forward(self, x):
        return x + self.layers(x)


class BlurPool(nn.Module):
    """Every second pixel of the blurred image: halving without aliasing."""

    def forward(self, x):
        blur = torch.tensor([1.0, 2.0, 1.0], device=x.device)
        blur = (blur[:, None] * blur / 16).expand(x.shape[1], 1, 3, 3)
        return functional.conv2d(functional.pad(x, (1, 1, 1, 1), "reflect"), blur, stride=2, groups=x.shape[1])


def generator(n=64, blocks=9):
    """Images (B, 3, H, W) in [-1, 1] to the same; H and W are multiples of 4."""
    layers = [nn.ReflectionPad2d(3), nn.Conv2d(3, n, 7), norm(n), nn.ReLU()]
    for c in (n, 2 * n):
        layers += [nn.Conv2d(c, 2 * c, 3, padding=1), norm(2 * c), nn.ReLU(), BlurPool()]
    layers += [ResBlock(4 * n) for _ in range(blocks)]
    for c in (4 * n, 2 * n):
        double = nn.Upsample(scale_factor=2, mode="bilinear")
        layers += [double, nn.Conv2d(c, c // 2, 3, padding=1), norm(c // 2), nn.ReLU()]
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(n, 3, 7), nn.Tanh())


def discriminator(n=64):
    """Images to a map of logits, each for a patch of the image."""
    layers = [nn.Conv2d(3, n, 4, 1, 1), nn.LeakyReLU(0.2), BlurPool()]
    for c in (n, 2 * n):
        layers += [nn.Conv2d(c, 2 * c, 4, 1, 1), norm(2 * c), nn.LeakyReLU(0.2), BlurPool()]
    layers += [nn.Conv2d(4 * n, 8 * n, 4, 1, 1), norm(8 * n), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(8 * n, 1, 4, 1, 1))


class CUT(nn.Module):
    def __init__(self, n=64, blocks=9, lr=2e-4, dim=256, patches=256):
        super().__init__()
        self.G, self.D, self.patches = generator(n, blocks), discriminator(n), patches
        heads = (nn.Sequential(nn.Linear(c, dim), nn.ReLU(), nn.Linear(dim, dim)) for c in (3, 2 * n, *3 * [4 * n]))
        self.F = nn.ModuleList(heads)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.xavier_normal_(layer.weight, 0.02)
                nn.init.zeros_(layer.bias)
        self.adam_G = torch.optim.Adam([*self.G.parameters(), *self.F.parameters()], lr, (0.5, 0.999))
        self.adam_D = torch.optim.Adam(self.D.parameters(), lr, (0.5, 0.999))

    def patch_features(self, x, places=None):
        """Features of each tapped layer at random places, (B, S, C); and the places, to ask for the same ones again."""
        found, used = [], []
        for i, layer in enumerate(self.G[: TAPS[-1] + 1]):
            x = layer(x)
            if i in TAPS:
                area = x.shape[2] * x.shape[3]
                used.append(places[len(used)] if places else torch.randperm(area, device=x.device)[: self.patches])
                found.append(x.flatten(2)[:, :, used[-1]].transpose(1, 2))
        return found, used

    def patch_nce(self, source, output):
        """Each patch of the output must find the patch of the source at its place among the others of that image."""
        queries, places = self.patch_features(output)
        with torch.no_grad():
            keys, _ = self.patch_features(source, places)
        total = 0
        for head, q, k in zip(self.F, queries, keys, strict=True):
            q, k = (v / (v.norm(dim=-1, keepdim=True) + 1e-7) for v in (head(q), head(k).detach()))
            scores = q @ k.transpose(1, 2) / 0.07  # (B, S, S): the right places lie on the diagonal
            right = torch.arange(q.shape[1], device=q.device).expand(len(q), -1)
            total = total + functional.cross_entropy(scores.transpose(1, 2), right)
        return total / len(TAPS)

    def step(self, real_A, real_B):
        """One step of D, and one of G and F together, on two batches; what G and D paid."""
        fake_B, same_B = self.G(torch.cat([real_A, real_B])).chunk(2)
        loss_D = (self.D(real_B) - 1).square().mean() + self.D(fake_B.detach()).square().mean()
        self.adam_D.zero_grad()
        (0.5 * loss_D).backward()
        self.adam_D.step()

        adversarial = (self.D(fake_B) - 1).square().mean()
        contrast = self.patch_nce(torch.cat([real_A, real_B]), torch.cat([fake_B, same_B]))
        loss_G = adversarial + 2 * contrast  # the mean over A's and B's patches: λ_X = λ_Y = 1
        self.adam_G.zero_grad()
        loss_G.backward()
        self.adam_G.step()
        return loss_G.item(), loss_D.item() / 2


def pictures(folder, size):
    """A function that draws n random pictures of a folder, (n, 3, size, size) in [-1, 1]: cropped and mirrored."""
    files = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"}]
    change = [transforms.Resize(round(1.12 * size)), transforms.RandomCrop(size), transforms.RandomHorizontalFlip()]
    change = transforms.Compose([*change, transforms.ToTensor(), transforms.Normalize(0.5, 0.5)])
    return lambda n: torch.stack([change(Image.open(file).convert("RGB")) for file in random.choices(files, k=n)])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("A", "B", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name, default in {"size": 128, "steps": 100_000, "batch": 1, "width": 64, "blocks": 9, "every": 1000}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    o = parser.parse_args(arguments)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    draw_A, draw_B = pictures(o.A, o.size), pictures(o.B, o.size)
    model, done, checkpoint = CUT(o.width, o.blocks).to(device), 0, o.out / "checkpoint.pt"
    o.out.mkdir(parents=True, exist_ok=True)
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        done = state.pop("done")
        for name, held in state.items():
            getattr(model, name).load_state_dict(held)
    while done < o.steps:
        for adam in (model.adam_G, model.adam_D):  # full rate for the first half, then down to 0
            adam.param_groups[0]["lr"] = 2e-4 * min(1, 2 * (1 - done / o.steps))
        real_A, real_B = draw_A(o.batch).to(device), draw_B(o.batch).to(device)
        paid, done = model.step(real_A, real_B), done + 1
        if done % o.every == 0 or done == o.steps:
            with torch.no_grad():
                rows = [real_A, model.G(real_A)]
            save_image(torch.cat(rows), o.out / f"{done}.png", nrow=o.batch, normalize=True, value_range=(-1, 1))
            torch.save({"done": done} | {name: getattr(model, name).state_dict() for name in PARTS}, checkpoint)
            print(f"step {done}: G paid {paid[0]:.2f}, D {paid[1]:.2f}")


if __name__ == "__main__":
    main()
