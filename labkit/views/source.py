"""Show the source of what runs, so that a lesson and the package cannot drift apart."""

import inspect
import textwrap
from pathlib import Path

from IPython.display import Markdown

from labkit.paths import ROOT


def source(*objects) -> Markdown:
    """The source of functions, classes or methods, each under the name of its file, as coloured code in a notebook."""
    parts = []
    for item in objects:
        code = textwrap.dedent(inspect.getsource(item)).rstrip()
        file = inspect.getsourcefile(inspect.unwrap(item))  # a decorator's own file is not meant
        parts.append(f"`{_relative(file)}`\n\n```python\n{code}\n```")
    return Markdown("\n\n".join(parts))


def _relative(file: str) -> str:
    """The path as the reader of the project knows it, the same on every machine."""
    path = Path(file)
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
