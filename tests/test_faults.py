"""kill -9 at random moments: the next call goes on, loses at most one checkpoint interval, and leaves nothing broken."""

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import fault_children as children
import numpy as np
import psutil
import pytest
import yaml
from fixture_lessons import JUDGE, claim, write_claims, write_lesson
from misbehaving_server import server  # noqa: F401 (a fixture)
from PIL import Image

from labkit.folders import Folders
from labkit.runs import open_run
from labkit.train import checkpoint

RUN_FILES = {"spec.json", "checkpoint.pt", "weights.safetensors", "history.json", "environment.json"}


@pytest.fixture(scope="module")
def processes():
    """Children that start at once: they are forked from a server that has imported all they need, and run nothing else."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fault_children", "labkit.systems.cyclegan", "labkit.data.folders"])
    return context


def run_to_its_end(process) -> None:
    process.start()
    process.join(60)
    assert process.exitcode == 0


def names_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


# Training -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, processes):
    """A specification, the folder of its uninterrupted run, and how long that took."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    rng = np.random.default_rng(0)
    for key in "AB":
        (folder / key).mkdir()
        for i in range(4):
            Image.fromarray(rng.integers(256, size=(16, 16, 3), dtype=np.uint8)).save(folder / key / f"{i}.png")
    spec = replace(children.SPEC, data_settings={"A": str(folder / "A"), "B": str(folder / "B"), "size": 16})
    run_to_its_end(processes.Process(target=children.train, args=(spec, folder / "warm")))
    start = time.monotonic()
    run_to_its_end(processes.Process(target=children.train, args=(spec, folder / "run")))
    return spec, folder / "run", time.monotonic() - start


def is_the_same_run(folder: Path, reference: Path) -> None:
    assert names_in(folder) == RUN_FILES  # and no temporary file
    for name in ("weights.safetensors", "history.json", "spec.json"):
        assert (folder / name).read_bytes() == (reference / name).read_bytes(), name
    assert open_run(folder).history == open_run(reference).history


def is_sound(folder: Path, begun: int, every: int = children.EVERY) -> None:
    """Whatever is in the folder of a killed run is whole, and at most one interval is lost. `begun`: steps begun."""
    if (folder / "spec.json").exists():
        json.loads((folder / "spec.json").read_text())
    done = checkpoint.read(folder / "checkpoint.pt")["step"] if (folder / "checkpoint.pt").exists() else 0
    assert begun - 1 - every < done <= begun  # begun - 1 steps were made to their end
    if (folder / "weights.safetensors").exists():
        open_run(folder)


def test_training_killed_at_random_moments_ends_as_if_nothing_had_been(tmp_path, processes, uninterrupted):
    spec, reference, seconds = uninterrupted
    draws = random.Random(5)
    kills = 0
    for attempt in range(60):
        step = processes.Value("i", 0)
        process = processes.Process(target=children.train, args=(spec, tmp_path / "run", step))
        process.start()
        # Half of the kills strike anywhere, half once training goes: or a slow machine would kill at the start only.
        if attempt % 2:
            while not step.value and process.is_alive():
                time.sleep(0.002)
            process.join(draws.uniform(0, 0.3 * seconds))
        else:
            process.join(draws.uniform(0, seconds))
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.join()
        is_sound(tmp_path / "run", step.value) if step.value else None
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
    assert process.exitcode == 0 and kills >= 3
    is_the_same_run(tmp_path / "run", reference)


# A run writes spec.json, five checkpoints (steps 3, 6, 9, 12 and 14), history.json, environment.json and the weights;
# for each of them it calls fsync, then replace.
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_training_killed_in_the_middle_of_any_writing(tmp_path, processes, uninterrupted, call):
    spec, reference, _ = uninterrupted
    folder = tmp_path / "run"
    for count in (1, 2, 3, 2, 4, 2, 1, 2, 3, 4, 5):  # of the writings that are still to be made
        process = processes.Process(target=children.train_until_call, args=(spec, folder, call, count))
        process.start()
        process.join(60)
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        is_sound(folder, begun=checkpoint.read(folder / "checkpoint.pt")["step"]) if count > 2 else None
        assert len([name for name in names_in(folder) if name.endswith(".tmp")]) == 1  # what was being written
    assert process.exitcode == 0
    is_the_same_run(folder, reference)


# Fetching -----------------------------------------------------------------------------------------------------------


def test_a_fetch_killed_at_random_moments_goes_on(tmp_path, processes, server):  # noqa: F811
    archive = tmp_path / "tiny.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for i in range(300):
            zipped.writestr(f"tiny/trainA/{i}.png", random.Random(i).randbytes(3000))
    url = server.serve("/tiny.zip", archive.read_bytes(), pause=0.1)
    known = {"what": "w", "licence": "l", "homepage": "h", "layout": "cyclegan", "folder": "tiny", "confirmed": "c"}
    files = [{"url": [url], "save_as": "tiny.zip", "unpack": True}]
    (tmp_path / "catalog.yml").write_text(yaml.safe_dump({"tiny": known | {"counts": {"trainA": 300}, "files": files}}))
    draws, kills = random.Random(3), 0
    for _ in range(40):
        process = processes.Process(target=children.fetch, args=(tmp_path / "data", tmp_path / "catalog.yml"))
        process.start()
        process.join(draws.uniform(0.1, 0.7))
        if process.is_alive():
            process.kill()
            kills += 1
        process.join()
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        # the folder is there whole or not at all
        assert not (tmp_path / "data/tiny").exists() or len(list((tmp_path / "data/tiny/trainA").iterdir())) == 300
    assert process.exitcode == 0 and kills >= 2
    assert names_in(tmp_path / "data") == {f"tiny/trainA/{i}.png" for i in range(300)} | {"checksums.json", ".fetch.lock"}


# Kernel and runner ----------------------------------------------------------------------------------------------------

RUNNER = """
import pathlib, sys
from labkit import reproduce as runner
from labkit.folders import Folders
runner.source_hash = lambda: "the same sources"
sys.exit(runner.reproduce("smoke", jobs=2, folders=Folders.under(pathlib.Path(sys.argv[1]))))
"""
LESSONS = ("01_one", "02_two", "03_three")


@pytest.fixture
def folders(tmp_path):
    folders = Folders.under(tmp_path)
    for lesson in LESSONS:
        write_lesson(folders, lesson, "import time\ntime.sleep(0.3)", JUDGE.format(lesson=lesson, value=3.0))
    write_claims(folders, *(claim(lesson) for lesson in LESSONS))
    return folders


def start_runner(folders: Folders) -> subprocess.Popen:
    command = [sys.executable, "-c", RUNNER, str(folders.lessons.parent)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def descendants(process: subprocess.Popen) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def wait_until(condition, seconds: float = 60):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
    return found


def is_gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def kernels(process: subprocess.Popen) -> list[psutil.Process]:
    found = []
    for child in descendants(process):
        try:
            if any("ipykernel" in word for word in child.cmdline()):
                found.append(child)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


def states(folders: Folders) -> dict[str, dict]:
    """Of every lesson that has ended, how; each file must be whole."""
    files = sorted(folders.runs.rglob("state.json"))
    return {path.parent.name: json.loads(path.read_text()) for path in files}


def test_a_kernel_killed_within_a_notebook_fails_its_lesson_alone_and_the_next_call_runs_it_again(folders):
    waits = "import pathlib, time\npathlib.Path('../started').touch()\ntime.sleep(600 if {} else 0)"
    write_lesson(folders, "02_two", waits.format(True), JUDGE.format(lesson="02_two", value=3.0))
    process = start_runner(folders)
    wait_until(lambda: (folders.lessons.parent / "started").exists() and len(states(folders)) == 2)
    (kernel,) = kernels(process)
    kernel.kill()
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1 and "failed: 02_two" in output and "01_one: done" in output
    assert {lesson: state["error"] is None for lesson, state in states(folders).items()} == {
        "01_one": True,
        "02_two": False,
        "03_three": True,
    }
    write_lesson(folders, "02_two", waits.format(False), JUDGE.format(lesson="02_two", value=3.0))
    process = start_runner(folders)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and "01_one: up to date" in output and "02_two: done" in output


def test_a_runner_killed_at_random_moments_leaves_no_process_and_the_last_call_finishes(folders):
    draws, finished = random.Random(2), set()
    for _ in range(4):
        process = start_runner(folders)
        wait_until(lambda p=process: kernels(p) or p.poll() is not None)
        time.sleep(draws.uniform(0, 1.5))
        family = descendants(process)
        process.kill()
        process.communicate()
        wait_until(lambda f=family: all(is_gone(child) for child in f), 20)
        ended = {lesson for lesson, state in states(folders).items() if state["error"] is None}
        assert finished <= ended  # what was finished stays finished
        finished = ended
    process = start_runner(folders)
    output, _ = process.communicate(timeout=90)
    assert process.returncode == 0, output
    assert set(states(folders)) == set(LESSONS) and (folders.report / "index.html").exists()
    left = [name for name in names_in(folders.runs) if name.endswith(".tmp") or ".part." in name]
    assert left == []
