"""The child process that trains one task: `python -m labkit.study.child TASK COMPUTE`, both as JSON.

Its standard input is a pipe that the study holds open. When the study closes it, or dies in whatever way, the child
writes a checkpoint and ends. Exit status: 0 done, 1 failed, 2 a problem to mend, 130 stopped.
"""

import _thread
import json
import os
import signal
import sys
import threading

from labkit.errors import LabError
from labkit.study.task import Task
from labkit.train import Compute


def main(task: Task, compute: Compute) -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are born deaf
    threading.Thread(target=_stop_with_the_study, daemon=True).start()
    try:
        task.train(compute)
    except LabError as error:
        print(error)
        return 2
    except KeyboardInterrupt:
        print("stopped; it goes on from its checkpoint.")
        return 130
    return 0


def _stop_with_the_study() -> None:
    while os.read(0, 1):
        pass
    _thread.interrupt_main()


if __name__ == "__main__":
    sys.exit(main(Task.from_json(sys.argv[1]), Compute(**json.loads(sys.argv[2]))))
