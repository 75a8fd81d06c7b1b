"""The card of a recorded network: what it is, under which terms, how well it does, how to train it again."""

import json
from pathlib import Path

from labkit.systems import system_class
from labkit.systems.base import Translator


def card(folder: Path, name: str) -> str:
    """The card in Markdown, from the other files of the network's folder alone."""
    spec, record, metrics = (
        json.loads((folder / f"{file}.json").read_text()) for file in ("spec", "record", "metrics")
    )
    lesson, arm = name.split("/")
    number, seed, environment = lesson.partition("_")[0], spec["seed"], record["environment"]
    system = system_class(spec["system"])
    translates = issubclass(system, Translator)
    shown = "Test images of A, and what the network made of them" if translates else "Real images, and samples"
    use = (
        f"networks translate {number}/{arm} --input PICTURE --output DIR"
        if translates
        else f"networks show {number}/{arm}"
    )
    profile = "" if record["profile"] == "study" else f" --profile {record['profile']}"
    size = (folder / "weights.safetensors").stat().st_size
    rows = ", ".join(record["strip"]["rows"])
    lines = [
        f"# {name}",
        "",
        f"{system.__name__}, trained for {spec['steps']:,} steps of {spec['batch_size']} images of each domain of the"
        f" data `{spec['data']}`, for lesson {number} of the workbook.",
        "",
        f"![the same test images after several steps]({record['strip']['file']})",
        "",
        f"{shown} on the way. Rows: {rows}.",
        "",
        "## What it is",
        "",
        "| | |",
        "|---|---|",
        f"| system | `{spec['system']}`, see `{system.__module__.replace('.', '/')}.py` |",
        f"| settings that differ from the paper's | {_listed(spec['settings'])} |",
        f"| data | `{spec['data']}`: {_listed(spec['data_settings'])} |",
        f"| labels that training saw | {', '.join(spec['labels']) or 'none'} |",
        f"| training | {spec['steps']:,} steps, batch {spec['batch_size']}, seed {seed}; the last step is kept |",
        f"| networks kept | {', '.join(record['networks'])}; {record['parameters']:,} numbers, {size / 1e6:.2f} MB |",
        "| precision | stored in half precision, computed in single |",
        "",
        "Discriminators and optimisers are not kept, so training cannot go on from here.",
        "",
        "## Terms",
        "",
        f"Data: {record['terms']}. Weights: see [LICENSE.md](../../LICENSE.md).",
        "",
        "## How well it does",
        "",
        f"Measured at profile `{record['profile']}`, before rounding to half precision. This network is seed {seed};"
        " the other seeds say how much of a figure is luck.",
        "",
        "| measure | " + " | ".join(f"seed {s}" for s in metrics["seeds"]) + " | n | split | judge |",
        "|---|" + "---:|" * len(metrics["seeds"]) + "---:|---|---|",
        *(_measure(measure, entry) for measure, entry in metrics["measures"].items()),
        "",
        "## How to train it again",
        "",
        "```",
        f"python -m labkit study {number} --arms {arm}{profile}",
        "```",
        "",
        f"One seed took {record['training_seconds']:,} seconds of wall clock with {environment['threads']} thread of"
        f" {environment['accelerator'] or environment['processor']}, whatever else the machine did. Recorded on"
        f" {environment['date']} with Python {environment['python']} and {_versions(environment['packages'])}.",
        "",
        "## How to use it",
        "",
        "```",
        f"python -m labkit {use}",
        "```",
    ]
    return "\n".join(lines) + "\n"


def _listed(settings: dict) -> str:
    return ", ".join(f"{key} {_spoken(value)}" for key, value in settings.items()) or "none"


def _spoken(value) -> str:
    return " and ".join(map(str, value)) if isinstance(value, list) else str(value)


def _measure(name: str, entry: dict) -> str:
    values = " | ".join(f"{value:.4g}" for value in entry["values"])
    return f"| `{name}` | {values} | {entry['n']} | {entry['split']} | {entry['judge'] or 'none needed'} |"


def _versions(packages: dict) -> str:
    return ", ".join(f"{package} {version}" for package, version in packages.items() if version)
