"""Checkpoints of another system, other settings, another machine, or no checkpoint at all."""

import pickle

import pytest
import torch

from labkit.errors import LabError
from labkit.train import checkpoint, train


@pytest.fixture
def written(tmp_path, batches, make_cyclegan):
    path = tmp_path / "checkpoint.pt"
    train(make_cyclegan(), batches, 1, checkpoint=path)
    return path


def test_other_settings_are_refused_and_the_file_is_kept(written, batches, make_cyclegan):
    before = written.read_bytes()
    with pytest.raises(LabError, match="checkpoint.pt was written for settings .*ngf=4.*this run has .*ngf=8"):
        train(make_cyclegan(ngf=8), batches, 2, checkpoint=written)
    assert written.read_bytes() == before


def test_a_pickle_payload_is_not_executed(tmp_path):
    flag = tmp_path / "executed"

    class Payload:
        def __reduce__(self):
            return (open, (str(flag), "w"))

    path = tmp_path / "evil.pt"
    torch.save({"system": Payload()}, path)
    with pytest.raises(LabError, match="evil.pt holds more than tensors"):
        checkpoint.read(path)
    path.write_bytes(pickle.dumps(Payload()))
    with pytest.raises(LabError, match="evil.pt"):
        checkpoint.read(path)
    assert not flag.exists()


@pytest.mark.parametrize("keep", [0, 10, 1000, -1])
def test_a_truncated_file_is_named(written, keep):
    written.write_bytes(written.read_bytes()[:keep])
    with pytest.raises(LabError, match="checkpoint.pt"):
        checkpoint.read(written)


def test_no_temporary_file_stays_behind(written):
    assert [p.name for p in written.parent.iterdir()] == ["checkpoint.pt"]
