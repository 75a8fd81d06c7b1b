"""Studies whose runs are trained side by side: the same record as one after the other, whatever happens on the way."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

import small_study
from labkit import paths
from labkit.errors import LabError
from labkit.runs import RunSpec
from labkit.study import local
from labkit.study.several import studies
from labkit.study.study import arm_tasks
from labkit.study.task import Interruption, Task
from labkit.train import Compute, checkpoint

NETWORKS = small_study.PROFILES.replace("cycle: {}", "cycle: {network: true, strip: [0, 1]}")


def test_two_jobs_record_what_one_records(tmp_path, monkeypatch):
    outcomes = []
    for jobs in (1, 2):
        small_study.furnish(tmp_path / str(jobs), monkeypatch.setattr, NETWORKS)
        said = []
        assert studies(["03_test"], jobs=jobs, say=said.append)
        assert said[-1].startswith("Recorded in ") and said[-1].endswith("03_test.json")
        outcomes.append(small_study.outcome(tmp_path / str(jobs)))
    assert outcomes[0] == outcomes[1]
    assert list(json.loads(outcomes[0]["results/study/03_test.json"])) == ["cycle", "naive"]
    assert {"results/networks/03_test/cycle/weights.safetensors", "results/study/03_test/naive.png"} <= set(outcomes[0])
    assert len([name for name in outcomes[0] if name.startswith("runs/study/")]) == 5  # one after step 1, too


def test_several_lessons_are_studied_together_each_with_its_own_arms(house, monkeypatch):
    trained = []

    def train(tasks, jobs, compute, say):  # here, in place of child processes
        trained.extend(str(task) for task in tasks)
        for task in tasks:
            task.train(compute)
        return []

    monkeypatch.setattr(local, "train", train)
    second = small_study.PROFILES.replace("03_test", "04_test").replace("naive:", "blind:")
    (house / "lessons" / "profiles.yml").write_text(small_study.PROFILES + second)
    assert studies(["03_test", "04_test"], arms=["blind", "cycle"], seeds=[3], jobs=2)
    assert trained == ["03_test: cycle, seed 3", "04_test: blind, seed 3", "04_test: cycle, seed 3"]
    for lesson, arms in (("03_test", ["cycle"]), ("04_test", ["blind", "cycle"])):
        entries = json.loads((house / "results/study" / f"{lesson}.json").read_text())
        assert [(arm, entry["seeds"]) for arm, entry in entries.items()] == [(arm, [3]) for arm in arms]
    trained.clear()
    assert studies(["03_test"], seeds=[3], jobs=2)
    assert trained == ["03_test: naive, seed 3"]  # the other is finished


def test_a_run_that_fails_is_named_and_the_others_go_on(house, capsys):
    text = small_study.PROFILES.replace("naive: {settings: {lambda_cyc: 0.0}}", "broken: {batch_size: 0}")
    (house / "lessons" / "profiles.yml").write_text(text)
    assert small_study.main(["study", "03", "--jobs", "2", "--seeds", "0", "--arms", "broken", "cycle"]) == 1
    said = capsys.readouterr().out.splitlines()
    (task,) = arm_tasks("03_test", "study", "broken", [0])
    (sentence,) = [line for line in said if "failed" in line]
    assert sentence.startswith("03_test: broken, seed 0 failed (") and sentence.endswith(str(task.beside("log")))
    reason = sentence.partition("(")[2].rpartition(");")[0]
    assert reason and task.beside("log").read_text().strip().endswith(reason)
    assert list(json.loads((house / "results/study/03_test.json").read_text())) == ["cycle"]


def test_what_is_stopped_keeps_every_step_and_ends_as_if_nothing_had_been(tmp_path, monkeypatch):
    """First Ctrl-C, then the study itself is killed, then it is left alone."""
    small_study.furnish(tmp_path / "whole", monkeypatch.setattr, small_study.LONG)
    assert studies(["01_long"], arms=["gan"], say=lambda line: None)
    small_study.furnish(tmp_path / "stopped", monkeypatch.setattr, small_study.LONG)
    command = [sys.executable, small_study.__file__, str(tmp_path / "stopped"), "study", "01", "--jobs", "2"]
    command += ["--arms", "gan"]
    kept: dict[Path, int] = {}
    for number, status in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        # Two runs on their way: the counts of their steps grow, and say how many at least were done.
        done = small_study.wait_until(lambda seen=dict(kept): small_study.steps_counted(tmp_path / "stopped", seen))
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        assert process.wait(120) == status
        psutil.wait_procs(children, timeout=120)
        assert children and not [child for child in children if child.is_running()]
        for folder, steps in done.items():
            kept[folder] = checkpoint.read(folder / "checkpoint.pt")["step"]
            assert kept[folder] >= steps
        assert any(step % 500 and step < 800 for step in kept.values())  # none that is written anyway
    assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0
    assert small_study.outcome(tmp_path / "stopped") == small_study.outcome(tmp_path / "whole")


def test_a_task_is_read_back_as_it_was(tmp_path):
    settings = {"ngf": 4, "layers": [0, 4], "rate": 1e-4, "label": None}
    spec = RunSpec("cyclegan", "rings", 7, 2, settings, {"size": 16}, ["A"], seed=3)
    task = Task("03_test", "arm", spec, tmp_path / "run", 5, (1, 2))
    read = Task.from_json(task.to_json())
    assert vars(read) == vars(task) and str(read) == "03_test: arm, seed 3"
    assert read.progress() == "03_test: arm, seed 3: before its first step"
    task.beside("json").write_text('{"label": "arm 3", "at": 2, "of": 7}')
    assert read.progress() == "03_test: arm 3: 2 of 7"


def test_ctrl_c_waits_for_a_step_but_not_for_the_first_and_not_twice():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), Interruption():
        signal.raise_signal(signal.SIGINT)
    with Interruption() as interrupted:
        assert not interrupted()
        signal.raise_signal(signal.SIGINT)
        assert interrupted()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"jobs": 0}, "--jobs 0: at least one"),
        ({"address": "somewhere:6379"}, "add --engine ray"),
        ({"arms": ["cycl"]}, "no arm 'cycl' at profile study; there are cycle, naive"),
        ({"jobs": 2, "compute": Compute(devices=2)}, "one device each"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_done(house, settings, message):
    with pytest.raises(LabError, match=message):
        studies(["03_test"], **settings)
    assert not paths.RUNS.exists()


def test_without_ray_one_sentence_says_how_to_get_it(house, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(LabError, match=r"pip install 'labkit\[cluster\]'"):
        studies(["03_test"], engine="ray", say=lambda line: None)
