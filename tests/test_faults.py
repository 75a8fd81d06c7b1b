"""kill -9 at random moments: the next call goes on, loses at most one checkpoint interval, and leaves nothing half."""

import json
import multiprocessing
import random
import signal
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
import yaml
from PIL import Image

import fault_children as children
from fixture_lessons import JUDGE, claim, write_claims, write_lesson
from labkit import reproduce as runner
from labkit.folders import Folders
from labkit.reproduce import child
from labkit.runs import open_run
from labkit.train import checkpoint
from misbehaving_server import server  # noqa: F401 (a fixture)

RUN_FILES = {"spec.json", "compute.json", "checkpoint.pt", "weights.safetensors", "history.json", "environment.json"}


@pytest.fixture(scope="module")
def processes():
    """Children that start at once: they are forked from a server that has imported what they need, and run nothing."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["labkit.runs", "labkit.systems.cyclegan", "labkit.data.recipes.folders", "labkit.data.files.catalog"]
    )
    return context


def names_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


# Training -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, processes):
    """A specification and the folder of its uninterrupted run."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    rng = np.random.default_rng(0)
    for key in "AB":
        (folder / key).mkdir()
        for i in range(4):
            Image.fromarray(rng.integers(256, size=(16, 16, 3), dtype=np.uint8)).save(folder / key / f"{i}.png")
    spec = replace(children.SPEC, data_settings={"A": str(folder / "A"), "B": str(folder / "B"), "size": 16})
    process = processes.Process(target=children.train, args=(spec, folder / "run"))
    process.start()
    process.join()
    assert process.exitcode == 0
    return spec, folder / "run"


def is_the_same_run(folder: Path, reference: Path) -> None:
    assert names_in(folder) == RUN_FILES  # and no temporary file
    for name in ("weights.safetensors", "spec.json"):
        assert (folder / name).read_bytes() == (reference / name).read_bytes(), name
    assert open_run(folder).history == open_run(reference).history


def steps_kept(folder: Path) -> int:
    """The steps that a killed run has kept. Whatever else is in its folder must be whole, too."""
    for name in {"spec.json", "compute.json", "history.json", "environment.json"} & names_in(folder):
        json.loads((folder / name).read_text())
    if (folder / "weights.safetensors").exists():
        open_run(folder)
    return checkpoint.read(folder / "checkpoint.pt")["step"] if (folder / "checkpoint.pt").exists() else 0


def test_training_killed_at_random_moments_ends_as_if_nothing_had_been(tmp_path, processes, uninterrupted):
    spec, reference = uninterrupted
    draws, kills, last = random.Random(5), 0, 0.05
    while True:
        begun = processes.Value("i", 0)
        process = processes.Process(target=children.train, args=(spec, tmp_path / "run", begun))
        process.start()
        # Somewhere within a step (or the writing that follows it) up to five steps from where the run goes on.
        target = steps_kept(tmp_path / "run") + draws.randint(1, 5)
        while begun.value < target and process.is_alive():
            before = time.monotonic(), begun.value
            time.sleep(0.001)
            if begun.value > before[1]:
                last = 0.9 * last + 0.1 * (time.monotonic() - before[0])
        process.join(draws.uniform(0, 2 * last))
        if process.is_alive():
            process.kill()
            kills += 1
        process.join()
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL and kills < 40
        # `begun - 1` steps were made to their end, and the last of them may have been saved.
        assert begun.value - 1 - children.EVERY < steps_kept(tmp_path / "run") <= begun.value
    assert kills >= 2
    is_the_same_run(tmp_path / "run", reference)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_training_killed_in_the_middle_of_any_writing(tmp_path, processes, uninterrupted, call):
    """A run writes spec.json, compute.json, checkpoints (steps 3, 6, 9, 12 and 14), history, environment, weights."""
    spec, reference = uninterrupted
    kept = []
    for count in (
        1,
        2,
        3,
        4,
        3,
        5,
        4,
        5,
        5,
        10,
    ):  # the last writing, counted from the start of each process
        process = processes.Process(target=children.train_until_call, args=(spec, tmp_path / "run", call, count))
        process.start()
        process.join()
        kept.append(steps_kept(tmp_path / "run"))
        half = [name for name in names_in(tmp_path / "run") if name.endswith(".tmp")]
        assert len(half) == (process.exitcode != 0)  # what was being written, and nothing of earlier calls
    assert process.exitcode == 0 and kept == [0, 0, 0, 3, 3, 9, 12, 14, 14, 14]
    is_the_same_run(tmp_path / "run", reference)


# Fetching -----------------------------------------------------------------------------------------------------------


def test_a_fetch_killed_at_random_moments_goes_on(tmp_path, processes, server):
    archive = tmp_path / "tiny.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for i in range(300):
            zipped.writestr(f"tiny/trainA/{i}.png", random.Random(i).randbytes(3000))
    # Each request takes 0.8 s at least, so the first three kills come before its end, however fast the machine is.
    url = server.serve("/tiny.zip", archive.read_bytes(), pause=0.4)
    known = {"what": "w", "licence": "l", "homepage": "h", "layout": "cyclegan", "folder": "tiny", "confirmed": "c"}
    files = [{"url": [url], "save_as": "tiny.zip", "unpack": True}]
    (tmp_path / "catalog.yml").write_text(yaml.safe_dump({"tiny": known | {"counts": {"trainA": 300}, "files": files}}))
    draws, complete = random.Random(3), False
    for kills in range(12):
        asked, packed = len(server.asked), (tmp_path / "data/downloads/tiny.zip").exists()
        process = processes.Process(target=children.fetch, args=(tmp_path / "data", tmp_path / "catalog.yml"))
        process.start()
        while process.is_alive() and len(server.asked) == asked and not packed:
            time.sleep(0.002)
        process.join(draws.uniform(0, 0.6) if kills < 3 else draws.uniform(0.7, 1.2) if kills < 8 else None)
        process.kill()
        process.join()
        # the folder is there whole or not at all
        assert not (tmp_path / "data/tiny").exists() or len(list((tmp_path / "data/tiny/trainA").iterdir())) == 300
        complete = process.exitcode == 0
        if complete:
            break
        assert process.exitcode == -signal.SIGKILL
    assert complete and kills >= 3
    beside = {name for name in names_in(tmp_path / "data") if not name.startswith("tiny/trainA/")}
    assert beside == {"checksums.json", ".fetch.lock"} and len(names_in(tmp_path / "data")) == 302


# Kernel and runner --------------------------------------------------------------------------------------------------

LESSONS = ("01_one", "02_two")
RUNNER = """
import pathlib, sys
from labkit import reproduce as runner
from labkit.folders import Folders
from labkit.reproduce import child
from labkit import reproduce as runner
from labkit.reproduce import child
child.WORKER = "stub_worker"
runner.source_hash = lambda: "the same sources"
sys.exit(runner.reproduce("smoke", jobs=2, folders=Folders.under(pathlib.Path(sys.argv[1]))))
"""


@pytest.fixture
def folders(tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "source_hash", lambda: "the same sources")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))  # where stub_worker is, which needs no kernel
    folders = Folders.under(tmp_path)
    for lesson in LESSONS:
        write_lesson(folders, lesson, "import time\ntime.sleep(0.5)", JUDGE.format(lesson=lesson, value=3.0))
    write_claims(folders, *(claim(lesson) for lesson in LESSONS))
    return folders


def wait_until(condition, seconds: float = 60):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
    return found


def descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def is_gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def states(folders: Folders) -> dict[str, dict]:
    """Of every lesson that has ended, how; each file must be whole."""
    files = sorted(folders.runs.rglob("state.json"))
    return {path.parent.name: json.loads(path.read_text()) for path in files}


def test_a_kernel_killed_within_a_notebook_fails_its_lesson_alone_and_the_next_call_runs_it_again(
    folders, monkeypatch, capsys
):
    waits = "import os, pathlib, time\npathlib.Path('../kernel').write_text(str(os.getpid()))\ntime.sleep(600)"
    write_lesson(folders, "02_two", waits)
    result = []
    thread = threading.Thread(target=lambda: result.append(runner.reproduce("smoke", jobs=2, folders=folders)))
    thread.start()
    note = folders.lessons.parent / "kernel"
    wait_until(lambda: note.exists() and note.read_text() and states(folders), 120)
    psutil.Process(int(note.read_text())).kill()
    thread.join(60)
    said = capsys.readouterr().out
    assert result == [1] and "failed: 02_two" in said and "01_one: done" in said
    assert [state["error"] is None for state in states(folders).values()] == [True, False]
    monkeypatch.setattr(child, "WORKER", "stub_worker")
    write_lesson(folders, "02_two", JUDGE.format(lesson="02_two", value=3.0))
    assert runner.reproduce("smoke", folders=folders) == 0
    said = capsys.readouterr().out
    assert "01_one: up to date" in said and "02_two: done" in said


def test_a_runner_killed_at_random_moments_loses_no_finished_lesson_and_the_last_call_ends(folders, monkeypatch):
    draws, finished, kills = random.Random(2), set(), 0
    while len(finished) < len(LESSONS) and kills < 2:
        command = [sys.executable, "-c", RUNNER, str(folders.lessons.parent)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until(lambda pid=process.pid: descendants(pid))
        time.sleep(draws.uniform(0, 0.4))  # a lesson takes 0.5 s at least
        family = descendants(process.pid)
        process.kill()
        kills += process.wait() == -signal.SIGKILL
        wait_until(lambda f=family: all(is_gone(member) for member in f), 20)
        ended = {lesson for lesson, state in states(folders).items() if state["error"] is None}
        assert finished <= ended  # what was finished stays finished
        finished = ended
    assert kills
    monkeypatch.setattr(child, "WORKER", "stub_worker")
    assert runner.reproduce("smoke", folders=folders) == 0
    assert set(states(folders)) == set(LESSONS) and (folders.report / "index.html").exists()
    assert not [name for name in names_in(folders.runs) if name.endswith(".tmp") or ".part." in name]
