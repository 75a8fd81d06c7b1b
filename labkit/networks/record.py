"""Record the network of a finished run: weights in half precision, pictures, measures, card, checksums."""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors.torch import save
from torch import Tensor

from labkit import paths
from labkit.data.terms import terms
from labkit.errors import LabError
from labkit.networks import store
from labkit.networks.card import card
from labkit.networks.contents import as_half, empty_system, load_half, networks_of, outputs, tensors
from labkit.runs.pictures import MAX_BYTES, as_picture, jpeg, png
from labkit.runs.run import Run
from labkit.runs.spec import RunSpec
from labkit.systems.base import PairSampler, Sampler, System, Translator


def demand_fits(name: str, spec: RunSpec, networks: Sequence[str] | bool = True) -> None:
    """Raise LabError where the network of `spec` could not be recorded: to be asked before it is trained.

    networks: names of the system's networks to keep, or True for all that translating and measuring need.
    """
    system = empty_system(spec, name, networks)
    if not isinstance(system, Translator | Sampler | PairSampler):
        raise LabError(f"{name}: {spec.system} makes no images; only networks that translate or sample are recorded.")
    size = len(as_half(tensors(system), name))
    if size > store.MAX_BYTES:
        raise LabError(
            f"{name}: its networks weigh {size / 1e6:.1f} MB in half precision, {store.MAX_BYTES / 1e6:.0f} are"
            " allowed; make it narrower, or name fewer of them, as in `network: [G_AB]`."
        )


def record(
    name: str,
    profile: str,
    run: Run,
    metrics: Mapping,
    history: Mapping[str, list],
    strip: Mapping[str, Tensor],
    networks: Sequence[str] | bool = True,
) -> Path:
    """Write `results/networks/<name>` from a finished run; what was there is replaced as a whole.

    name:     "lesson/arm".
    metrics:  {"seeds": [...], "measures": {name: {"values": one a seed, "n", "split", "judge"}}}; this run's is first.
    history:  the run's, thinned.
    strip:    title -> images (columns, C, H, W) in [-1, 1], at most some ten columns.
    networks: as in `demand_fits`.

    Raises LabError where the network, or all networks together, would be too large.
    """
    demand_fits(name, run.spec, networks)
    system, trained = empty_system(run.spec, name, networks), run.system.state_dict()
    weights = as_half({key: trained[key] for key in tensors(system)}, name)
    load_half(system, weights, name)
    picture, picture_file = _picture(strip)
    about = {
        "profile": profile,
        "networks": networks_of(system),
        "parameters": sum(value.numel() for value in tensors(system).values()),
        "strip": {"file": picture_file, "columns": len(next(iter(strip.values()))), "rows": list(strip)},
        "training_seconds": round(run.history.seconds()),
        "terms": terms(run.spec.data, run.spec.data_settings),
        "environment": json.loads((run.folder / "environment.json").read_text()),
    }
    files = {
        "spec.json": run.spec.to_json() + "\n",
        "weights.safetensors": weights,
        "history.json": json.dumps(history) + "\n",
        "metrics.json": json.dumps(metrics, indent=1) + "\n",
        "record.json": json.dumps(about, indent=1) + "\n",
        picture_file: picture,
        "probe.safetensors": _probe(system, run),
    }
    _replace(store.folder_of(name), files, name)
    store.write_index()
    return store.folder_of(name)


def _picture(strip: Mapping[str, Tensor]) -> tuple[bytes, str]:
    """The strip as a file, and the file's name: photographs become JPEG."""
    picture = as_picture(strip.values())
    content = png(picture)
    return (content, "strip.png") if len(content) <= MAX_BYTES else (jpeg(picture), "strip.jpg")


def _probe(system: System, run: Run) -> bytes:
    """A test image of each domain, where the network takes any, and what the recorded network makes."""
    domains = run.dataset.test if isinstance(system, Translator) else ()
    inputs = {key: run.dataset.test[key].images[:1].half() for key in domains}
    made = outputs(system, {key: value.float() for key, value in inputs.items()}, run.spec.seed)
    return save(inputs | {way: images.half().contiguous() for way, images in made.items()})


def _replace(folder: Path, files: Mapping[str, str | bytes], name: str) -> None:
    """Write all files into a folder beside, then let it take the place of the old one."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    paths.remove_leftovers(folder.parent)
    beside = Path(tempfile.mkdtemp(dir=folder.parent, **paths.temporary_name(folder)))
    try:
        for file, content in files.items():
            paths.write_atomically(beside / file, content)
        paths.write_atomically(beside / "README.md", card(beside, name))
        store.write_checksums(beside)
        total = store.total_bytes(store.folder_of("")) - store.total_bytes(folder)  # `beside` is counted
        if total > store.MAX_TOTAL:
            raise LabError(
                f"{name}: all recorded networks together would weigh {total / 1e6:.0f} MB,"
                f" {store.MAX_TOTAL / 1e6:.0f} are allowed; record fewer."
            )
        beside.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        beside.replace(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
