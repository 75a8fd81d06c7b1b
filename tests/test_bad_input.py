"""What people really hand to a program: broken, strange and hostile files, empty folders, typing errors, full disks.

Each must work, where converting is right, or end in one sentence that names the thing, with exit status 2 and nothing
lost. The listed cases come first; then some thousand generated ones, of which none may end in anything else.
"""

import errno
import io
import os
import pickle
import random
import shutil
import struct
import tarfile
import zipfile
import zlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from labkit import data, paths, profiles
from labkit.__main__ import main
from labkit.data.files.archive import unpack
from labkit.data.files.catalog import Entry, read_catalog
from labkit.data.files.images import read_image
from labkit.data.files.places import unpacked
from labkit.data.files.prepare import prepare
from labkit.data.unpaired import UnpairedBatches
from labkit.errors import LabError
from labkit.runs import RunSpec, open_run, run
from labkit.settings import from_mapping
from labkit.systems import build
from labkit.systems.cyclegan import CycleGANSettings
from labkit.train import checkpoint, make_fabric
from labkit.train.compute import Compute
from labkit.yamlfile import read_yaml

SIDE = 16
SMALL = {"ngf": 4, "ndf": 4, "blocks": 1, "d_layers": 1, "pool": 2}


# The tools of these tests -------------------------------------------------------------------------------------------


def photo(seed: int = 0, size: tuple[int, int] = (24, 20)) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(256, size=(size[1], size[0], 3), dtype=np.uint8))


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims any size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.fixture(autouse=True)
def ieee_floats():
    """Training flushes denormal numbers to zero in the whole process, and hypothesis will not draw floats then."""
    torch.set_flush_denormal(False)


@pytest.fixture
def folders(tmp_path):
    """Two folders with three photographs of one and five of the other domain."""
    for key, count in {"A": 3, "B": 5}.items():
        (tmp_path / key).mkdir()
        for i in range(count):
            photo(10 * count + i).save(tmp_path / key / f"{i}.png")
    return tmp_path


def snapshot(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def train(folders: Path, *more: str, out: str = "out", steps: int = 1) -> list[str]:
    small = [f"{key}={value}" for key, value in SMALL.items()]
    command = ["train", "cyclegan", "--A", str(folders / "A"), "--B", str(folders / "B"), "--out", str(folders / out)]
    return [*command, "--size", str(SIDE), "--steps", str(steps), "--accelerator", "cpu", "--set", *small, *more]


@pytest.fixture
def refused(capsys):
    """The sentence with which the command line ends, with status 2; files in `keep` are as they were."""

    def check(arguments: list[str], keep: Path) -> str:
        before = snapshot(keep)
        capsys.readouterr()
        assert main(arguments) == 2
        message = capsys.readouterr().err.strip()
        assert message.startswith("labkit: ") and "\n" not in message and "Traceback" not in message
        after = snapshot(keep)
        assert {name: after.get(name) for name in before} == before
        return message

    return check


# Image files --------------------------------------------------------------------------------------------------------


def test_a_run_with_sound_photographs_works(folders):
    assert main(train(folders)) == 0  # or the refusals below would prove nothing


def cmyk() -> bytes:
    return encoded(Image.new("CMYK", (24, 20), (0, 255, 255, 0)), "JPEG", quality=100)


def sixteen_bit() -> bytes:
    return encoded(Image.fromarray(np.full((20, 24), 0x8000, dtype=np.uint16)), "PNG")


def grey() -> bytes:
    return encoded(Image.new("L", (24, 20), 90), "PNG")


def palette() -> bytes:
    return encoded(Image.new("RGB", (24, 20), (10, 200, 30)).convert("P", palette=Image.Palette.ADAPTIVE), "PNG")


def alpha() -> bytes:
    return encoded(Image.new("RGBA", (24, 20), (200, 0, 0, 0)), "PNG")


def half_transparent_palette() -> bytes:
    return encoded(Image.new("P", (24, 20), 0), "PNG", transparency=0)


def animated() -> bytes:
    frames = [Image.new("RGB", (24, 20), colour) for colour in ((250, 0, 0), (0, 250, 0))]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


def black_and_white() -> bytes:
    return encoded(Image.new("1", (24, 20), 1), "PNG")


def with_profile() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return encoded(Image.new("RGB", (24, 20), (1, 2, 3)), "PNG", icc_profile=profile)


@pytest.mark.parametrize("make, name, colour", [
    (cmyk, "x.jpg", (255, 0, 0)),
    (sixteen_bit, "x.png", (128, 128, 128)),
    (grey, "x.png", (90, 90, 90)),
    (palette, "x.png", (10, 200, 30)),
    (alpha, "x.png", (255, 255, 255)),
    (half_transparent_palette, "x.png", (255, 255, 255)),
    (animated, "x.gif", (250, 0, 0)),
    (black_and_white, "x.png", (255, 255, 255)),
    (with_profile, "x.png", (1, 2, 3)),
    (cmyk, "misnamed.png", (255, 0, 0)),
    (grey, "MISNAMED.JPG", (90, 90, 90)),
])  # fmt: skip
def test_strange_images_are_converted_and_trained_on(folders, make, name, colour):
    path = folders / "A" / name
    path.write_bytes(make())
    image = read_image(path)
    assert image.mode == "RGB" and image.size == (24, 20)
    pixels = np.asarray(image).reshape(-1, 3).astype(int)
    assert abs(pixels - np.array(colour)).max() <= 8
    dataset = data.load("two_folders", {"A": str(folders / "A"), "B": str(folders / "B"), "size": SIDE})
    batch = UnpairedBatches(dataset.train, 3, seed=0).batch(0)
    assert batch["A"].shape == batch["B"].shape == (3, 3, SIDE, SIDE) and batch["A"].abs().max() <= 1


def truncated_jpeg() -> bytes:
    content = encoded(photo(size=(200, 200)), "JPEG")
    return content[: len(content) // 2]


def truncated_png() -> bytes:
    return encoded(photo(), "PNG")[:-400]


@pytest.mark.parametrize("name, content", [
    ("cut.jpg", truncated_jpeg()),
    ("cut.png", truncated_png()),
    ("empty.png", b""),
    ("text.jpg", b"this is no image at all"),
    ("page.jpg", b"<html>404</html>"),
    ("bomb.png", png_that_claims(60_000, 60_000)),
    ("large.png", png_that_claims(11_000, 11_000)),
    ("flat.png", png_that_claims(0, 20)),
])  # fmt: skip
def test_broken_images_are_named(folders, refused, name, content):
    (folders / "B" / name).write_bytes(content)
    for step in range(6):  # a broken end shows only when the image's turn comes
        (folders / "B" / f"{step}.png").unlink(missing_ok=True)
    assert name in refused(train(folders, steps=2, out="new"), keep=folders)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_files_are_named(folders, refused):
    (folders / "A" / "0.png").chmod(0)
    assert "0.png" in refused(train(folders), keep=folders / "B")


def test_a_folder_or_a_dangling_link_with_the_name_of_an_image(folders, refused):
    (folders / "A" / "folder.png").mkdir()
    assert "folder.png" in refused(train(folders), keep=folders)
    (folders / "A" / "folder.png").rmdir()
    (folders / "A" / "link.png").symlink_to(folders / "nowhere.png")
    assert "link.png" in refused(train(folders), keep=folders / "B")


def test_one_bad_file_among_many_does_not_stop_prepare(folders, capsys):
    (folders / "A" / "bad.png").write_bytes(b"bad")
    assert prepare(folders, folders.parent / "prepared", 12) == 2
    assert "bad.png" in capsys.readouterr().err
    assert len(snapshot(folders.parent / "prepared")) == 8


# Folders ------------------------------------------------------------------------------------------------------------


def test_an_empty_folder_is_named(folders, refused):
    shutil.rmtree(folders / "A")
    (folders / "A").mkdir()
    said = refused(train(folders), keep=folders)
    assert str(folders / "A") in said and "no images" in said
    (folders / "A" / "notes.txt").write_text("no image")
    said = refused(train(folders), keep=folders)
    assert str(folders / "A") in said and "no images" in said


def test_a_missing_folder_is_named(folders, refused):
    shutil.rmtree(folders / "B")
    assert str(folders / "B") in refused(train(folders), keep=folders)


def test_one_image_is_enough_and_domains_may_differ_in_size(folders):
    for name in ("1.png", "2.png"):
        (folders / "A" / name).unlink()
    dataset = data.load("two_folders", {"A": str(folders / "A"), "B": str(folders / "B"), "size": SIDE})
    assert (len(dataset.train["A"]), len(dataset.train["B"])) == (1, 4)
    batches = UnpairedBatches(dataset.train, 2, seed=0)
    seen = torch.cat([batches.batch(step)["B"] for step in range(2)])
    assert len(torch.unique(seen.flatten(1), dim=0)) == 4  # every image of the larger domain, once
    assert main(train(folders, steps=2)) == 0


# Archives -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../climbed.png", "/climbed.png"])
def test_an_archive_that_climbs_out_as_a_data_set(tmp_path, name, monkeypatch):
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "cache"))
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("x" * len(name), b"evil")
    (tmp_path / "set.zip").write_bytes((tmp_path / "set.zip").read_bytes().replace(b"x" * len(name), name.encode()))
    with pytest.raises(LabError, match="set.zip: holds .*climbed.png"):
        unpacked(tmp_path / "set.zip")
    assert not list(tmp_path.rglob("climbed.png")) and not Path("/climbed.png").exists()


def test_an_archive_that_is_a_bomb_as_a_data_set(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "cache"))
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.png", bytes(60_000_000))
    with pytest.raises(LabError, match="set.zip: unpacks to more than 50 MB"):
        unpacked(tmp_path / "set.zip")
    assert sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file()) < 100_000


# Checkpoints, runs and profiles ---------------------------------------------------------------------------------------


def test_a_checkpoint_of_another_system_or_size(folders, refused):
    assert main(train(folders, steps=2)) == 0
    finished = folders / "out"
    (finished / "weights.safetensors").unlink()
    assert "out holds a run with another specification" in refused(train(folders, "ngf=6", steps=2), keep=finished)
    (finished / "spec.json").unlink()
    said = refused(train(folders, "ngf=6", steps=2), keep=finished)
    assert "checkpoint.pt" in said and "ngf=4" in said and "ngf=6" in said
    (finished / "spec.json").unlink()
    other = ["train", "direct", *train(folders, steps=2)[2:]]
    assert "checkpoint.pt was written for system CycleGAN, this run has Direct" in refused(other, keep=finished)


class Payload:
    """What a hostile pickle does: open a file for writing, here."""

    def __init__(self, flag: Path):
        self.flag = flag

    def __reduce__(self):
        return open, (str(self.flag), "w")


@pytest.mark.parametrize("kind", ["torch", "pickle"])
def test_a_checkpoint_with_a_payload_is_not_executed(folders, refused, kind):
    assert main(train(folders, steps=2)) == 0
    finished, flag = folders / "out", folders / "executed"
    (finished / "weights.safetensors").unlink()
    if kind == "torch":
        torch.save({"system": Payload(flag)}, finished / "checkpoint.pt")
    else:
        (finished / "checkpoint.pt").write_bytes(pickle.dumps(Payload(flag)))
    assert "checkpoint.pt" in refused(train(folders, steps=2), keep=finished)
    assert not flag.exists()


def test_weights_that_are_no_weights(folders, refused):
    assert main(train(folders, steps=1)) == 0
    weights = folders / "out" / "weights.safetensors"
    for content in (b"", b"no weights", pickle.dumps(Payload(folders / "executed")), weights.read_bytes()[:-9]):
        weights.write_bytes(content)
        assert "weights.safetensors" in refused(["evaluate", str(folders / "out")], keep=folders)
    assert not (folders / "executed").exists()


@pytest.mark.parametrize("change, words", [
    ({"smoke": {"stepz": 3}}, ["stepz", "did you mean 'steps'"]),
    ({"smoke": {"steps": "many"}}, ["steps", "text"]),
    ({"smoke": {"steps": 2.5}}, ["steps", "a whole number"]),
    ({"smoke": {"steps": None}}, ["steps"]),
    ({"smoke": {"net": 3}}, ["net"]),
    ({"smoke": {"net": {"ngf": [1]}}}, ["ngf"]),
    ({"smoke": [1]}, ["smoke"]),
    ({"smok": {}}, ["smok", "did you mean 'smoke'"]),
    ({"lesson": None, "smoke": {"steps": 3}}, ["steps"]),
])  # fmt: skip
def test_profiles_with_unknown_or_wrongly_typed_keys(tmp_path, change, words):
    path = tmp_path / "profiles.yml"
    path.write_text(yaml.safe_dump({"01_x": {"lesson": {"steps": 10, "net": {"ngf": 4}}} | change}))
    with pytest.raises(LabError) as caught:
        profiles.knobs("01_x", "smoke", path)
    for word in ["profiles.yml", "01_x", *words]:
        assert word in str(caught.value)


def test_settings_of_the_command_line(folders, refused):
    said = refused(train(folders, "ngff=4"), keep=folders)
    assert "ngff" in said and "did you mean 'ngf'" in said
    said = refused(train(folders, "ngf=wide"), keep=folders)
    assert "ngf" in said and "wide" in said
    assert "'ngf' is not of the form KEY=VALUE" in refused(train(folders, "ngf"), keep=folders)
    assert "cyclgan" in refused(["train", "cyclgan", *train(folders)[2:]], keep=folders)


@pytest.mark.parametrize("option, value", [("--size", "0"), ("--steps", "-3"), ("--steps", "0"), ("--batch-size", "0")])
def test_numbers_that_make_no_sense(folders, refused, option, value):
    arguments = train(folders)
    if option in arguments:
        arguments[arguments.index(option) + 1] = value
    else:
        arguments += [option, value]
    assert value in refused(arguments, keep=folders)


# A full disk --------------------------------------------------------------------------------------------------------


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "kept.json"
    paths.write_atomically(path, "old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LabError, match="kept.json: cannot be written .No space left on device"):
        paths.write_atomically(path, "new")
    assert snapshot(tmp_path) == {"kept.json": b"old"}


def test_a_disk_that_fills_up_in_training_keeps_the_last_checkpoint(folders, refused, monkeypatch):
    more = ["--checkpoint-every", "1"]
    assert main([*train(folders, steps=3, out="whole"), *more]) == 0
    original, count = os.fsync, [0]

    def fills_up(handle):
        count[0] += 1
        full() if count[0] > 3 else original(handle)  # specification, precision and the first checkpoint fit

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fills_up)
        said = refused([*train(folders, steps=3), *more], keep=folders / "A")
        assert "checkpoint.pt" in said and "No space left" in said
    assert set(snapshot(folders / "out")) == {"spec.json", "compute.json", "checkpoint.pt"}
    assert checkpoint.read(folders / "out" / "checkpoint.pt")["step"] == 1
    assert main([*train(folders, steps=3), *more]) == 0
    same = [(folders / name / "weights.safetensors").read_bytes() for name in ("whole", "out")]
    assert same[0] == same[1]


def test_too_little_room_for_an_archive_is_told_before_it_is_unpacked(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("a.png", bytes(10_000))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: type("Usage", (), {"free": 5_000}))
    with pytest.raises(LabError, match="unpacking set.zip needs .* MB and the disk has"):
        unpack(tmp_path / "set.zip", tmp_path / "set")
    assert set(snapshot(tmp_path)) == {"set.zip"}


# Generated cases ----------------------------------------------------------------------------------------------------

MANY = dict(deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))

# An edit: what to do, where (in thousandths of the length), and with which bytes.
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["replace", "insert", "delete", "cut", "repeat"]),
        st.integers(0, 999),
        st.binary(min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=4,
)


def edited(content: bytes, edits) -> bytes:
    for what, thousandth, new in edits:
        at = thousandth * len(content) // 1000
        match what:
            case "replace":
                content = content[:at] + new + content[at + len(new) :]
            case "insert":
                content = content[:at] + new + content[at:]
            case "delete":
                content = content[:at] + content[at + len(new) :]
            case "cut":
                content = content[:at]
            case "repeat":
                content = content[: at + 40] + content[at:]
    return content


def told(function, *arguments) -> str | None:
    """What the LabError says, or None where it worked. Any other error fails the test."""
    try:
        function(*arguments)
    except LabError as error:
        return str(error)
    return None


def one_line(sentence: str | None) -> bool:
    """What may be told: nothing, where it worked, or one line."""
    return sentence is None or (bool(sentence) and "\n" not in sentence)


def sound_or_told(function, *arguments) -> bool:
    """Whether it worked; where it did not, one line was told."""
    sentence = told(function, *arguments)
    assert one_line(sentence)
    return sentence is None


IMAGES = {
    "rgb.png": encoded(photo(), "PNG"),
    "grey.png": grey(),
    "palette.png": palette(),
    "alpha.png": alpha(),
    "deep.png": sixteen_bit(),
    "photo.jpg": encoded(photo(), "JPEG"),
    "progressive.jpg": encoded(photo(), "JPEG", progressive=True),
    "cmyk.jpg": cmyk(),
    "exif.jpg": encoded(photo(), "JPEG", exif=Image.Exif().tobytes() + b"II*\0\x08\0\0\0\0\0"),
    "animated.gif": animated(),
    "photo.bmp": encoded(photo(), "BMP"),
    "photo.tif": encoded(photo(), "TIFF"),
    "packed.tif": encoded(photo(), "TIFF", compression="tiff_lzw"),
    "photo.webp": encoded(photo(), "WEBP"),
    "photo.ppm": encoded(photo(), "PPM"),
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of damaged EXIF data
@settings(max_examples=450, **MANY)
@given(name=st.sampled_from(sorted(IMAGES)), edits=EDITS)
def test_any_damage_to_an_image(tmp_path_factory, name, edits):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(edited(IMAGES[name], edits))
    assert one_line(told(read_image, path))


def archives() -> dict[str, bytes]:
    files = {"set/a.png": IMAGES["rgb.png"], "set/b.txt": b"text " * 300}
    made = {}
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", compression) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        made[f"{compression}.zip"] = buffer.getvalue()
    for mode in ("", "gz", "bz2", "xz"):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode=f"w:{mode}") as archive:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        made[f"set.tar.{mode}"] = buffer.getvalue()
    return made


ARCHIVES = archives()


@settings(max_examples=300, **MANY)
@given(name=st.sampled_from(sorted(ARCHIVES)), edits=EDITS)
def test_any_damage_to_an_archive(tmp_path_factory, name, edits):
    folder = tmp_path_factory.mktemp("archive")
    (folder / name).write_bytes(edited(ARCHIVES[name], edits))
    worked = sound_or_told(unpack, folder / name, folder / "inside" / "set")
    left = {p.name for p in folder.iterdir()} | {f"inside/{p.name}" for p in (folder / "inside").glob("*")}
    assert left <= {name, "inside", "inside/set"} and worked == ("inside/set" in left)
    shutil.rmtree(folder)


TEXTS = {
    "catalog.yml": paths.DATA.joinpath("catalog.yml").read_bytes()[:3000],
    "profiles.yml": b"01_x:\n  lesson: {steps: 10, lr: 2.0e-4, net: {ngf: 4}, dates: [2020-01-02, 0x1F, ~]}\n"
    b"  smoke: {steps: 2}\n",
    "anchors.yml": b"a: &a {x: 1, ? [1, 2] : !!set {b}}\nb: {<<: *a, y: !!binary aGVsbG8=}\nc: 1:30\nd: .nan\n",
}


@settings(max_examples=300, **MANY)
@given(name=st.sampled_from(sorted(TEXTS)), edits=EDITS)
def test_any_damage_to_yaml(tmp_path_factory, name, edits):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(edited(TEXTS[name], edits))
    assert one_line(told(read_yaml, path))
    assert one_line(told(read_catalog, path))
    assert one_line(told(profiles.knobs, "01_x", "smoke", path))


def test_yaml_that_is_endlessly_deep(tmp_path):
    for content in ("[" * 5000, "{a: " * 3000, "- " * 3000, "&a " * 2000):
        (tmp_path / "deep.yml").write_text(content)
        assert not sound_or_told(read_yaml, tmp_path / "deep.yml")


SPEC = RunSpec("cyclegan", "glyph_digits", 4, 2, settings=SMALL, data_settings={"size": 16}, labels=[], seed=5)


@settings(max_examples=200, **MANY)
@given(edits=EDITS)
def test_any_damage_to_a_specification(tmp_path_factory, edits):
    folder = tmp_path_factory.getbasetemp() / "run"
    folder.mkdir(exist_ok=True)
    (folder / "spec.json").write_bytes(edited(SPEC.to_json().encode(), edits))
    assert not sound_or_told(open_run, folder)  # it has no weights, so the best it can say is "not finished"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished run: its folder, and the bytes of its files."""
    folder = tmp_path_factory.mktemp("trained")
    for key in "AB":
        (folder / key).mkdir()
        for i in range(2):
            photo(i).save(folder / key / f"{i}.png")
    pictures = {"A": str(folder / "A"), "B": str(folder / "B"), "size": SIDE}
    spec = replace(SPEC, data="two_folders", data_settings=pictures, steps=2)
    run(spec, folder / "run", Compute(accelerator="cpu"))
    return folder / "run", snapshot(folder / "run")


@pytest.mark.parametrize("name", ["weights.safetensors", "history.json"])
def test_any_damage_to_a_finished_run(trained, name):
    folder, files = trained

    @settings(max_examples=120, **MANY)
    @given(edits=EDITS)
    def check(edits):
        (folder / name).write_bytes(edited(files[name], edits))
        assert one_line(told(open_run, folder))

    try:
        check()
    finally:
        (folder / name).write_bytes(files[name])


@pytest.fixture
def whole(trained):
    """A sound checkpoint, and what `restore` takes: its path, the fabric, a system and its optimisers."""
    folder, files = trained
    fabric = make_fabric(Compute(accelerator="cpu"))
    system = build("cyclegan", SMALL)
    optimisers = {p.name: p.optimiser(system.parameters_of(p)) for p in system.players()}
    path = folder.parent / "checkpoint.pt"
    path.write_bytes(files["checkpoint.pt"])
    return files["checkpoint.pt"], (path, fabric, system, optimisers)


def test_any_damage_to_a_checkpoint(whole):
    content, (path, *into) = whole
    assert checkpoint.restore(path, *into)[0] == 2

    @settings(max_examples=200, **MANY)
    @given(edits=EDITS)
    def check(edits):
        path.write_bytes(edited(content, edits))
        assert one_line(told(checkpoint.restore, path, *into))

    check()


@pytest.mark.filterwarnings("ignore::UserWarning")  # torch's, of nonsense as an optimiser's state
def test_a_checkpoint_with_any_part_missing_or_exchanged(whole):
    path, *into = whole[1]
    parts = checkpoint.read(path)
    for key in parts:
        for other in (None, 3, "text", [], {}, torch.zeros(2), {"G": 1}, [None]):
            torch.save(parts | {key: other}, path)
            worked = sound_or_told(checkpoint.restore, path, *into)
            assert not worked or (key, other) in [("step", 3), ("history", {})], (key, other)
        torch.save({k: v for k, v in parts.items() if k != key}, path)
        assert not sound_or_told(checkpoint.restore, path, *into), key
    for other in (None, [parts], torch.zeros(3)):
        torch.save(other, path)
        assert not sound_or_told(checkpoint.restore, path, *into)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=400, **MANY)
@given(
    which=st.sampled_from([CycleGANSettings, RunSpec, Entry]),
    known=st.dictionaries(st.integers(0, 9), VALUES, max_size=4),
    unknown=st.dictionaries(st.text(max_size=6) | st.integers() | st.none(), VALUES, max_size=1),
    start=st.sampled_from([{}, {"system": "cyclegan", "data": "toy", "steps": 3, "batch_size": 2}]),
)
def test_any_mapping_as_settings(which, known, unknown, start):
    names = list(which.__dataclass_fields__)
    mapping = {k: v for k, v in start.items() if k in names} | {names[i % len(names)]: v for i, v in known.items()}
    assert one_line(told(from_mapping, which, mapping | unknown, "here"))


@settings(max_examples=60, **MANY)
@given(value=VALUES)
def test_anything_but_a_mapping_as_settings(value):
    if not isinstance(value, dict):
        assert not sound_or_told(from_mapping, CycleGANSettings, value, "here")


def test_the_edits_do_damage():
    """Or the generated cases would prove nothing: most edited images must be refused, and some still be read."""
    draws = random.Random(0)
    worked = []
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"labkit-edited-{os.getpid()}.png"
    for _ in range(60):
        edits = [(draws.choice(["replace", "cut"]), draws.randrange(1000), draws.randbytes(4))]
        path.write_bytes(edited(IMAGES["rgb.png"], edits))
        worked.append(sound_or_told(read_image, path))
    with suppress(FileNotFoundError):
        path.unlink()
    assert 0 < sum(worked) < 50
