"""The pages of `labkit` itself: every module with its public classes and functions, from their docstrings."""

import ast
from pathlib import Path

from labkit.paths import ROOT

PACKAGE = ROOT / "labkit"


def pages() -> dict[str, str]:
    """Path below `api/` -> Markdown: a page for each folder of labkit, and a list of them."""
    folders: dict[str, list[Path]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        folder = path.parent.relative_to(PACKAGE.parent).as_posix().replace("/", ".")
        folders.setdefault(folder, []).append(path)
    found = {}
    for folder, paths in folders.items():
        modules = [text for path in paths if (text := _module(path))]
        if modules:
            found[f"{folder}.md"] = "\n".join([f"# {folder}", "", *modules])
    names = "\n".join(path.removesuffix(".md") for path in found)
    intro = "Public classes and functions, with shapes, ranges, errors and sources. The code is made to be read, too."
    found["index.md"] = f"# labkit\n\n{intro}\n\n```{{toctree}}\n:maxdepth: 1\n\n{names}\n```\n"
    return found


def _module(path: Path) -> str:
    """A section for one file: what it is for, and its public names; empty where it has none."""
    tree = ast.parse(path.read_text(encoding="utf8"))
    name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    items = [_item(node) for node in tree.body if _is_public(node)]
    if not items:
        return ""
    return "\n".join([f"## {name}", "", _text(ast.get_docstring(tree)), "", *items])


def _is_public(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")


def _item(node: ast.ClassDef | ast.FunctionDef, level: int = 3) -> str:
    """A class with its public methods, or a function: signature as code, docstring as it is written."""
    lines = [
        f"{'#' * level} {node.name}",
        "",
        "```python",
        _signature(node),
        "```",
        "",
        _text(ast.get_docstring(node)),
        "",
    ]
    if isinstance(node, ast.ClassDef):
        documented = (child for child in node.body if _is_public(child) and ast.get_docstring(child))
        lines += [_item(child, level + 1) for child in documented]
    return "\n".join(lines)


def _signature(node: ast.ClassDef | ast.FunctionDef) -> str:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        return f"class {node.name}({bases})" if bases else f"class {node.name}"
    result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"def {node.name}({ast.unparse(node.args)}){result}"


def _text(docstring: str | None) -> str:
    """A docstring as Markdown: indented lines keep their shape, signs stay signs."""
    if not docstring:
        return ""
    return (
        f"```text\n{docstring}\n```"
        if "\n    " in docstring or ":  " in docstring
        else docstring.replace("*", "\\*").replace("<", "&lt;")
    )
