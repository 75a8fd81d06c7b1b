"""One progress bar that suits a person, a headless run and a file of stored outputs.

With the environment variable `LABKIT_PROGRESS` unset the bar is tqdm's. A headless run must leave nothing in the stored
output ("0%" for ever looks broken): there the variable is "off", or the path of a small file that the bar keeps up to
date and that the runner shows.
"""

import json
import os
import time
from pathlib import Path

from labkit.pace import Pace
from labkit.paths import write_atomically

BAR_WITH_PACE = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]"  # tqdm's own guess counts the first step


class Bar:
    """Counts to `total`. Use as a context manager; `advance()` once per step.

    pace: says how long it takes, in place of tqdm's own guess.
    """

    def __init__(self, label: str, total: int, start: int = 0, pace: Pace | None = None):
        self.label, self.total, self.at, self.pace = label, total, start, pace
        target = os.environ.get("LABKIT_PROGRESS")
        self._file = Path(target) if target and target != "off" else None
        self._tqdm = None
        self._written = 0.0
        if not target:
            from tqdm.auto import tqdm

            self._tqdm = tqdm(
                desc=label, total=total, initial=start, mininterval=0.5, bar_format=BAR_WITH_PACE if pace else None
            )

    def advance(self) -> None:
        self.at += 1
        if self._tqdm:
            if self.pace and (self.at == self.total or time.monotonic() - self._written > 0.5):
                self._written = time.monotonic()
                self._tqdm.set_postfix_str(self.pace.sentence(self.at, self.total), refresh=False)
            self._tqdm.update()
        elif self._file and (self.at == self.total or time.monotonic() - self._written > 0.5):
            self._written = time.monotonic()
            write_atomically(self._file, json.dumps({"label": self.label, "at": self.at, "of": self.total}))

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *exception) -> None:
        if self._tqdm:
            self._tqdm.close()
