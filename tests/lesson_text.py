"""What a lesson's text gives its readers to write: the stubs of its exercises, and the solutions that it folds away."""

import re

import torch
import torch.nn.functional as F

from labkit.paths import LESSONS

FOLDED = r"<details>(.*?)</details>"


def folded_solution(lesson: str, function: str):
    """The function as the lesson's folded solution defines it."""
    found = {"torch": torch, "F": F}
    for folded in re.findall(FOLDED, _text(lesson), flags=re.S):
        for code in re.findall(r"```python\n(.*?)```", folded, flags=re.S):
            if f"def {function}(" in code:
                exec(code, found)
    return found[function]


def stub(lesson: str, function: str):
    """The function as the lesson's code cell leaves it to be written."""
    found = {"torch": torch, "F": F}
    open_text = re.sub(FOLDED, "", _text(lesson), flags=re.S)
    code = re.search(rf"^def {function}\(.*?(?=\n\n\S|\n[^\s])", open_text, flags=re.S | re.M).group()
    exec(code, found)
    return found[function]


def _text(lesson: str) -> str:
    return (LESSONS / f"{lesson}.md").read_text(encoding="utf8")
