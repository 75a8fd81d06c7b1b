"""The runner on tiny lessons: what it runs again, how it fails, and that it leaves nothing running behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from fixture_lessons import JUDGE, claim, write_claims, write_lesson
from labkit import reproduce as runner
from labkit.errors import LabError
from labkit.folders import Folders
from labkit.reproduce import child, reproduce

ONE, TWO = "01_one", "02_two"
# Says that it runs, then waits for ever in the way a training would.
WAIT = "import pathlib, time\npathlib.Path('../{lesson}.started').touch()\ntime.sleep(600)"


@pytest.fixture
def folders(tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "source_hash", lambda: "the same sources")
    folders = Folders.under(tmp_path)
    write_lesson(folders, ONE, JUDGE.format(lesson=ONE, value=3.0))
    write_claims(folders, claim(ONE))
    return folders


@pytest.fixture
def no_kernel(monkeypatch):
    """Cells run with `exec` in the worker: for tests of what the runner makes of a result."""
    monkeypatch.setattr(child, "WORKER", "stub_worker")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


def run_folder(folders, lesson):
    return folders.lesson_run("smoke", lesson)


def smoke(folders, *lessons, **options):
    return reproduce("smoke", lessons, folders=folders, **options)


def test_a_lesson_runs_with_its_profile_and_is_judged(folders, capsys):
    assert smoke(folders) == 0
    said = capsys.readouterr().out
    assert "1 claims of 1 lessons judged: 1 holds" in said and "01_one: done" in said
    executed = (run_folder(folders, ONE) / "notebook.ipynb").read_text()
    assert "01.a-over-b | holds" in executed and 'profile = \\"smoke\\"' in executed
    assert not list(run_folder(folders, ONE).glob("*.part.*"))
    assert "✓ holds" in (folders.report / "index.html").read_text()


def test_what_is_up_to_date_is_not_run_again(folders, capsys, no_kernel):
    assert smoke(folders) == 0
    first = (run_folder(folders, ONE) / "state.json").stat().st_mtime_ns
    assert smoke(folders) == 0
    assert "01_one: up to date" in capsys.readouterr().out
    assert (run_folder(folders, ONE) / "state.json").stat().st_mtime_ns == first
    assert smoke(folders, force=True) == 0
    assert (run_folder(folders, ONE) / "state.json").stat().st_mtime_ns > first


def test_changed_code_and_newly_asked_measures_run_again(folders, capsys, no_kernel):
    assert smoke(folders) == 0
    write_lesson(folders, ONE, JUDGE.format(lesson=ONE, value=0.5))
    assert smoke(folders) == 0
    assert "1 does not hold" in capsys.readouterr().out
    # A changed rule is judged from what was measured; a rule that asks for more runs the lesson.
    rule = {"measure": "b", "comparison": "greater", "reference": "a", "margin": 0.4, "seeds": [0]}
    write_claims(folders, claim(ONE, rules={"smoke": rule}))
    assert smoke(folders) == 0
    said = capsys.readouterr().out
    assert "up to date" in said and "1 holds" in said
    write_claims(folders, claim(ONE, rules={"smoke": rule | {"measure": "c"}}))
    assert smoke(folders) == 1
    assert "does not measure 'c'" in capsys.readouterr().out


def test_a_failing_cell_stops_its_lesson_alone(folders, capsys):
    write_lesson(folders, TWO, "before = 41 + 1\nprint(before)", "before / 0", "print('never')")
    assert smoke(folders) == 1
    said = capsys.readouterr().out
    assert "ZeroDivisionError: division by zero" in said and "before / 0" in said and "\x1b[" not in said
    assert "01_one: done" in said and "failed: 02_two" in said
    partial = (run_folder(folders, TWO) / "notebook.failed.ipynb").read_text()
    assert "42" in partial and not (run_folder(folders, TWO) / "notebook.ipynb").exists()
    assert "ZeroDivisionError" in (folders.report / "index.html").read_text()
    # A lesson that failed is run again, and what it left of the failure goes.
    write_lesson(folders, TWO, "print('mended')")
    assert smoke(folders) == 0
    assert not (run_folder(folders, TWO) / "notebook.failed.ipynb").exists()


def test_a_lesson_without_the_parameter_is_refused(folders, capsys):
    write_lesson(folders, ONE, "print(1)", parameters="scale = 3")
    assert smoke(folders) == 1
    assert "takes no parameter `profile`" in capsys.readouterr().out


def test_a_lesson_with_claims_must_judge_them(folders, capsys, no_kernel):
    write_lesson(folders, ONE, "print('no judge here')")
    assert smoke(folders) == 1
    assert "did not call `judge`" in capsys.readouterr().out


def test_a_lesson_must_judge_its_own_claims(folders, capsys, no_kernel):
    write_lesson(folders, ONE, JUDGE.format(lesson=TWO, value=3.0))
    assert smoke(folders) == 1
    assert "01_one judged the claims of 02_two" in capsys.readouterr().out


def test_a_kernel_that_dies_is_a_failure(folders, capsys):
    write_lesson(folders, ONE, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    assert smoke(folders) == 1
    assert "01_one failed" in capsys.readouterr().out


TRIES = """
import pathlib, time
file = pathlib.Path("../tries")
tries = len(file.read_text()) + 1 if file.exists() else 1
file.write_text("x" * tries)
time.sleep(600 if tries <= {hangs} else 0)
"""


def test_a_cell_that_hangs_gets_a_second_chance(folders, capsys):
    write_lesson(folders, ONE, TRIES.format(hangs=1))
    write_claims(folders)
    assert smoke(folders, limits=(2, 120)) == 0
    assert "01_one: done" in capsys.readouterr().out


def test_a_notebook_that_hangs_gets_no_third_chance(folders, capsys, no_kernel):
    write_lesson(folders, ONE, TRIES.format(hangs=9))
    assert smoke(folders, limits=(600, 2)) == 1
    assert "took more than its time, 2 times" in capsys.readouterr().out
    assert (folders.lessons.parent / "tries").read_text() == "xx"


def test_a_verdict_that_turns_round_fails_the_command_either_way(folders, capsys, no_kernel):
    assert smoke(folders, record=True) == 0
    recorded = json.loads(folders.verdicts("smoke").read_text())
    assert recorded[ONE]["claims"]["01.a-over-b"]["verdict"] == "holds"
    assert recorded[ONE]["environment"]["packages"]["torch"]

    write_lesson(folders, ONE, JUDGE.format(lesson=ONE, value=0.5))
    assert smoke(folders) == 1
    assert "01.a-over-b: does not hold; recorded was: holds" in capsys.readouterr().out
    assert "Contradicts the recorded verdict" in (folders.report / "index.html").read_text()
    assert smoke(folders, record=True) == 0

    write_lesson(folders, ONE, JUDGE.format(lesson=ONE, value=1.25))
    assert smoke(folders) == 0  # undecided contradicts nothing
    write_lesson(folders, ONE, JUDGE.format(lesson=ONE, value=3.0))
    assert smoke(folders) == 1
    assert "01.a-over-b: holds; recorded was: does not hold" in capsys.readouterr().out


def test_recording_some_lessons_keeps_the_others(folders, no_kernel):
    write_lesson(folders, TWO, JUDGE.format(lesson=TWO, value=3.0))
    write_claims(folders, claim(ONE), claim(TWO))
    assert smoke(folders, record=True) == 0
    before = json.loads(folders.verdicts("smoke").read_text())
    write_lesson(folders, TWO, JUDGE.format(lesson=TWO, value=0.5))
    assert smoke(folders, "2", record=True) == 0
    after = json.loads(folders.verdicts("smoke").read_text())
    assert after[ONE] == before[ONE]
    assert after[TWO]["claims"]["02.a-over-b"]["verdict"] == "does not hold"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"profile": "smok"}, "unknown profile"),
        ({"lessons": ["07"]}, "no lesson '07'"),
        ({"jobs": 0}, "at least one"),
    ],
)
def test_what_is_refused(folders, options, says):
    with pytest.raises(LabError, match=says):
        reproduce(**({"profile": "smoke"} | options), folders=folders)


def test_a_broken_record_is_named_and_left_alone(folders, no_kernel):
    path = folders.verdicts("smoke")
    path.parent.mkdir(parents=True)
    path.write_text('{"01_one": {"claims": ')
    with pytest.raises(LabError, match="verdicts.json"):
        smoke(folders, record=True)
    assert path.read_text() == '{"01_one": {"claims": '


def test_a_second_run_at_the_same_time_is_refused(folders, no_kernel):
    lock = folders.runs / "reproduce" / ".lock"
    lock.parent.mkdir(parents=True)
    with FileLock(lock), pytest.raises(LabError, match="another `reproduce` is running"):
        smoke(folders)
    assert smoke(folders) == 0


# Ends that come from outside -----------------------------------------------------------------------------------------


def start_runner(folders) -> subprocess.Popen:
    """The runner in a process of its own: lesson 01 runs to its end, lesson 02 waits for ever."""
    write_lesson(folders, TWO, WAIT.format(lesson=TWO))
    code = (
        "import signal, sys, pathlib\nfrom labkit import reproduce as runner\nfrom labkit.folders import Folders\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored in what was started with `&`
        "runner.source_hash = lambda: 'the same sources'\n"
        "sys.exit(runner.reproduce('smoke', jobs=2, folders=Folders.under(pathlib.Path(sys.argv[1]))))"
    )
    command = [sys.executable, "-c", code, str(folders.lessons.parent)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    done = run_folder(folders, ONE) / "state.json"
    started = folders.lessons.parent / f"{TWO}.started"
    wait_until(lambda: (done.exists() and started.exists()) or process.poll() is not None, 60)
    assert process.poll() is None, process.stdout.read()
    return process


def wait_until(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def gone(processes) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


def resumes(folders, capsys, monkeypatch) -> None:
    """The next call runs what was not finished and only that."""
    monkeypatch.setattr(child, "WORKER", "stub_worker")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    write_lesson(folders, TWO, "print('this time to the end')")
    assert smoke(folders) == 0
    said = capsys.readouterr().out
    assert "01_one: up to date" in said and "02_two: done" in said


def test_ctrl_c_leaves_no_kernel_and_the_next_call_resumes(folders, capsys, monkeypatch):
    process = start_runner(folders)
    tree = psutil.Process(process.pid).children(recursive=True)
    assert len(tree) >= 2  # the worker and its kernel
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and "the next call goes on" in output and "Traceback" not in output
    assert gone(tree)
    resumes(folders, capsys, monkeypatch)


def test_kill_9_of_the_runner_leaves_no_kernel_and_no_broken_file(folders, capsys, monkeypatch):
    process = start_runner(folders)
    tree = psutil.Process(process.pid).children(recursive=True)
    assert len(tree) >= 2
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    wait_until(lambda: gone(tree), 20)
    resumes(folders, capsys, monkeypatch)


def test_kill_9_of_a_worker_is_a_failure_of_its_lesson(folders, capsys, monkeypatch):
    process = start_runner(folders)
    tree = psutil.Process(process.pid).children(recursive=True)
    (worker,) = psutil.Process(process.pid).children()
    worker.kill()
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1 and "ended by signal 9" in output and "failed: 02_two" in output
    wait_until(lambda: gone(tree), 20)
    resumes(folders, capsys, monkeypatch)
