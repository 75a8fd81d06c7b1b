import numpy as np
import pytest
from PIL import Image

from labkit.data.files import images
from labkit.data.files.images import check_header, fit, read_image
from labkit.errors import LabError

RED, BLUE = (200, 30, 40), (20, 30, 220)


def middle(path, **options):
    picture = read_image(path, **options)
    assert picture.mode == "RGB"
    return picture.getpixel((picture.width // 2, picture.height // 2))


def close(found, wanted, by=6):
    return max(abs(f - w) for f, w in zip(found, wanted, strict=True)) <= by


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "tif", "webp"])
def test_common_formats(tmp_path, suffix):
    path = tmp_path / f"red.{suffix}"
    Image.new("RGB", (16, 12), RED).save(path)
    assert read_image(path).size == (16, 12)
    assert close(middle(path), RED)


def test_grey_becomes_three_equal_channels(tmp_path):
    Image.new("L", (8, 8), 77).save(tmp_path / "grey.png")
    assert middle(tmp_path / "grey.png") == (77, 77, 77)


def test_one_bit_becomes_black_and_white(tmp_path):
    Image.new("1", (8, 8), 1).save(tmp_path / "bit.png")
    assert middle(tmp_path / "bit.png") == (255, 255, 255)


def test_cmyk_becomes_rgb(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "cmyk.jpg", quality=95)
    r, g, b = middle(tmp_path / "cmyk.jpg")
    assert r > 240 > 20 > max(g, b)


@pytest.mark.parametrize(("value", "wanted"), [(0, 0), (65535, 255), (32896, 128), (257, 1)])
def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path, value, wanted):
    Image.fromarray(np.full((8, 8), value, np.uint16)).save(tmp_path / "deep.png")
    assert middle(tmp_path / "deep.png") == (wanted,) * 3


def test_floating_point_grey_is_scaled_by_its_top(tmp_path):
    values = np.linspace(0, 2, 64, dtype=np.float32).reshape(8, 8)
    Image.fromarray(values).save(tmp_path / "float.tif")
    found = np.asarray(read_image(tmp_path / "float.tif"))[..., 0]
    assert np.abs(found - values * 127.5).max() <= 0.51


def test_palette_becomes_rgb(tmp_path):
    Image.new("RGB", (8, 8), BLUE).quantize(4).save(tmp_path / "palette.png")
    assert close(middle(tmp_path / "palette.png"), BLUE)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_parts_are_laid_on_white(tmp_path, mode):
    picture = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    path = tmp_path / "clear.png"
    if mode == "P":
        picture = Image.new("P", (8, 8), 0)
        picture.putpalette([0, 0, 0] * 256)
        picture.save(path, transparency=0)
    else:
        picture.convert(mode).save(path)
    assert middle(path) == (255, 255, 255)


def test_half_transparent_is_half_white(tmp_path):
    Image.new("RGBA", (8, 8), (0, 0, 0, 128)).save(tmp_path / "half.png")
    assert close(middle(tmp_path / "half.png"), (127, 127, 127), by=1)


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "tif"])
def test_an_animation_gives_its_first_frame(tmp_path, suffix):
    path = tmp_path / f"moving.{suffix}"
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert close(middle(path), RED)


def test_exif_turns_the_picture_upright(tmp_path):
    picture = Image.new("RGB", (20, 10), RED)
    exif = picture.getexif()
    exif[0x0112] = 6  # the camera was held sideways
    picture.save(tmp_path / "turned.jpg", exif=exif)
    assert read_image(tmp_path / "turned.jpg").size == (10, 20)


def test_a_wrong_suffix_does_not_matter(tmp_path):
    Image.new("RGB", (8, 8), RED).save(tmp_path / "really.png")
    (tmp_path / "really.png").rename(tmp_path / "really.jpg")
    assert middle(tmp_path / "really.jpg") == RED


def test_a_large_jpeg_may_be_decoded_smaller_but_not_too_small(tmp_path):
    Image.new("RGB", (1600, 1200), RED).save(tmp_path / "large.jpg")
    assert read_image(tmp_path / "large.jpg").size == (1600, 1200)
    smaller = read_image(tmp_path / "large.jpg", shorter_side=250)
    assert 250 <= min(smaller.size) < 600
    assert close(middle(tmp_path / "large.jpg", shorter_side=250), RED)


# -- files that cannot be read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "bmp", "tif", "webp"])
@pytest.mark.parametrize("kept", [0.3, 0.7])
def test_a_truncated_file_is_named(tmp_path, suffix, kept):
    path = tmp_path / f"cut.{suffix}"
    noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(LabError, match=rf"cut\.{suffix}"):
        read_image(path)


@pytest.mark.parametrize("content", [b"", b"this is a text", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0" + bytes(50)])
@pytest.mark.parametrize("read", [read_image, check_header])
def test_what_is_no_image_is_named(tmp_path, content, read):
    (tmp_path / "wrong.jpg").write_bytes(content)
    with pytest.raises(LabError, match=r"wrong\.jpg"):
        read(tmp_path / "wrong.jpg")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(LabError, match=r"absent\.png: there is no such file"):
        read_image(tmp_path / "absent.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(LabError, match=r"folder\.png"):
        read_image(tmp_path / "folder.png")


def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "MAX_PIXELS", 99)
    Image.new("RGB", (10, 10)).save(tmp_path / "huge.png")
    with pytest.raises(LabError, match=r"huge\.png: 10 x 10 pixels"):
        check_header(tmp_path / "huge.png")


def test_a_decompression_bomb_is_refused(tmp_path):
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    with pytest.raises(LabError, match=r"bomb\.png"):
        read_image(tmp_path / "bomb.png")


@pytest.mark.parametrize(
    ("size", "wanted"), [((40, 20), (20, 10)), ((20, 40), (10, 20)), ((10, 10), (10, 10)), ((5, 7), (10, 14))]
)
def test_fit_scales_the_shorter_side_and_keeps_the_proportions(size, wanted):
    assert fit(Image.new("RGB", size), 10).size == wanted


def test_fit_antialiases():
    stripes = Image.fromarray(np.tile(np.array([0, 255], np.uint8), (64, 32)))
    small = np.asarray(fit(stripes, 8), dtype=float)
    assert np.abs(small - 127.5).max() < 15
