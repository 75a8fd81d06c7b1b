"""`python -m labkit reproduce`: run the lessons headless, judge their claims, write the report.

Each notebook runs in a process of its own (`worker`), several side by side, one thread each. What is up to date is not
run again, so a run that was stopped goes on where it was.
"""

import os
import time
from collections.abc import Sequence

from filelock import FileLock, Timeout

from labkit.errors import LabError
from labkit.folders import Folders
from labkit.ledger.claims import Claim, read_claims
from labkit.ledger.record import (
    contradicts,
    lesson_verdicts,
    read_recorded,
    read_state,
    recorded_verdicts,
    write_recorded,
)
from labkit.ledger.verdicts import FAILS, HOLDS, UNDECIDED, Verdicts
from labkit.notebooks import lesson_names, select
from labkit.profiles import PROFILES
from labkit.reproduce.child import Child
from labkit.reproduce.display import Display
from labkit.reproduce.stamps import source_hash, stamp

OK, NOT_REPRODUCED, INTERRUPTED = 0, 1, 130


def reproduce(
    profile: str = "lesson",
    lessons: Sequence[str] | None = None,
    jobs: int | None = None,
    force: bool = False,
    record: bool = False,
    folders: Folders = Folders(),  # noqa: B008 (frozen)
    limits: tuple[int, int] | None = None,
) -> int:
    """Run `lessons` (all where empty) at `profile`, `jobs` at a time (default: one a core), and judge their claims.

    force: run also what is up to date. record: what was found becomes the recorded verdicts.
    limits: seconds for a cell and for a notebook, in place of the profile's.
    Returns the exit status: 0; 1 where a lesson failed or a verdict contradicts the recorded one; 130 after Ctrl-C.
    Raises LabError for an unknown profile or lesson, a broken claims or profiles file, or a second run beside this one.
    """
    if profile not in PROFILES:
        raise LabError(f"unknown profile '{profile}'; known are {', '.join(PROFILES)}.")
    if jobs is not None and jobs < 1:
        raise LabError(f"--jobs {jobs}: at least one lesson must run at a time.")
    chosen = select(lessons, lesson_names(folders.lessons))
    if not chosen:
        raise LabError(f"{folders.lessons}: there are no lessons here.")
    claims = read_claims(folders.lessons / "claims.yml")
    recorded = read_recorded(folders.verdicts(profile))
    sources = source_hash()
    stamps = {lesson: stamp(lesson, profile, sources, folders) for lesson in chosen}

    (folders.runs / "reproduce").mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folders.runs / "reproduce" / ".lock", timeout=0), Display(chosen) as display:
            _run_all(stamps, profile, claims, recorded, jobs or _cores(), force, folders, limits, display)
            return _conclude(chosen, profile, claims, recorded, record, folders, display)
    except Timeout:
        raise LabError("another `reproduce` is running in this folder; wait for its end or stop it.") from None
    except KeyboardInterrupt:
        print("\nstopped; the next call goes on with the lessons that were not finished.")
        return INTERRUPTED


def _run_all(stamps, profile, claims, recorded, jobs, force, folders, limits, display) -> None:
    from labkit import environment

    waiting = []
    for lesson in stamps:
        if not force and _up_to_date(lesson, stamps[lesson], profile, claims, folders):
            display.finished(lesson, "up to date")
        else:
            waiting.append(lesson)
    # The longest first, so that none is left to run alone at the end.
    waiting.sort(key=lambda lesson: -recorded.get(lesson, {}).get("seconds", 0))
    # The kernels run with one thread each, whatever this process was started with.
    machine = environment.record() | {"threads": 1} if waiting else {}
    running: dict[str, Child] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                lesson = waiting.pop(0)
                running[lesson] = Child(lesson, profile, stamps[lesson], machine, folders, limits)
            time.sleep(0.1)
            display.update(running)
            for lesson, child in list(running.items()):
                state = child.poll()
                if state:
                    del running[lesson]
                    display.finished(lesson, "failed" if state.error else "done", state.seconds)
                    if state.error:
                        display.say(f"\n{lesson} failed:\n{state.error}\nAs far as it came: {_shown(child.folder)}\n")
    finally:
        for child in running.values():
            child.kill()


def _up_to_date(lesson: str, current: str, profile: str, claims: Sequence[Claim], folders: Folders) -> bool:
    state = read_state(folders.lesson_run(profile, lesson))
    if state is None or state.error or state.stamp != current:
        return False
    try:
        lesson_verdicts(lesson, profile, claims, folders)
    except LabError:  # a rule that was changed since asks for a value that was not measured
        return False
    return True


def _conclude(chosen, profile, claims, recorded, record, folders, display) -> int:
    """Judge, compare with what is recorded, write the report, say it all; the exit status."""
    from labkit.ledger import report

    judged, failed, contradictions = {}, [], []
    known = recorded_verdicts(recorded)
    for lesson in chosen:
        state = read_state(folders.lesson_run(profile, lesson))
        if state is None or state.error:
            failed.append(lesson)
            continue
        try:
            verdicts = lesson_verdicts(lesson, profile, claims, folders)
        except LabError as error:
            display.say(str(error))
            failed.append(lesson)
            continue
        judged[lesson] = (state, verdicts)
        for item in verdicts:
            if contradicts(item.outcome, known.get(item.claim.id)):
                contradictions.append(f"{item.claim.id}: {item.outcome}; recorded was: {known[item.claim.id]}")

    if record:
        write_recorded(folders.verdicts(profile), judged)
        contradictions = []  # what differed is the new record; `git diff` shows it
    page = report.build(profile, folders)
    display.say(_summary([verdicts for _, verdicts in judged.values()]))
    if failed:
        display.say(f"failed: {', '.join(failed)}")
    if contradictions:
        display.say("\n".join(["contradicts the record:", *contradictions]))
    display.say(f"report: {_shown(page)}")
    return NOT_REPRODUCED if failed or contradictions else OK


def _summary(all_verdicts: Sequence[Verdicts]) -> str:
    outcomes = [item.outcome for verdicts in all_verdicts for item in verdicts]
    counts = ", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in (HOLDS, FAILS, UNDECIDED))
    return f"\n{len(outcomes)} claims of {len(all_verdicts)} lessons judged: {counts}."


def _shown(path) -> str:
    return os.path.relpath(path)


def _cores() -> int:
    """The cores that this process may use, which in a container are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
