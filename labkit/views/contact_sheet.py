"""One picture of what a system makes of a few test images: a labelled row each of inputs, translations, and back."""

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.nn.functional import interpolate

from labkit.data.domain import DataSet, Domain
from labkit.runs.run import Run
from labkit.study import samples
from labkit.systems.base import Translator
from labkit.systems.cogan import CoGAN
from labkit.systems.funit import FUNIT
from labkit.systems.gan import GAN
from labkit.views import style

COLUMNS = 6
EXAMPLES = 5  # images of the class that FUNIT is to translate into
TILE = (96, 160)  # pixels that an image is wide on the sheet, at least and at most
MARGIN, GAP = 62, 4  # pixels for the names, and between two images


def few(run: Run) -> Run:
    """The same run with no more of its data than `rows` looks at, on the device of its networks."""
    device = next(run.system.parameters()).device
    small = {}
    for key, domain in run.dataset.test.items():
        places = range(min(COLUMNS, len(domain)))
        if isinstance(run.system, FUNIT) and key == "B":
            members = [(domain.labels == label).nonzero().flatten() for label in domain.labels.unique()[:COLUMNS]]
            places = torch.cat([own[: min(EXAMPLES, *map(len, members))] for own in members]).tolist()
        labels = None if domain.labels is None else domain.labels[list(places)].to(device)
        small[key] = Domain(domain.name, domain.take(places).to(device), labels)
    shown = Run(run.spec, run.folder, run.system, run.history)
    vars(shown)["dataset"] = DataSet(run.dataset.name, {}, small)
    return shown


def rows(run: Run) -> dict[str, Tensor]:
    """Name -> images (n, C, H, W) in [-1, 1]. Empty for systems that make no images, and for points in the plane."""
    system, test, seed = run.system, run.dataset.test, run.spec.seed
    if next(iter(test.values())).images.ndim != 4:
        return {}
    if isinstance(system, FUNIT):
        return _few_shot(system, test)
    if isinstance(system, Translator):
        return samples.rows(run, COLUMNS)
    if isinstance(system, CoGAN):
        return dict(zip(("fake_A", "fake_B"), system.sample_pairs(COLUMNS, seed), strict=True))
    if isinstance(system, GAN):
        return {"real": test["real"].images, "fake": system.sample(COLUMNS, seed)}
    return {}


def _few_shot(system: FUNIT, test: dict[str, Domain]) -> dict[str, Tensor]:
    """Each content in one of the target classes, by a few examples, the first of which is shown."""
    contents, of_class = test["A"].images, len(test["B"]) // len(test["B"].labels.unique())
    classes = test["B"].images.unflatten(0, (-1, of_class))
    examples = classes[torch.arange(len(contents)) % len(classes)]
    given = {"images": {"examples": examples}, "label": {"label": test["A"].labels}, "nothing": {}}
    fake = system.translate(contents, **given[system.settings.condition])
    return {"real_A": contents, "fake_B": fake, "real_B": examples[:, 0]}


def sheet(rows: dict[str, Tensor]) -> Image.Image | None:
    """The rows below each other, their names beside them; None where there are none."""
    if not rows:
        return None
    tiled = {name: [_tile(image) for image in images] for name, images in rows.items()}
    side = max(image.width for images in tiled.values() for image in images)
    columns = max(map(len, tiled.values()))
    picture = Image.new("RGB", (MARGIN + columns * (side + GAP), len(tiled) * (side + GAP) + GAP), "white")
    write, font = ImageDraw.Draw(picture), ImageFont.load_default(size=14)
    for row, (name, images) in enumerate(tiled.items()):
        top = GAP + row * (side + GAP)
        colour = {"_A": style.A, "_B": style.B}.get(name[-2:], "black")
        write.text((MARGIN - 6, top + side // 2), name, fill=colour, font=font, anchor="rm")
        for column, image in enumerate(images):
            picture.paste(image, (MARGIN + column * (side + GAP), top))
    return picture


def _tile(image: Tensor) -> Image.Image:
    """(1 or 3, H, W) in [-1, 1] as a picture whose width is within `TILE`; small ones are enlarged pixel by pixel."""
    least, most = TILE
    width = image.shape[-1]
    image = image[None].float().clamp(-1, 1)
    if width < least:
        image = interpolate(image, scale_factor=-(-least // width), mode="nearest")
    elif width > most:
        image = interpolate(image, scale_factor=most / width, mode="area")
    pixels = ((image[0].expand(3, -1, -1) + 1) * 127.5).round().byte().permute(1, 2, 0)
    return Image.fromarray(pixels.cpu().numpy())
