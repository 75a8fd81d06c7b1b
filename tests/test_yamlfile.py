import pytest

from labkit.errors import LabError
from labkit.yamlfile import is_number, read_yaml


def write(tmp_path, content: bytes):
    path = tmp_path / "file.yml"
    path.write_bytes(content)
    return path


def test_reads_anchors_and_merges(tmp_path):
    path = write(tmp_path, b"base: &base {a: 1}\nmore: {<<: *base, a: 2, b: 3}\n")
    assert read_yaml(path) == {"base": {"a": 1}, "more": {"a": 2, "b": 3}}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a: 1\nb: 2\na: 3\n", "key 'a' stands twice (line 3)"),
        (b"a: [1, 2\n", "not valid YAML"),
        (b"a: !!python/object/apply:os.system ['true']\n", "not valid YAML"),
        (b"a: \xff\xfe\n", "cannot be read"),
    ],
)
def test_refuses_with_the_name_of_the_file(tmp_path, content, says):
    with pytest.raises(LabError) as error:
        read_yaml(write(tmp_path, content))
    assert says in str(error.value) and "file.yml" in str(error.value)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(LabError, match="cannot be read"):
        read_yaml(tmp_path)


def test_a_number_in_the_clothes_of_a_text_is_known():
    assert all(map(is_number, ["1e-4", "3", "-0.5"])) and not any(map(is_number, ["", "three", "1 2", "lr"]))
