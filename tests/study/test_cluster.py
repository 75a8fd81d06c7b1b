"""Studies on a cluster of two nodes, both on this machine: a worker is killed, and the record is the same."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import psutil
import pytest

import small_study
from labkit.errors import LabError
from labkit.study.several import studies
from labkit.study.study import arm_tasks
from labkit.train import checkpoint

pytest.importorskip("ray", reason="Ray is not installed here: pip install 'labkit[cluster]'")

NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20}


@pytest.fixture(scope="module")
def cluster():
    """The address of two nodes with a core each, whose files lie in a folder of their own."""
    from ray.cluster_utils import Cluster

    directory = tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True)  # sockets need short names
    with directory as folder, pytest.MonkeyPatch.context() as monkeypatch:
        (Path(folder) / "ray").mkdir()
        monkeypatch.setenv("RAY_TMPDIR", folder)
        monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        monkeypatch.delenv("RAY_ADDRESS", raising=False)
        nodes = Cluster(initialize_head=True, head_node_args=NODE | {"include_dashboard": False})
        try:
            nodes.add_node(**NODE)
            yield nodes.address
        finally:
            nodes.shutdown()


def worker_of(task) -> psutil.Process | None:
    """The process that trains the task now: it has the task's log open."""
    for process in psutil.Process().children(recursive=True):
        try:
            if any(file.path == str(task.beside("log")) for file in process.open_files()):
                return process
        except psutil.Error:  # it ended meanwhile
            continue
    return None


def test_a_worker_that_is_killed_is_replaced_and_the_record_is_the_same(cluster, tmp_path, monkeypatch):
    small_study.furnish(tmp_path / "whole", monkeypatch.setattr, small_study.LONG)
    assert studies(["01_long"], arms=["gan"], say=lambda line: None)
    small_study.furnish(tmp_path / "killed", monkeypatch.setattr, small_study.LONG)
    task = arm_tasks("01_long", "study", "gan")[1]
    found = {}

    def kill() -> None:
        small_study.wait_until((task.folder / "checkpoint.pt").exists, 300)
        worker = worker_of(task)
        worker.kill()
        worker.wait()
        found["finished"] = task.is_finished()
        found["step"] = checkpoint.read(task.folder / "checkpoint.pt")["step"]
        found["kept"] = (task.folder / "weights-400.safetensors").stat().st_mtime_ns

    thread = threading.Thread(target=kill)
    thread.start()
    said = []
    assert studies(["01_long"], arms=["gan"], engine="ray", address=cluster, say=said.append)
    thread.join()
    assert (found["finished"], found["step"]) == (False, 500)
    assert (task.folder / "weights-400.safetensors").stat().st_mtime_ns == found["kept"]  # not made again
    assert small_study.outcome(tmp_path / "killed") == small_study.outcome(tmp_path / "whole")
    assert f"{task}: done" in said and not [line for line in said if "failed" in line]


def test_a_run_that_fails_on_a_cluster_is_named_and_the_others_go_on(cluster, house):
    text = small_study.PROFILES.replace("naive: {settings: {lambda_cyc: 0.0}}", "broken: {batch_size: 0}")
    (house / "lessons" / "profiles.yml").write_text(text)
    said = []
    assert not studies(["03_test"], seeds=[0], engine="ray", address=cluster, say=said.append)
    (task,) = arm_tasks("03_test", "study", "broken", [0])
    (sentence,) = [line for line in said if "failed" in line]
    assert sentence.startswith("03_test: broken, seed 0 failed (") and sentence.endswith(str(task.beside("log")))
    assert "Traceback" in task.beside("log").read_text() and "\n" not in sentence
    assert said[-1].startswith("Recorded in ") and '"cycle"' in (house / "results/study/03_test.json").read_text()


def test_ctrl_c_at_the_terminal_keeps_every_step(tmp_path, monkeypatch):
    """With a Ray of its own, all of whose processes the terminal sends the signal to."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    command = [sys.executable, small_study.__file__, str(tmp_path), "study", "01", "--engine", "ray", "--jobs", "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    done = small_study.wait_until(lambda: small_study.steps_counted(tmp_path, {}), 300)
    children = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 130 and "writes a checkpoint" in said
    assert children and not psutil.wait_procs(children, timeout=60)[1]
    for folder, steps in done.items():
        assert checkpoint.read(folder / "checkpoint.pt")["step"] >= steps
        assert not (folder / "weights.safetensors").exists()


def test_a_cluster_that_is_not_there_gets_a_sentence(house):
    with pytest.raises(LabError, match="Ray cannot be reached at 127.0.0.1:1"):
        studies(["03_test"], engine="ray", address="127.0.0.1:1", say=lambda line: None)
