"""Stands in for labkit.reproduce.worker where a test needs no kernel: runs the code cells with `exec`."""

import json
import os
import shutil
import sys
import traceback
from pathlib import Path

DONE, FAILED = 0, 1


def main(notebook: Path, folder: Path, profile: str) -> int:
    shutil.copy(notebook, folder / "notebook.part.ipynb")
    os.chdir(notebook.parent)
    names = {}
    for cell in json.loads(notebook.read_text())["cells"]:
        if cell["cell_type"] == "code":
            try:
                exec("".join(cell["source"]), names)
            except Exception:
                (folder / "error.txt").write_text(traceback.format_exc())
                return FAILED
            names["profile"] = profile
    return DONE


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
