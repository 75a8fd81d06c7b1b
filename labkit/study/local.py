"""Tasks side by side on this machine: a child process each, with one thread."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict

from labkit.pace import spoken
from labkit.study.task import Task
from labkit.train import Compute

SAY_EVERY = 60  # seconds between two lines on a task that runs


def train(tasks: Sequence[Task], jobs: int, compute: Compute, say: Callable[[str], None]) -> list[Task]:
    """Train `jobs` tasks at a time; returns those that failed, each of which `say` was told of.

    Ctrl-C lets every child end its step and write a checkpoint, then raises KeyboardInterrupt; a second one does not
    wait for them.
    """
    waiting, failed = list(tasks), []
    running: dict[Task, _Child] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                task = waiting.pop(0)
                running[task] = _Child(task, compute)
                say(f"{task}: {task.spec.steps} steps of {task.spec.system}")
            time.sleep(0.1)
            for task, child in list(running.items()):
                if (status := child.process.poll()) is None:
                    child.say_progress(say)
                    continue
                del running[task]
                if status == 0:
                    say(f"{task}: done in {spoken(time.monotonic() - child.began)}")
                else:
                    failed.append(task)
                    say(f"{task} failed ({_reason(task, status)}); its log is {task.beside('log')}")
                child.end()
    except KeyboardInterrupt:
        say("stopping: every run ends its step and writes a checkpoint.")
        raise
    finally:
        _stop(running.values())
    return failed


class _Child:
    def __init__(self, task: Task, compute: Compute):
        self.task, self.began = task, time.monotonic()
        self._said = self.began
        task.folder.parent.mkdir(parents=True, exist_ok=True)
        with open(task.beside("log"), "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "labkit.study.child", task.to_json(), json.dumps(asdict(compute))],
                stdin=subprocess.PIPE,  # never written to: its end tells the child to stop
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | task.environment(),
                start_new_session=True,  # a Ctrl-C at the terminal reaches the study alone, which stops its children
            )

    def say_progress(self, say: Callable[[str], None]) -> None:
        if time.monotonic() - self._said > SAY_EVERY:
            self._said = time.monotonic()
            say(self.task.progress())

    def end(self) -> None:
        """Once the process has ended."""
        self.process.stdin.close()
        self.task.beside("json").unlink(missing_ok=True)


def _stop(children) -> None:
    """Ask all to stop, and wait for their checkpoints."""
    try:
        for child in children:
            child.process.stdin.close()
        for child in children:
            child.process.wait()
    finally:  # interrupted once more
        for child in children:
            child.process.kill()
            child.process.wait()
            child.end()


def _reason(task: Task, status: int) -> str:
    if status < 0:
        return f"ended by signal {-status}"
    lines = task.beside("log").read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit status {status}"
