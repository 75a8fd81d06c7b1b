from PIL import Image

from labkit.data.files.listing import image_files, split_files


def fill(folder, n, shade=0, suffix="png"):
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(n):
        Image.new("RGB", (24, 20), (shade, 10 * i, 100)).save(folder / f"{i}.{suffix}")


def test_files_are_found_below_and_sorted_and_hidden_ones_and_others_left_out(tmp_path):
    fill(tmp_path / "b", 2, suffix="JPG")
    fill(tmp_path / "a" / "deep", 1, suffix="webp")
    fill(tmp_path / ".hidden", 1)
    (tmp_path / "a" / "notes.txt").write_text("not an image")
    found = image_files(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["a/deep/0.webp", "b/0.JPG", "b/1.JPG"]


def test_files_are_parted_by_the_seed_and_a_single_one_serves_as_both(tmp_path):
    fill(tmp_path, 10)
    files = image_files(tmp_path)
    train, test = split_files(files, 0.3, seed=1)
    assert len(test) == 3 and sorted(train + test) == files
    assert split_files(files, 0.3, seed=1) == (train, test) != split_files(files, 0.3, seed=2)
    assert split_files(files[:1], 0.3, seed=1) == (files[:1], files[:1])
