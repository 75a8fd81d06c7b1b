"""Studies whose runs are trained side by side, and then measured and recorded one after the other, as in one study."""

from collections.abc import Callable

from labkit.errors import LabError
from labkit.study import cluster, local
from labkit.study.study import arm_names, arm_tasks, collect, study, trainable
from labkit.train import Compute


def studies(
    lessons: list[str],
    profile: str = "study",
    arms: list[str] | None = None,
    seeds: list[int] | None = None,
    compute: Compute = Compute(),  # noqa: B008 (frozen)
    *,
    jobs: int | None = None,
    engine: str = "local",
    address: str | None = None,
    say: Callable[[str], None] = print,
) -> bool:
    """Study the lessons (see `study`); returns whether every run came to its end.

    arms:    only these, of the lessons that have them.
    jobs:    runs side by side: by default one with the engine "local", as many as there is room for with "ray".
    engine:  "local" trains in child processes, with one job in this process; "ray" on a cluster, see `cluster`.
    address: of the Ray cluster.

    With several jobs a run that fails is named, the others go on, and its arm is not recorded.
    """
    if jobs is not None and jobs < 1:
        raise LabError(f"--jobs {jobs}: at least one run must be trained at a time.")
    if address and engine != "ray":
        raise LabError("--address names a Ray cluster; add --engine ray.")
    chosen = _chosen(lessons, profile, arms)
    if engine == "local" and jobs in (None, 1):
        for lesson, names in chosen.items():
            say(f"Recorded in {study(lesson, profile, names, compute, say, seeds)}")
        return True
    if compute.devices * compute.nodes > 1:
        raise LabError("Runs side by side take one device each; leave out --devices and --nodes.")
    # Looking for the data also unpacks and draws them, once, before many processes ask for them.
    chosen = {lesson: trainable(lesson, profile, names, say) for lesson, names in chosen.items()}
    tasks = {(lesson, arm): arm_tasks(lesson, profile, arm, seeds) for lesson in chosen for arm in chosen[lesson]}
    waiting = [task for group in tasks.values() for task in group if not task.is_finished()]
    if not waiting:
        failed = []
    elif engine == "ray":
        failed = cluster.train(waiting, jobs, compute, say, address)
    else:
        failed = local.train(waiting, jobs, compute, say)
    for lesson, names in chosen.items():
        whole = [arm for arm in names if not set(failed) & set(tasks[lesson, arm])]
        if whole:
            say(f"{lesson}: measuring")
            say(f"Recorded in {collect(lesson, profile, whole, compute, say, seeds)}")
    return not failed


def _chosen(lessons: list[str], profile: str, arms: list[str] | None) -> dict[str, list[str]]:
    """Lesson -> its arms, or those of them that are named; lessons without any are left out."""
    known = {lesson: arm_names(lesson, profile) for lesson in lessons}
    there = list(dict.fromkeys(arm for names in known.values() for arm in names))
    if not there:
        raise LabError(f"{', '.join(lessons)}: there are no arms at profile {profile}.")
    for arm in arms or ():
        if arm not in there:
            raise LabError(f"{', '.join(lessons)}: no arm '{arm}' at profile {profile}; there are {', '.join(there)}.")
    found = {lesson: [arm for arm in arms or names if arm in names] for lesson, names in known.items()}
    return {lesson: names for lesson, names in found.items() if names}
