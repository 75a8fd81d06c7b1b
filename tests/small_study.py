"""Lessons small enough to study in a test. A module of its own, so that a test's child process can study them, too."""

import json
import signal
import sys
import time
from pathlib import Path

from labkit import paths
from labkit.__main__ import main
from labkit.networks import store

PROFILES = """
03_test:
  lesson:
    run:
      system: cyclegan
      data: digits_to_glyphs
      data_settings: {size: 16, n_train: 40}
      settings: {channels: 1, ngf: 4, ndf: 4, blocks: 1, d_layers: 1}
      steps: 1
      batch_size: 2
      measures: [label_accuracy]
    arms: {cycle: {}, naive: {settings: {lambda_cyc: 0.0}}}
    seeds: [0]
  study:
    run: {steps: 2}
    seeds: [0, 1]
"""
# Long enough to be stopped on the way, after the first checkpoint, which comes at step 500.
LONG = """
01_long:
  lesson:
    run:
      system: discogan
      data: rings
      settings: {networks: points, ngf: 4, ndf: 4}
      steps: 800
      batch_size: 8
      measures: [modes_reached]
    arms: {gan: {settings: {arms: gan}}, disco: {settings: {arms: discogan}}}
    seeds: [0, 1]
    keep_every: 400
"""


def furnish(root: Path, put=setattr, profiles: str = PROFILES) -> None:
    """Let studies read their profiles and write their runs, records and networks in `root`."""
    for name in ("LESSONS", "RUNS", "RESULTS"):
        put(paths, name, root / name.lower())
    put(store, "INDEX", root / "index.json")
    paths.LESSONS.mkdir(parents=True, exist_ok=True)
    (paths.LESSONS / "profiles.yml").write_text(profiles)


def outcome(root: Path) -> dict[str, object]:
    """What a study in `root` left to compare: all but the hour, the seconds, and the machine."""
    found = {}
    for path in sorted([*(root / "results").rglob("*"), *(root / "runs").rglob("*.safetensors")]):
        if path.name in ("README.md", "checksums.json") or not path.is_file():
            continue  # they tell, or depend on, when it was
        content = path.read_bytes()
        if path.suffix == ".json":
            content = json.loads(content)
            for entry in [content, *content.values()] if isinstance(content, dict) else []:
                if isinstance(entry, dict):
                    entry.pop("environment", None)
                    entry.pop("training_seconds", None)
            content = json.dumps(content)  # in its order
        found[path.relative_to(root).as_posix()] = content
    return found


def wait_until(condition, seconds: float = 120):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
    return found


def steps_counted(root: Path, before: dict[Path, int]) -> dict[Path, int]:
    """The steps of the two runs on their way, once both have done more than before; else nothing."""
    found = {}
    for path in (root / "runs").rglob("seed-*.json"):
        at = json.loads(path.read_text())["at"]
        if before.get(path.with_suffix(""), 0) < at < 700:
            found[path.with_suffix("")] = at
    return found if len(found) == 2 else {}


if __name__ == "__main__":  # as `python -m labkit` would, in the folder that comes first
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what was started with `&`
    furnish(Path(sys.argv[1]), profiles=LONG)
    sys.exit(main(sys.argv[2:]))
