"""The child process that runs one notebook: `python -m labkit.reproduce.worker NOTEBOOK FOLDER PROFILE CELL_SECONDS`.

It writes into FOLDER: `notebook.part.ipynb` (the notebook as far as it came), `cell.json` (where it is), and
`error.txt` (what stopped it). Exit status: 0 done, 1 a cell failed, 3 a cell took too long.

Its standard input is a pipe that the runner holds open. When the runner dies, in whatever way, the pipe closes; the
worker then kills its kernel and ends.
"""

import json
import os
import sys
import threading
from pathlib import Path

import psutil

from labkit.notebooks import QUIET_KERNEL, without_colours
from labkit.paths import write_atomically
from labkit.reproduce.child import DONE, FAILED, TOO_LONG


def main(notebook: Path, folder: Path, profile: str, cell_seconds: int) -> int:
    threading.Thread(target=_die_with_the_runner, daemon=True).start()
    import papermill
    from nbclient.exceptions import CellTimeoutError
    from papermill.exceptions import PapermillExecutionError

    if "profile" not in papermill.inspect_notebook(str(notebook)):
        return _stop(folder, f'{notebook.name} takes no parameter `profile`: tag the cell that sets it "parameters".')

    def on_cell_start(cell, cell_index, **_):
        write_atomically(folder / "cell.json", json.dumps({"cell": cell_index + 1, "of": cells}))

    # papermill puts one cell in: the parameters.
    cells = len(json.loads(notebook.read_text(encoding="utf-8"))["cells"]) + 1
    try:
        papermill.execute_notebook(
            str(notebook),
            str(folder / "notebook.part.ipynb"),
            parameters={"profile": profile},
            kernel_name="python3",
            cwd=str(notebook.parent),
            progress_bar=False,
            execution_timeout=cell_seconds,
            on_cell_start=on_cell_start,
            store_widget_state=False,
            extra_arguments=[QUIET_KERNEL],
        )
    except PapermillExecutionError as error:
        return _stop(folder, without_colours("\n".join(error.traceback)))
    except CellTimeoutError as error:
        return _stop(folder, str(error), TOO_LONG)
    return DONE


def _stop(folder: Path, message: str, status: int = FAILED) -> int:
    write_atomically(folder / "error.txt", message)
    return status


def _die_with_the_runner() -> None:
    # Not sys.stdin: its lock, held by this thread, would abort the interpreter as it ends.
    while os.read(0, 1):
        pass
    this = psutil.Process()
    while descendants := this.children(recursive=True):
        for process in descendants:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(descendants, timeout=1)
    os._exit(FAILED)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
