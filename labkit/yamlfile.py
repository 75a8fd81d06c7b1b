"""Read a YAML file of the project, with every mistake turned into one sentence."""

from pathlib import Path
from typing import Any

import yaml

from labkit.errors import LabError


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses a key given twice: plain YAML silently keeps the last one."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag != "tag:yaml.org,2002:merge":
                key = self.construct_object(key_node, deep=True)
                if isinstance(key, str | int | float) and key in seen:
                    line = key_node.start_mark.line + 1
                    raise yaml.constructor.ConstructorError(None, None, f"key '{key}' stands twice (line {line})")
                seen.add(str(key) if isinstance(key, list | dict) else key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """The content of the YAML file at `path` (None where it is empty).

    Raises LabError, naming the file, when it is missing, unreadable, not UTF-8, no YAML, or repeats a key.
    """
    path = Path(path)
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError:
        raise LabError(f"{path}: no such file; restore it with `git checkout -- {path.name}`.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise LabError(f"{path}: cannot be read ({error}).") from None
    # Beside YAML's own errors: what impossible dates, tags and endless nesting raise.
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise LabError(f"{path}{where}: not valid YAML: {problem}.") from None


def is_number(text: str) -> bool:
    """Whether a text that YAML left as text reads as a number after all (`1e-4`, a number in quotes)."""
    try:
        float(text)
    except ValueError:
        return False
    return True
