"""The lesson pipeline: lessons/*.md (text, edited and reviewed) → notebooks/*.ipynb (executed, outputs stored).

It runs one way. A notebook takes its cells from the text; an output is kept as long as its cell and all code above it
are the same, and whatever lost an output is executed again.
"""

import base64
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from labkit import paths
from labkit.errors import LabError
from labkit.paths import write_atomically
from labkit.profiles import knob_values, names

MAX_NOTEBOOK_BYTES = 1_500_000  # some thirty figures: readers judge a lesson by its pictures
MAX_FIGURE_BYTES = 100_000
CELL_SECONDS = 900
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_TEXT = "(a live widget: run this cell to use it)"
MACHINE_PATH = re.compile(r"/(?:home|Users)/[\w.-]+/|/root/|/tmp/|[A-Z]:\\\\?Users|/[^\s\"']*/site-packages/")
# The kernel warns at every start of plain TCP, which here stays on this machine.
QUIET_KERNEL = "--log-level=40"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


# Names --------------------------------------------------------------------------------------------------------------


def lesson_names(lessons_dir: Path | None = None) -> list[str]:
    """All lessons in their order: the stems of lessons/NN_name.md."""
    return sorted(path.stem for path in (lessons_dir or paths.LESSONS).glob("[0-9][0-9]_*.md"))


def title_of(lesson: str) -> str:
    """The first heading of a lesson's text."""
    return next(line[2:] for line in lesson.splitlines() if line.startswith("# "))


def select(wanted: Sequence[str] | None, available: Sequence[str]) -> list[str]:
    """The lessons that `wanted` names in full or by number (`01`); all of them where it is empty."""
    if not wanted:
        return list(available)
    chosen = []
    for name in wanted:
        stem = Path(name).stem
        found = [lesson for lesson in available if lesson == stem or lesson.split("_")[0] == stem.zfill(2)]
        if not found:
            raise LabError(f"there is no lesson '{name}'; there are {', '.join(available) or 'none yet'}.")
        chosen += found
    return [lesson for lesson in available if lesson in chosen]


def kernel_environment(**extra: str) -> dict[str, str]:
    """The environment of a kernel that runs without a person: one thread (fast, and sums compare), no bars."""
    return os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "LABKIT_PROGRESS": "off"} | extra


# Text → notebook ----------------------------------------------------------------------------------------------------


def read_lesson(path: Path) -> NotebookNode:
    """The cells of a lesson text, without outputs. Raises LabError where the text is not a jupytext MyST lesson."""
    import jupytext

    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LabError(f"{path}: cannot be read ({error}).") from None
    if "format_name: myst" not in text.partition("\n---\n")[0]:
        raise LabError(f"{path}: needs the header of a jupytext MyST notebook; copy it from another lesson.")
    try:
        notebook = jupytext.reads(text, fmt="md:myst")
    except Exception as error:  # jupytext raises many kinds for text that it cannot parse
        raise LabError(f"{path}: jupytext cannot read this lesson ({error}).") from None
    return normalise(notebook)


def read_notebook(path: Path) -> NotebookNode:
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise LabError(f"{path}: the notebook is missing; `make sync` writes it from the lesson.") from None
    except Exception as error:  # nbformat, json and unicode errors
        raise LabError(f"{path}: not a readable notebook ({error}); `make sync --force` writes it anew.") from None


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    nbformat.validate(notebook)
    write_atomically(path, nbformat.writes(notebook) + "\n")


def merge_outputs(lesson: NotebookNode, stored: NotebookNode) -> NotebookNode:
    """`lesson` with the outputs of `stored`, down to the first code cell that differs: below it they may be stale.

    Tags do not count: they say how a cell is shown and compared, not what it does.
    """
    merged = nbformat.from_dict(lesson)
    if "labkit" in stored.metadata:
        merged.metadata["labkit"] = stored.metadata["labkit"]
    old = [cell for cell in stored.cells if cell.cell_type == "code"]
    new = [cell for cell in merged.cells if cell.cell_type == "code"]
    for cell, before in zip(new, old, strict=False):
        if cell.source != before.source:
            break
        cell.outputs, cell.execution_count = before.outputs, before.execution_count
    return normalise(merged)


def normalise(notebook: NotebookNode) -> NotebookNode:
    """The one stored form: ids from the content, tags only, counts 1..n, joined streams, no widget state, no timing."""
    cells, seen, count = [], {}, 0
    for cell in notebook.cells:
        content = f"{cell.cell_type}\n{cell.source}"
        seen[content] = seen.get(content, 0) + 1
        identity = hashlib.sha256(f"{content}\n{seen[content]}".encode()).hexdigest()[:12]
        tags = sorted(cell.metadata.get("tags", []))
        clean = {"cell_type": cell.cell_type, "id": identity, "metadata": {"tags": tags} if tags else {}}
        clean["source"] = cell.source
        if cell.cell_type == "code":
            ran = cell.get("execution_count") is not None
            count += ran
            clean["execution_count"] = count if ran else None
            clean["outputs"] = [_output(output, count) for output in _join_streams(cell.get("outputs", []))]
        cells.append(clean)
    metadata = dict(METADATA)
    if "labkit" in notebook.metadata:
        metadata["labkit"] = notebook.metadata["labkit"]
    return nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells})


def _join_streams(outputs: Sequence[NotebookNode]) -> list[dict]:
    """How a stream is cut into messages depends on timing; joined, two runs are equal."""
    joined = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output.output_type == last.get("output_type") == "stream" and output.name == last["name"]:
            last["text"] += output.text
        else:
            joined.append(dict(output))
    return joined


def _output(output: dict, count: int) -> dict:
    clean = dict(output)
    if WIDGET_VIEW in clean.get("data", {}):
        clean["data"] = {"text/plain": WIDGET_TEXT}
    if clean["output_type"] == "execute_result":
        clean["execution_count"] = count
    return clean


# Running ------------------------------------------------------------------------------------------------------------


def run_cells(notebook: NotebookNode, folder: Path, on_cell=lambda at, of: None) -> NotebookNode:
    """Run all cells in a fresh kernel whose working directory is `folder`; a new, normalised notebook.

    on_cell(at, of) is called before each cell. Raises nbclient's exceptions where a cell fails or takes too long.
    """
    from nbclient import NotebookClient

    fresh = nbformat.from_dict(notebook)
    client = NotebookClient(
        fresh,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        store_widget_state=False,
        extra_arguments=[QUIET_KERNEL],
        on_cell_start=lambda cell, cell_index: on_cell(cell_index + 1, len(fresh.cells)),
    )
    client.execute(env=kernel_environment())
    return normalise(fresh)


def sync(
    lessons: Sequence[str] | None = None,
    execute: bool = True,
    force: bool = False,
    lessons_dir: Path | None = None,
    notebooks_dir: Path | None = None,
    discard_edits: bool = False,
) -> int:
    """Bring the notebooks up to date with the lesson texts; run those whose code or knobs changed (`force`: all).

    A lesson that fails leaves its stored notebook as it was. Exit code: 0, or 1 where a lesson failed. Raises LabError,
    before anything is written, where somebody changed a notebook and the text does not have the change: it would be
    lost. `carry_into_text` takes it over, `discard_edits` drops it.
    """
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    lessons_dir, notebooks_dir = lessons_dir or paths.LESSONS, notebooks_dir or paths.NOTEBOOKS
    chosen, failed = select(lessons, lesson_names(lessons_dir)), False
    if not discard_edits:
        _demand_no_edits(chosen, lessons_dir, notebooks_dir, force)
    for name in chosen:
        target = notebooks_dir / f"{name}.ipynb"
        notebook = read_lesson(lessons_dir / f"{name}.md")
        if target.exists() and not force:
            notebook = merge_outputs(notebook, read_notebook(target))
        if execute and _unfinished(notebook, name, lessons_dir):
            start = time.monotonic()
            try:
                notebook = run_cells(notebook, notebooks_dir, _print_cell(name))
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                print(
                    f"{name}: failed; the stored notebook is left as it was\n{without_colours(str(error))}",
                    file=sys.stderr,
                )
                failed = True
                continue
            notebook.metadata["labkit"] = {"knobs": _knobs_hash(name, lessons_dir)}
            print(f"{name}: executed in {time.monotonic() - start:.0f} s", flush=True)
        else:
            print(f"{name}: nothing to execute", flush=True)
        notebook.metadata["labkit"] = dict(notebook.metadata.get("labkit", {})) | {
            "cells": [cell.id for cell in notebook.cells]
        }
        write_notebook(notebook, target)
    return int(failed)


# What somebody changed in a notebook ----------------------------------------------------------------------------------


def edits(lesson: NotebookNode, stored: NotebookNode) -> list[str]:
    """What was changed in a stored notebook since sync wrote it and is not in the lesson's text; a phrase each."""
    text, last, now = _text_last_now(lesson, stored)
    changed = [f"cell {n}" for n, cell in enumerate(now, start=1) if cell not in last and cell not in text]
    gone = [f"cell {n} of the text is gone" for n, cell in enumerate(text, start=1) if cell in last and cell not in now]
    moved = now != text and [cell for cell in now if cell in last] != [cell for cell in last if cell in now]
    return changed or gone or (["the order of the cells"] if moved else [])


def _text_last_now(lesson: NotebookNode, stored: NotebookNode) -> tuple[list[str], list[str], list[str]]:
    """The cells, by names made from their content, that the text has, that sync last wrote, and that the notebook has.

    The second are in the notebook's metadata. Where they are not, the ids do: sync wrote them, and editors keep them.
    """
    last = stored.metadata.get("labkit", {}).get("cells") or [cell.get("id") for cell in stored.cells]
    return [cell.id for cell in normalise(lesson).cells], list(last), [cell.id for cell in normalise(stored).cells]


def carry_into_text(lessons: Sequence[str], lessons_dir: Path | None = None, notebooks_dir: Path | None = None) -> None:
    """Write what was changed in notebooks into their lessons' text, whose other lines stay as they are.

    Outputs from the first changed code cell on are dropped: they may be those of other code. Raises LabError where the
    text was changed since, too.
    """
    import jupytext
    from jupytext.config import load_jupytext_config

    lessons_dir, notebooks_dir = lessons_dir or paths.LESSONS, notebooks_dir or paths.NOTEBOOKS
    config = load_jupytext_config(str(paths.LESSONS))
    for name in select(lessons, lesson_names(lessons_dir)):
        path, target = lessons_dir / f"{name}.md", notebooks_dir / f"{name}.ipynb"
        lesson, stored = read_lesson(path), read_notebook(target)
        if not (phrases := edits(lesson, stored)):
            print(f"{name}: the text has all that is in the notebook", flush=True)
            continue
        text, last, now = _text_last_now(lesson, stored)
        if any(cell not in last + now for cell in text) or any(cell in now and cell not in text for cell in last):
            raise LabError(
                f"{path} was changed since sync, and so was {target.name} ({', '.join(phrases)}); bring both together"
                f" in the text by hand, then run `make sync ARGS='--lessons {name} --discard-edits'`."
            )
        written = jupytext.reads(path.read_text(encoding="utf-8"), fmt="md:myst", config=config)
        known = dict(zip(text, written.cells, strict=True))
        written.cells = [known.get(cell, new) for cell, new in zip(now, normalise(stored).cells, strict=True)]
        write_atomically(path, jupytext.writes(written, fmt="md:myst", config=config))
        stale = False
        for cell, old in zip(stored.cells, now, strict=True):
            stale = stale or (cell.cell_type == "code" and old not in last)
            if stale and cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        write_notebook(normalise(stored), target)
        print(f"{name}: carried into the text: {', '.join(phrases)}", flush=True)


def _demand_no_edits(chosen: Sequence[str], lessons_dir: Path, notebooks_dir: Path, force: bool) -> None:
    found = []
    for name in chosen:
        path = notebooks_dir / f"{name}.ipynb"
        if not path.exists():
            continue
        try:
            stored = read_notebook(path)
        except LabError:
            if force:  # a broken notebook holds no edits that could be kept
                continue
            raise
        if phrases := edits(read_lesson(lessons_dir / f"{name}.md"), stored):
            found.append(f"{path.name}: {', '.join(phrases)}")
    if found:
        raise LabError(
            f"the text lacks what was changed in {'; '.join(found)}. Carry it into the text with"
            " `make sync ARGS='--from-notebook NN'`, or drop it with `make sync ARGS='--lessons NN --discard-edits'`."
        )


def without_colours(text: str) -> str:
    """A traceback of the kernel without the codes that colour it in a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def _print_cell(name: str):
    """Progress for a person at a terminal; a log gets one line a lesson."""

    def show(at: int, of: int) -> None:
        end = "\r" if at < of else "\r" + " " * 60 + "\r"
        print(f"{name}: cell {at}/{of}", end=end, flush=True)

    return show if sys.stdout.isatty() else lambda at, of: None


# Checking -----------------------------------------------------------------------------------------------------------


def check(
    lessons: Sequence[str] | None = None, lessons_dir: Path | None = None, notebooks_dir: Path | None = None
) -> int:
    """Print what is wrong with the pairs; exit code 0 where nothing is."""
    found = [
        f"{name}: {problem}"
        for name in select(lessons, lesson_names(lessons_dir))
        for problem in problems(name, lessons_dir, notebooks_dir)
    ]
    print("\n".join(found) or "all pairs are in step")
    return int(bool(found))


def problems(name: str, lessons_dir: Path | None = None, notebooks_dir: Path | None = None) -> list[str]:
    """What is wrong with one pair, a sentence each; empty where lesson and notebook agree and all outputs are there."""
    lessons_dir, notebooks_dir = lessons_dir or paths.LESSONS, notebooks_dir or paths.NOTEBOOKS
    path = notebooks_dir / f"{name}.ipynb"
    if not path.exists():
        return ["the notebook is missing; run `make sync`"]
    lesson, notebook = read_lesson(lessons_dir / f"{name}.md"), read_notebook(path)
    found = _drift(lesson, notebook) + _unfinished(notebook, name, lessons_dir)
    if path.stat().st_size > MAX_NOTEBOOK_BYTES:
        found.append(f"weighs {path.stat().st_size / 1e6:.2f} MB; at most {MAX_NOTEBOOK_BYTES / 1e6:.1f} MB is allowed")
    for number, cell in enumerate(notebook.cells, start=1):
        found += [f"cell {number}: {sentence}" for sentence in _output_problems(cell)]
    return found


def _content(cell: NotebookNode) -> tuple:
    return cell.cell_type, sorted(cell.metadata.get("tags", [])), cell.source


def _drift(lesson: NotebookNode, notebook: NotebookNode) -> list[str]:
    for number, (text, stored) in enumerate(zip(lesson.cells, notebook.cells, strict=False), start=1):
        if _content(text) != _content(stored):
            return [f"cell {number} differs between lesson and notebook; run `make sync`"]
    if len(lesson.cells) != len(notebook.cells):
        return [f"the lesson has {len(lesson.cells)} cells, the notebook {len(notebook.cells)}; run `make sync`"]
    return []


def _unfinished(notebook: NotebookNode, name: str, lessons_dir: Path) -> list[str]:
    """Why the stored outputs are not those of a whole run with the knobs of today."""
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    if counts != list(range(1, len(counts) + 1)):
        return ["has cells that were not executed, or not in order; run `make sync`"]
    if notebook.metadata.get("labkit", {}).get("knobs") != _knobs_hash(name, lessons_dir):
        return ["was executed with other knobs than profiles.yml has now; run `make sync`"]
    return []


def _output_problems(cell: NotebookNode) -> list[str]:
    found = []
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            found.append(f"holds an error output ({output.ename})")
        data = output.get("data", {})
        for kind, content in data.items():
            if kind.startswith("image/"):
                size = len(content) if kind == "image/svg+xml" else len(base64.b64decode(content))
                if size > MAX_FIGURE_BYTES:
                    found.append(f"holds a figure of {size / 1e3:.0f} kB; at most 100 kB is allowed")
        texts = [output.get("text", "")] + [data[kind] for kind in data if kind.startswith("text/")]
        match = next((match for text in texts if (match := MACHINE_PATH.search(text))), None)
        if match or any(str(paths.ROOT) in text for text in texts):
            found.append(f"shows a path of this machine ({match.group() if match else paths.ROOT})")
    return found


def _knobs_hash(name: str, lessons_dir: Path) -> str | None:
    """A fingerprint of the lesson's knobs at profile `lesson`, the scale of the stored outputs; None without knobs."""
    path = lessons_dir / "profiles.yml"
    if not path.exists() or name not in names(path):
        return None
    values = json.dumps(knob_values(name, "lesson", path), sort_keys=True)
    return hashlib.sha256(values.encode()).hexdigest()[:16]
