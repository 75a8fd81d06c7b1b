"""CycleGAN in one file: two folders in, two translators out. Zhu et al. 2017, arXiv 1703.10593.

    python train_cyclegan.py --A photos/horses --B photos/zebras --out runs/zebras

Writes OUT/checkpoint.pt (the same command goes on from it) and OUT/STEP.png: real A, fake B, and back in A.
"""

import argparse
import random
from pathlib import Path

import torch
from PIL import Image
from torch import nn
from torchvision import transforms
from torchvision.utils import save_image

PARTS = ("G_AB", "G_BA", "D_A", "D_B", "adam_G", "adam_D")  # of a checkpoint


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


def generator(n=64, blocks=9):
    """Images (B, 3, H, W) in [-1, 1] to the same; H and W are multiples of 4."""

    def down(c):
        return [nn.Conv2d(c, 2 * c, 3, stride=2, padding=1), norm(2 * c), nn.ReLU()]

    def up(c):
        return [nn.ConvTranspose2d(c, c // 2, 3, 2, padding=1, output_padding=1), norm(c // 2), nn.ReLU()]

    return nn.Sequential(
        *(nn.ReflectionPad2d(3), nn.Conv2d(3, n, 7), norm(n), nn.ReLU(), *down(n), *down(2 * n)),
        *(ResBlock(4 * n) for _ in range(blocks)),
        *(*up(4 * n), *up(2 * n), nn.ReflectionPad2d(3), nn.Conv2d(n, 3, 7), nn.Tanh()),
    )


def discriminator(n=64):
    """Images to a map of logits, each for a patch of 70×70 pixels."""
    layers = [nn.Conv2d(3, n, 4, 2, 1), nn.LeakyReLU(0.2)]
    for c, stride in ((n, 2), (2 * n, 2), (4 * n, 1)):
        layers += [nn.Conv2d(c, 2 * c, 4, stride, 1), norm(2 * c), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(8 * n, 1, 4, 1, 1))


class Pool:
    """The last generated images: D sees one of them, or the newest, with equal chance (Shrivastava et al. 2017)."""

    def __init__(self, capacity=50):
        self.capacity, self.images = capacity, []

    def __call__(self, images):
        shown = []
        for image in images.detach():
            if len(self.images) < self.capacity:
                self.images.append(image)
            elif self.images and random.random() < 0.5:
                i = random.randrange(self.capacity)
                image, self.images[i] = self.images[i], image
            shown.append(image)
        return torch.stack(shown)


class CycleGAN(nn.Module):
    def __init__(self, n=64, blocks=9, lr=2e-4, pool=50):
        super().__init__()
        self.G_AB, self.G_BA = generator(n, blocks), generator(n, blocks)
        self.D_A, self.D_B = discriminator(n), discriminator(n)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(layer.weight, 0, 0.02)
                nn.init.zeros_(layer.bias)
        self.pool_A, self.pool_B = Pool(pool), Pool(pool)
        self.adam_G = torch.optim.Adam([*self.G_AB.parameters(), *self.G_BA.parameters()], lr, (0.5, 0.999))
        self.adam_D = torch.optim.Adam([*self.D_A.parameters(), *self.D_B.parameters()], lr, (0.5, 0.999))

    def step(self, real_A, real_B):
        """One step of G and one of D on two batches; what both paid."""
        fake_B, fake_A = self.G_AB(real_A), self.G_BA(real_B)
        adversarial = (self.D_B(fake_B) - 1).square().mean() + (self.D_A(fake_A) - 1).square().mean()
        cycle = (self.G_BA(fake_B) - real_A).abs().mean() + (self.G_AB(fake_A) - real_B).abs().mean()
        identity = (self.G_BA(real_A) - real_A).abs().mean() + (self.G_AB(real_B) - real_B).abs().mean()
        loss_G = adversarial + 10 * cycle + 5 * identity
        self.adam_G.zero_grad()
        loss_G.backward()
        self.adam_G.step()

        shown_A, shown_B = self.pool_A(fake_A), self.pool_B(fake_B)
        loss_D = (self.D_A(real_A) - 1).square().mean() + self.D_A(shown_A).square().mean()
        loss_D = 0.5 * (loss_D + (self.D_B(real_B) - 1).square().mean() + self.D_B(shown_B).square().mean())
        self.adam_D.zero_grad()  # also of what G's loss left there
        loss_D.backward()
        self.adam_D.step()
        return loss_G.item(), loss_D.item()


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
    model, done, checkpoint = CycleGAN(o.width, o.blocks).to(device), 0, o.out / "checkpoint.pt"
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
                rows = [real_A, model.G_AB(real_A), model.G_BA(model.G_AB(real_A))]
            save_image(torch.cat(rows), o.out / f"{done}.png", nrow=o.batch, normalize=True, value_range=(-1, 1))
            torch.save({"done": done} | {name: getattr(model, name).state_dict() for name in PARTS}, checkpoint)
            print(f"step {done}: G paid {paid[0]:.2f}, D {paid[1]:.2f}")


if __name__ == "__main__":
    main()
