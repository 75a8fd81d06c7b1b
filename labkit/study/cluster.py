"""Tasks on a cluster of machines: Ray gives each to a worker, and to another one where a worker or its machine dies.

The machines need the same folders at the same paths (the runs, the data, the cache) and the same versions of Python,
Ray and labkit. A task goes on from its checkpoint wherever it is taken up.
"""

import contextlib
import os
import platform
import socket
import tempfile
import traceback
from collections.abc import Callable, Sequence

from labkit import paths
from labkit.errors import LabError
from labkit.study.task import Task
from labkit.train import Compute

RETRIES = 5  # of a task whose worker died
OBJECTS = 80 * 2**20  # bytes of memory for what tasks hand over, which is next to nothing
SAY_EVERY = 60  # seconds between two lines on the tasks that run


def train(
    tasks: Sequence[Task],
    jobs: int | None,
    compute: Compute,
    say: Callable[[str], None],
    address: str | None = None,
) -> list[Task]:
    """Train the tasks, `jobs` at a time (None: as many as there is room for); returns those that failed.

    address: of a running cluster; else the environment variable RAY_ADDRESS; else Ray is started on this machine alone.

    A task takes one core, and a GPU where the cluster has some. Ctrl-C lets every worker end its step and write a
    checkpoint, then raises KeyboardInterrupt. Raises LabError where Ray is not installed or the cluster not reached.
    """
    try:
        import ray
    except ImportError:
        raise LabError("The engine ray needs Ray: pip install 'labkit[cluster]'.") from None
    with _connected(ray, address or os.environ.get("RAY_ADDRESS"), jobs):
        gpu = compute.accelerator == "gpu" or (compute.accelerator == "auto" and "GPU" in ray.cluster_resources())
        # One call a worker: what a task took of the memory goes with its process.
        perform = ray.remote(num_cpus=1, num_gpus=int(gpu), max_retries=RETRIES, max_calls=1)(_perform)
        data = {"LABKIT_DATA": str(root)} if (root := paths.data_root()) else {}
        waiting, running, failed = list(tasks), {}, []
        try:
            while waiting or running:
                while waiting and (jobs is None or len(running) < jobs):
                    task = waiting.pop(0)
                    task.folder.parent.mkdir(parents=True, exist_ok=True)
                    task.beside("log").unlink(missing_ok=True)
                    own = perform.options(runtime_env={"env_vars": data | task.environment()})
                    running[own.remote(task, compute)] = task
                    say(f"{task}: {task.spec.steps} steps of {task.spec.system}")
                ended, _ = ray.wait(list(running), timeout=SAY_EVERY)
                for reference in ended:
                    task = running.pop(reference)
                    if reason := _reason(ray, reference):
                        failed.append(task)
                        say(f"{task} failed ({reason}); its log is {task.beside('log')}")
                    else:
                        say(f"{task}: done")
                    task.beside("json").unlink(missing_ok=True)
                for task in running.values() if not ended else ():
                    say(task.progress())
        except KeyboardInterrupt:
            say("stopping: every run ends its step and writes a checkpoint.")
            for reference in running:
                ray.cancel(reference)
            if running:
                ray.wait(list(running), num_returns=len(running))
            raise
    return failed


@contextlib.contextmanager
def _connected(ray, address: str | None, jobs: int | None):
    """Ray at the address, or of our own, with a folder that is gone with it."""
    settings = {"log_to_driver": False, "logging_level": "ERROR"}
    with contextlib.ExitStack() as stack:
        if address is None:
            # Without "local" Ray would join whatever cluster the machine last started.
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="labkit-", ignore_cleanup_errors=True))
            settings |= {"num_cpus": jobs, "object_store_memory": OBJECTS, "include_dashboard": False}
            settings |= {"_temp_dir": folder, "_node_ip_address": "127.0.0.1"}
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        else:
            _demand_answer(address)
        try:
            ray.init(address=address or "local", **settings)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise LabError(f"Ray cannot be reached at {address or 'this machine'} ({error}).") from None
        stack.callback(ray.shutdown)
        yield


def _demand_answer(address: str) -> None:
    """Raise LabError where nothing listens at "host:port" or "ray://host:port"; Ray itself tries for many minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdigit():
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
        except OSError as error:
            raise LabError(f"Ray cannot be reached at {address} ({error.strerror or error}).") from None


def _perform(task: Task, compute: Compute) -> None:
    """What a worker does: train the task, with all that is said in the task's log."""
    if not task.folder.parent.is_dir():
        raise LabError(f"{task.folder.parent} is not on {platform.node()}: the machines need this folder in common")
    with open(task.beside("log"), "a") as log, contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        try:
            task.train(compute)
        except BaseException:
            traceback.print_exc()
            raise


def _reason(ray, reference) -> str | None:
    """Why a task failed, in words; None where it did not."""
    try:
        ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        return str(error.cause)
    except ray.exceptions.RayError as error:
        return str(error).strip().splitlines()[0]
    return None
