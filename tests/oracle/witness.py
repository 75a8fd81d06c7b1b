"""A system of labkit beside the numbers that the official code gave for the same weights and the same batch."""

import json
import math
from pathlib import Path

import torch
from torch import Tensor, nn

from labkit.nets.adain import LayerNorm
from labkit.systems import build
from oracle.formula import Given, values

VALUES = Path(__file__).parent / "values"


def recorded(name: str) -> dict:
    """The file of official numbers `name`."""
    return json.loads((VALUES / f"{name}.json").read_text())


class Witness:
    """What the official code said, the system built to its settings in float64, and how far apart they were found.

    `apart` maps what was compared to the largest difference in a group of numbers over its largest official number.
    settings: the system's, where the file has none.
    """

    def __init__(self, name: str, settings: dict | None = None):
        self.official = recorded(name)
        entry = self.official["labkit"]
        self.system = build(entry["system"], entry.get("settings", settings or {})).double().train()
        self.weights: dict[str, list[nn.Parameter]] = {}  # of each official network, in the official order
        self.totals: dict[str, Tensor] = {}  # each player's loss in official units, to be differentiated
        self.apart: dict[str, float] = {}

    @torch.no_grad()
    def give(self, network: str, weights: list[nn.Parameter]) -> None:
        """Fill labkit's parameters, named in the order of the official `network`, with its values."""
        number = self.official["networks"][network]["number"]
        for i, (own, (_, shape, centre, width)) in enumerate(zip(weights, self._table(network), strict=True)):
            as_official(own, shape).copy_(centre + width * values(1000 * number + i, *shape))
        self.weights[network] = weights

    def step(self, batch: dict[str, Tensor], *noises: Tensor) -> dict[str, Tensor]:
        """One pass of the system with all players due, and the comparison of all their recorded losses."""
        players = [player.name for player in self.system.players()]
        with Given(*noises) as given:
            out = self.system(batch, frozenset(players))
            for player in players:
                if player in self.official["losses"]:
                    self.loss(player, self.system.losses(player, out))
        assert not given.noises, "labkit draws less often than the official code"
        return out

    def loss(self, record: str, terms: dict[str, Tensor]) -> None:
        """Compare a player's terms, each and in sum, with those recorded under `record`."""
        terms, total = dict(terms), torch.zeros((), dtype=torch.float64)
        official = self.official["losses"][record]
        for term in official["terms"]:
            found = sum(terms.pop(name) for name in term["labkit"]) / term.get("factor", 1)
            self._compare(f"loss {record}: {' + '.join(term['labkit'])}", [found.item()], [term["value"]])
            total = total + found
        assert not terms, f"the official loss {record} has no {[*terms]}"
        self._compare(f"loss {record}: sum", [total.item()], [official["sum"]["value"]])
        self.totals[record] = total

    def outputs(self, found: dict[str, Tensor]) -> None:
        """Compare maps, by their official names: mean, standard deviation, and five elements each."""
        for name, x in found.items():
            official, x = self.official["outputs"][name], x.detach().flatten()
            assert len(x) == math.prod(official["shape"]), f"{name} has {len(x)} numbers, not {official['shape']}"
            elements = [x[(2 * k + 1) * len(x) // 10] for k in range(5)]
            moments = [x.mean(), x.std(correction=0)]
            self._compare(f"output {name}", [*moments, *elements], official["mean_std"] + official["elements"])

    def gradients(self, **instead: Tensor) -> None:
        """Compare gradients by the weights of every network. `instead`: those of another loss, by name."""
        for record, official in self.official["gradients"].items():
            network = official.get("network", record)
            loss = instead[record] if record in instead else self.totals[official["of"]]
            slopes = torch.autograd.grad(loss, self.weights[network], retain_graph=True, allow_unused=True)
            norm = sum(slope.square().sum() for slope in slopes if slope is not None).sqrt()
            self._compare(f"gradient {record}: norm", [norm], [official["norm"]])
            for i, numbers in official["parameters"].items():
                name, shape, *_ = self._table(network)[int(i)]
                slope = as_official(slopes[int(i)], shape).flatten()
                found = [slope.norm(), *(slope[(2 * k + 1) * len(slope) // 6] for k in range(3))]
                self._compare(f"gradient {record}: {name}", found, numbers)

    def optimisers(self) -> None:
        """Demand that every player's optimiser is of the official kind, with the official settings."""
        players = {player.name: player for player in self.system.players()}
        for name, settings in self.official.get("optimisers", {}).items():
            optimiser = players[name].optimiser(self.system.parameters_of(players[name]))
            group = {key: [*v] if isinstance(v, tuple) else v for key, v in optimiser.param_groups[0].items()}
            assert group | settings == group | {"kind": type(optimiser).__name__}, f"the optimiser of {name}"

    def _table(self, network: str) -> list:
        """Name, shape, centre and width of each parameter of an official network."""
        networks = self.official["networks"]
        return networks[networks[network].get("parameters_as", network)]["parameters"]

    def _compare(self, what: str, found: list, official: list[float]) -> None:
        found, official = torch.tensor(found, dtype=torch.float64), torch.tensor(official, dtype=torch.float64)
        self.apart[what] = float((found - official).abs().max() / official.abs().max())


def as_official(x: Tensor, shape: list[int]) -> Tensor:
    """A weight of labkit's, or its gradient, in the official shape; where there is a transposed 1×1 convolution there,
    the first two dimensions change places."""
    turned = [*shape[1::-1], *shape[2:]]
    return (x.transpose(0, 1) if [*x.shape] == turned != shape else x).reshape(shape)


def weights(*modules: nn.Module) -> list[nn.Parameter]:
    """The parameters of `modules`, one after the other, in the order of registration."""
    return [p for module in modules for p in module.parameters()]


def weights_norm_first(*modules: nn.Module) -> list[nn.Parameter]:
    """The same in the order of MUNIT's code: a LayerNorm's two stand before those of the convolution before it."""
    ordered: list[nn.Parameter] = []
    for module in (m for top in modules for m in top.modules()):
        place = len(ordered) - 2 if isinstance(module, LayerNorm) else len(ordered)
        ordered[place:place] = module.parameters(recurse=False)
    return ordered
