"""The folders that the runner and the report work in, as one value: so that a test can hand them others."""

from dataclasses import dataclass
from pathlib import Path

from labkit import paths


@dataclass(frozen=True)
class Folders:
    lessons: Path = paths.LESSONS
    notebooks: Path = paths.NOTEBOOKS
    runs: Path = paths.RUNS
    results: Path = paths.RESULTS
    report: Path = paths.REPORT
    book: Path = paths.BOOK

    @classmethod
    def under(cls, root: Path) -> "Folders":
        return cls(*(root / name for name in ("lessons", "notebooks", "runs", "results", "report", "book")))

    def lesson_run(self, profile: str, lesson: str) -> Path:
        """Where the runner keeps the executed notebook of a lesson, its measured values and its state."""
        return self.runs / "reproduce" / profile / lesson

    def verdicts(self, profile: str) -> Path:
        """The verdicts that count as known at `profile`: committed, written by `reproduce --record`."""
        return self.results / profile / "verdicts.json"
