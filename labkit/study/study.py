"""The arms of a lesson's experiments, and the study that runs all of them with several seeds and records the results.

In `lessons/profiles.yml` a lesson names what its arms share and how each differs:

    run: {system: cyclegan, data: digits_to_glyphs, steps: 200, batch_size: 16, measures: [label_accuracy]}
    arms: {cycle: {}, naive: {settings: {lambda_cyc: 0.0}}}
    seeds: [0]

An arm may also name terms of its history, `curves: [D/B, G/nce]`, whose course with the first seed is recorded, for
lessons that have no time, or no data, to train it. One that is dear may have `seeds` of its own, as in `seeds: [0]`.
One that is null exists at other profiles, which define it.

An arm whose network lessons open says `network: true`, or names the networks to keep, as in `network: [G_AB]`, and may
say after how many steps its pictures are kept, `strip: [0, 250, 1000]`. The study (at the profiles of `RECORDED`, not
at a small scale) writes the network of the first seed to `results/networks/<lesson>/<arm>` (see `labkit.networks`).

A lesson trains some arms itself at its own profile. The study trains every arm, with the profile's seeds, into
`runs/study/<lesson>/<profile>/<arm>/seed-<n>-<key>` and resumes there; the key changes with the specification. What the
runs measured goes to `results/<profile>/<lesson>.json`, which is committed and shown by the lesson. A profile's knob
`keep_every`, where there is one, says after how many steps a run of the study also keeps its networks, for what is
measured over the course of training.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from statistics import fmean

from torch import Tensor

from labkit import data, environment, networks, paths, profiles
from labkit.errors import LabError
from labkit.evaluation import measure
from labkit.metrics import Measurement
from labkit.runs.run import Run, kept, new_system
from labkit.runs.spec import RunSpec
from labkit.settings import from_mapping
from labkit.study import samples
from labkit.study.task import Task
from labkit.systems.base import PairSampler, System
from labkit.train import Compute, History

RECORDED = ("study", "full")  # profiles whose networks are recorded
STRIP_COLUMNS = 8


def arm_spec(lesson: str, profile: str, arm: str, seed: int) -> tuple[RunSpec, list[str]]:
    """The specification of one arm at a profile, and the names of what it measures.

    Raises LabError for an arm that the lesson does not have.
    """
    knobs = profiles.knob_values(lesson, profile)
    content = _content(lesson, knobs, arm)
    names = content.pop("measures", [])
    for key in ("curves", "network", "strip", "seeds"):
        content.pop(key, None)
    return from_mapping(RunSpec, content | {"seed": seed}, f"lessons/profiles.yml: {lesson} / arms / {arm}"), names


def arm_names(lesson: str, profile: str) -> list[str]:
    """The arms that a lesson has at a profile."""
    return list(_arms(profiles.knob_values(lesson, profile)))


def arm_curves(lesson: str, profile: str, arm: str) -> list[str]:
    """The terms of an arm's history whose course is recorded."""
    return _arms(profiles.knob_values(lesson, profile))[arm].get("curves", [])


def arm_network(lesson: str, profile: str, arm: str) -> tuple[list[str] | bool, list[int]]:
    """Which networks of an arm are recorded (True: all that are needed, False: none), and the steps of its strip."""
    content = _content(lesson, profiles.knob_values(lesson, profile), arm)
    return content.get("network", False) if profile in RECORDED else False, content.get("strip", [])


def arm_system(lesson: str, profile: str, arm: str, seed: int) -> System:
    """The untrained system of one arm, for a lesson that trains it step by step before the reader's eyes."""
    return new_system(arm_spec(lesson, profile, arm, seed)[0])


@dataclass(frozen=True)
class Recorded:
    """What a study recorded of one arm: `values[measure]` holds one value a seed, in the order of `seeds`."""

    spec: RunSpec
    seeds: list[int]
    values: dict[str, list[float]]
    details: dict[str, dict]  # n, split and judge of every measure
    environment: dict
    up_to_date: bool  # whether the specification is still the one in profiles.yml
    history: History = field(default_factory=History)  # with the first seed, the terms that the arm's `curves` name


def study(
    lesson: str,
    profile: str = "study",
    arms: list[str] | None = None,
    compute: Compute = Compute(),  # noqa: B008 (frozen)
    say: Callable[[str], None] = print,
    seeds: list[int] | None = None,
) -> Path:
    """Run every arm (or the named ones) with every seed of the profile, resuming what was stopped; return the record.

    Arms whose data are not on this machine are left out with a sentence.

    seeds: in place of the profile's; the record then holds these alone.
    """
    return collect(lesson, profile, trainable(lesson, profile, arms, say), compute, say, seeds)


def trainable(lesson: str, profile: str, arms: list[str] | None, say: Callable[[str], None]) -> list[str]:
    """The arms (or of those named) that can be trained here; `say` is told of those whose data are missing.

    Raises LabError for an arm that the lesson does not have, or whose network would be too large to record.
    """
    found = []
    for arm in arms or arm_names(lesson, profile):
        spec, shown = arm_spec(lesson, profile, arm, 0)[0], arm_network(lesson, profile, arm)[0]
        if missing := _missing_data(spec):
            say(f"{lesson}: {arm} is left out. {missing}")
            continue
        if shown:
            networks.demand_fits(f"{lesson}/{arm}", spec, shown)
        found.append(arm)
    return found


def arm_tasks(lesson: str, profile: str, arm: str, seeds: list[int] | None = None) -> list[Task]:
    """What is to be trained of an arm: a task for each seed, by default the arm's own, or the profile's."""
    knobs = profiles.knob_values(lesson, profile)
    own = _content(lesson, knobs, arm).get("seeds")
    shown, strip = arm_network(lesson, profile, arm)
    tasks = []
    for seed in seeds or own or knobs["seeds"]:
        spec, _ = arm_spec(lesson, profile, arm, seed)
        folder = paths.RUNS / "study" / lesson / profile / arm / f"seed-{seed}-{spec.key()}"
        keep_at = tuple(strip) if shown and not tasks else ()
        tasks.append(Task(lesson, arm, spec, folder, knobs.get("keep_every", 0), keep_at))
    return tasks


def collect(
    lesson: str,
    profile: str,
    arms: list[str],
    compute: Compute,
    say: Callable[[str], None],
    seeds: list[int] | None = None,
) -> Path:
    """Measure and record the arms, in their order; what was not trained yet is trained here. Returns the record."""
    record = paths.RESULTS / profile / f"{lesson}.json"
    for arm in arms:
        per_seed, curves = {}, {}
        for task in arm_tasks(lesson, profile, arm, seeds):
            if not task.is_finished():
                say(f"{task}: {task.spec.steps} steps of {task.spec.system}")
            finished = task.train(compute)
            per_seed[task.spec.seed] = measure(finished, arm_spec(lesson, profile, arm, task.spec.seed)[1])
            if len(per_seed) == 1:
                first = finished
                samples.save(first, samples.path_of(lesson, profile, arm))
                curves = thinned(first.history, arm_curves(lesson, profile, arm))
        _record(record, arm, task.spec, per_seed, curves)
        shown, strip = arm_network(lesson, profile, arm)
        if shown:
            history = thinned(first.history, first.history.terms(), parts=100)
            metrics = {"seeds": list(per_seed), "measures": _values(per_seed)}
            networks.record(f"{lesson}/{arm}", profile, first, metrics, history, _strip(first, strip, say), shown)
    return record


def recorded(lesson: str, profile: str = "study") -> dict[str, Recorded]:
    """What the last study of `lesson` recorded, by arm; empty where there was none."""
    path = paths.RESULTS / profile / f"{lesson}.json"
    if not path.exists():
        return {}
    found = {}
    for arm, entry in json.loads(path.read_text()).items():
        spec = from_mapping(RunSpec, entry["spec"] | {"seed": 0}, f"{path}: {arm}")
        known = arm in _arms(profiles.knob_values(lesson, profile))
        up_to_date = known and arm_spec(lesson, profile, arm, 0)[0] == spec
        details = {name: {k: v for k, v in m.items() if k != "values"} for name, m in entry["measures"].items()}
        values = {name: m["values"] for name, m in entry["measures"].items()}
        history = History.from_dict(entry.get("curves", {}))
        found[arm] = Recorded(spec, entry["seeds"], values, details, entry["environment"], up_to_date, history)
    return found


def thinned(history: History, terms: list[str], parts: int = 30) -> dict[str, list]:
    """Of each term its means over at most `parts` equal parts of the run, as `History.from_dict` reads them."""
    found = {}
    for term in terms:
        steps, values = history.curve(term)
        edges = [round(i * len(steps) / min(parts, len(steps))) for i in range(min(parts, len(steps)) + 1)]
        pieces = [(steps[a:b], values[a:b]) for a, b in pairwise(edges)]
        found[term] = [[round(fmean(s)) for s, _ in pieces], [round(fmean(v), 4) for _, v in pieces]]
    return found


def _strip(first: Run, steps: list[int], say: Callable[[str], None]) -> dict[str, Tensor]:
    """Test images, and their translations (or samples or pairs of the same noise) after the named steps and at the end;
    step 0 is the untrained network."""
    systems = kept(first) | {0: new_system(first.spec).eval(), first.spec.steps: first.system}
    missing = [step for step in steps if step not in systems and step < first.spec.steps]
    if missing:
        say(f"{first.folder}: was trained before its strip was asked for: no pictures after {missing} steps.")
    rows = {}
    for step in sorted({step for step in steps if step in systems} | {first.spec.steps}):
        then = replace(first, system=systems[step])
        vars(then)["dataset"] = first.dataset  # which is loaded already
        (given, images), (_, made), *others = samples.rows(then, STRIP_COLUMNS).items()
        title = f"after {step:,}" if step < first.spec.steps else f"end ({step:,})"
        if isinstance(first.system, PairSampler):
            rows |= {given: images, f"{title}, A": made, f"{title}, B": others[0][1]}
        else:
            rows |= {given: images, title: made}
    return rows


def _content(lesson: str, knobs: Mapping, arm: str) -> dict:
    """What the profiles file says of an arm, its own on top of what all share."""
    arms = _arms(knobs)
    if arm not in arms:
        raise LabError(f"{lesson} has no arm '{arm}'; there are {', '.join(arms) or 'none'}.")
    return _merge(knobs.get("run", {}), arms[arm])


def _arms(knobs: Mapping) -> dict[str, Mapping]:
    """The arms of a profile; one that is null exists at another profile only."""
    return {name: arm for name, arm in knobs.get("arms", {}).items() if arm is not None}


def _missing_data(spec: RunSpec) -> str | None:
    """Why the data of a run cannot be had on this machine; None where they can."""
    try:
        data.load(spec.data, spec.data_settings)
    except LabError as error:
        return str(error)
    return None


def _record(path: Path, arm: str, spec: RunSpec, per_seed: dict[int, dict], curves: dict[str, list]) -> None:
    entries = json.loads(path.read_text()) if path.exists() else {}
    definition = {key: value for key, value in asdict(spec).items() if key != "seed"}
    entries[arm] = {
        "spec": definition,
        "seeds": list(per_seed),
        "measures": _values(per_seed),
        "environment": environment.record(),
    } | ({"curves": curves} if curves else {})
    paths.write_atomically(path, json.dumps(entries, indent=1) + "\n")


def _values(per_seed: Mapping[int, Mapping[str, Measurement]]) -> dict[str, dict]:
    """Measure -> its values, one a seed, and what it was measured with."""
    found = {}
    for name, first in next(iter(per_seed.values())).items():
        details = {"n": first.n, "split": first.split, "judge": first.judge}
        found[name] = {"values": [measures[name].value for measures in per_seed.values()], **details}
    return found


def _merge(base: Mapping, override: Mapping) -> dict:
    """`override` on top of `base`; mappings in both are merged in turn."""
    merged = dict(base)
    for key, value in override.items():
        both = isinstance(value, Mapping) and isinstance(base.get(key), Mapping)
        merged[key] = _merge(base[key], value) if both else value
    return merged
