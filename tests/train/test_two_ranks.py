"""Two processes compute the gradients of one process with the doubled batch, unless the batch is coupled inside."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import torch

from labkit.systems import build, system_class
from train import two_ranks

HERE = Path(__file__).parent


def launch(script: Path, *arguments: str) -> str:
    """Run a script that starts two processes of its own; returns what it wrote to stderr.

    Tests judge the file that it leaves, not its exit status: process groups on CPU were seen to abort at their end,
    after correct results.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE.parent.parent)]),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    command = [sys.executable, str(script), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200).stderr


def largest_difference(name: str, folder: Path) -> float:
    """Of the gradients of one step, one process with a batch of 4 against two with 2 each, relative to their size."""
    two_ranks.main(name, 1, 4, folder / "one.pt")
    errors = launch(HERE / "two_ranks.py", name, "2", "2", str(folder / "two.pt"))
    assert (folder / "two.pt").exists(), errors[-2000:]
    one, two = (torch.load(folder / f"{ranks}.pt", weights_only=True) for ranks in ("one", "two"))
    assert one.keys() == two.keys() and len(one) > 10
    # The clamp leaves out biases before a normalisation, whose gradient is rounding noise around zero.
    return max(((one[key] - two[key]).norm() / one[key].norm().clamp(min=1e-3)).item() for key in one)


def test_without_coupling_two_ranks_equal_the_doubled_batch(tmp_path):
    assert system_class("cyclegan").coupling is None
    assert largest_difference("cyclegan", tmp_path) < 1e-3


def test_batch_norm_couples_and_the_system_says_so(tmp_path):
    assert build("gan", {"size": 16, "ngf": 8, "ndf": 8}).coupling == "BatchNorm"
    assert largest_difference("gan", tmp_path) > 1e-2


def test_two_ranks_resume_with_their_own_memories(tmp_path):
    """Each rank's image pool is kept: the checkpoint of two ranks holds two different pools."""
    script = tmp_path / "resume.py"
    script.write_text(RESUME.format(folder=tmp_path))
    errors = launch(script)
    assert (tmp_path / "same").exists(), errors[-2000:]
    content = torch.load(tmp_path / "parts.pt", weights_only=True)
    pools = [memory["pool_A.images"] for memory in content["memories"]]
    assert len(pools) == 2
    assert not torch.equal(*pools)


RESUME = """
from pathlib import Path
import torch
from labkit.systems import build
from labkit.train import Compute, make_fabric, train
from systems.small import SMALL

folder = Path(r"{folder}")
settings, make = SMALL["cyclegan"]

class Batches:
    batch = staticmethod(make)

class Stop(Exception):
    pass

def stop(done):
    if done == 3:
        raise Stop

def new():
    torch.manual_seed(0)
    return build("cyclegan", settings)

compute = Compute(accelerator="cpu", devices=2)
fabric = make_fabric(compute)
whole, parts, resumed = new(), new(), new()
go = dict(compute=compute, fabric=fabric, checkpoint_every=2)
train(whole, Batches(), 5, **go)
try:
    train(parts, Batches(), 5, checkpoint=folder / "parts.pt", on_step=stop, **go)
except Stop:
    pass
train(resumed, Batches(), 5, checkpoint=folder / "parts.pt", **go)
a, b = whole.state_dict(), resumed.state_dict()
if fabric.is_global_zero and all(torch.equal(a[k], b[k]) for k in a):
    (folder / "same").touch()
fabric.barrier()
torch.distributed.destroy_process_group()
"""


def test_all_ranks_stop_where_one_has_a_loss_or_a_memory_that_is_not_finite(tmp_path):
    script = tmp_path / "stop.py"
    script.write_text(STOP.format(folder=tmp_path))
    errors = launch(script)
    said = {path.name: path.read_text() for path in tmp_path.glob("*.txt")}
    assert sorted(said) == ["loss-0.txt", "loss-1.txt", "memory-0.txt", "memory-1.txt"], errors[-2000:]
    assert "before step 2: G/" in said["loss-1.txt"] and "here or on another process" in said["loss-0.txt"]
    for rank in (0, 1):
        assert "after step 1: " in said[f"memory-{rank}.txt"]
        assert "pool_A.images is not finite" in said[f"memory-{rank}.txt"]


STOP = """
from pathlib import Path
import torch
from labkit.systems import build, system_class
from labkit.train import Compute, NonFinite, make_fabric, train
from systems.small import SMALL

folder = Path(r"{folder}")
settings, make = SMALL["cyclegan"]
compute = Compute(accelerator="cpu", devices=2)
fabric = make_fabric(compute)

class Batches:
    batch = staticmethod(make)

calls = []

class BadLoss(system_class("cyclegan")):
    def losses(self, player, out):
        calls.append(player)
        bad = fabric.global_rank == 1 and len(calls) == 3  # the first player of the second step
        return super().losses(player, out) | ({{"bad": torch.tensor(float("nan"))}} if bad else {{}})

class BadMemory(system_class("cyclegan")):
    def after_step(self, due):
        if fabric.global_rank == 1:
            self.pool_A.images.fill_(float("nan"))

for name, spoiled, file in (("loss", BadLoss, None), ("memory", BadMemory, folder / "c.pt")):
    torch.manual_seed(0)
    system = build("cyclegan", settings)
    system.__class__ = spoiled
    try:
        train(system, Batches(), 3, compute=compute, fabric=fabric, checkpoint=file, checkpoint_every=1)
    except NonFinite as error:
        (folder / f"{{name}}-{{fabric.global_rank}}.txt").write_text(str(error))
fabric.barrier()
torch.distributed.destroy_process_group()
"""
