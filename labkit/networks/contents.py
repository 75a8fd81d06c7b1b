"""What is kept of a system: the networks that translating, sampling and measuring need, in half precision, and a known
output."""

from collections.abc import Mapping, Sequence
from dataclasses import fields

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from labkit import systems
from labkit.errors import LabError
from labkit.evaluation.base import translate_all
from labkit.runs.spec import RunSpec
from labkit.systems.base import PairSampler, Sampler, System


class NotRecorded(nn.Module):
    """In the place of a network that was not recorded. Raises LabError where it is asked for."""

    def __init__(self, sentence: str):
        super().__init__()
        self.sentence = sentence

    def forward(self, *_args, **_kwargs) -> None:
        raise LabError(self.sentence)


def empty_system(spec: RunSpec, name: str, networks: Sequence[str] | bool = True) -> System:
    """The system of `spec`, in evaluation mode and untrained, with `networks` alone in it: what `load_half` fills.

    networks: names of its networks; True: all but those that only training needs. It has no averages: where a run kept
    any, they are what is recorded, under the networks' names. Raises LabError for a network that the system lacks.
    """
    known = [field.name for field in fields(systems.system_class(spec.system).Settings)]
    settings = spec.settings | ({"ema": 0.0} if "ema" in known else {})
    system = systems.build(spec.system, settings, f"settings of {spec.system}").eval()
    children = [child for child, _ in system.named_children()]
    kept = [child for child in children if child not in system.training_only] if networks is True else list(networks)
    for network in kept:
        if network not in children:
            raise LabError(f"{name}: {spec.system} has no network '{network}'; there are {', '.join(children)}.")
    for child in children:
        if child not in kept:
            setattr(system, child, NotRecorded(f"{name}: {child} was not recorded, only {', '.join(kept)}."))
    return system


def networks_of(system: System) -> list[str]:
    """The names of the networks that are in a system."""
    return [child for child, module in system.named_children() if not isinstance(module, NotRecorded)]


def tensors(system: System) -> dict[str, Tensor]:
    """The state of a system, each tensor under one name alone: layers that two networks share have two."""
    found, seen = {}, set()
    for key, value in system.state_dict().items():
        place = (value.data_ptr(), value.shape)
        if value.numel() == 0 or place not in seen:
            found[key] = value
        seen.add(place)
    return found


def as_half(state: Mapping[str, Tensor], name: str) -> bytes:
    """The content of a safetensors file. Raises LabError for numbers that half precision cannot hold."""
    half = {key: value.detach().cpu().contiguous() for key, value in state.items()}
    half = {key: value.half() if value.is_floating_point() else value for key, value in half.items()}
    for key, value in half.items():
        if not value.isfinite().all():
            raise LabError(f"{name}: {key} holds numbers that half precision cannot; it was not recorded.")
    return save(half)


@torch.no_grad()
def load_half(system: System, content: bytes, where: str) -> None:
    """Copy stored tensors into an empty system, which computes in single precision. Nothing is executed.

    Raises LabError where they are not the tensors of the system.
    """
    own = tensors(system)
    try:
        stored = load(content)
    except SafetensorError as error:
        raise LabError(f"{where} cannot be read ({error}).") from None
    if {key: value.shape for key, value in own.items()} != {key: value.shape for key, value in stored.items()}:
        raise LabError(f"{where} does not hold the networks of this system; the code has changed since.")
    for key, value in stored.items():
        own[key].copy_(value)


def outputs(system: System, inputs: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
    """What the system makes of `inputs`, "A", "B", … -> images, on every way that it has: "A_B" -> images.

    One that makes images from noise alone needs no inputs: "sample" -> images, or of pairs "pair_A" and "pair_B".
    """
    if isinstance(system, Sampler):
        return {"sample": system.sample(2, seed)}
    if isinstance(system, PairSampler):
        return dict(zip(("pair_A", "pair_B"), system.sample_pairs(2, seed), strict=True))
    found = {}
    for src, dst in system.ways():
        if src not in inputs:
            continue
        try:
            found[f"{src}_{dst}"] = translate_all(system, inputs[src], src, dst, seed)
        except LabError:  # a one-way system, or one network of two, says so
            continue
    return found
