"""Compiled networks: the same step, a fixed number of compilations, nothing left behind, and no compiler."""

from dataclasses import replace

import pytest
import torch
from torch._dynamo.utils import counters
from torch._inductor.utils import fresh_cache

from labkit.systems import build
from labkit.train import Compute, compiling, train
from systems.small import SMALL

CPU = Compute(accelerator="cpu")
problem = compiling._problem()
needs_a_compiler = pytest.mark.skipif(bool(problem), reason=problem)
TINY = {
    "cyclegan": {},
    "cut": {"antialias": False},
    "munit": {"style_halvings": 2, "lambda_cyc": 0.0, "scales": 1},
    "dualgan": {"critic": "gp", "levels": 2},
}


def tiny(name):
    torch.manual_seed(0)
    return build(name, SMALL[name][0] | TINY[name]).train()


def step(system, name):
    """Terms and gradients of every player in one step."""
    torch.manual_seed(1)
    players = system.players()
    out, found = system(SMALL[name][1](), frozenset(p.name for p in players)), {}
    for player in players:
        terms = system.losses(player.name, out)
        weights = system.parameters_of(player)
        gradients = torch.autograd.grad(sum(terms.values()), weights, retain_graph=True, allow_unused=True)
        found[player.name] = (terms, torch.cat([g.flatten() for g in gradients if g is not None]))
    return found


@needs_a_compiler
@pytest.mark.parametrize("name", TINY)
def test_a_compiled_step_has_the_terms_and_gradients_of_the_plain_one(name):
    system = tiny(name)
    plain = step(system, name)
    torch._dynamo.reset()  # what earlier tests compiled would not be counted
    counters.clear()
    with compiling.compiled(system, say=lambda sentence: None):
        found = step(system, name)
    assert counters["stats"]["unique_graphs"] >= 2
    assert not counters["graph_break"]
    for player, (terms, gradient) in plain.items():
        # Sums in another order, through norms of nearly uniform maps: a few parts in ten thousand were seen.
        torch.testing.assert_close(found[player][0], terms, rtol=5e-3, atol=1e-5)
        difference = (found[player][1] - gradient).norm() / gradient.norm()
        assert difference < 2e-2  # a gradient in the wrong order is off by a half and more


@needs_a_compiler
def test_a_run_compiles_in_its_first_step_alone_and_leaves_the_networks_as_they_were(capsys):
    system, graphs = tiny("cyclegan"), []

    class Batches:
        batch = staticmethod(SMALL["cyclegan"][1])

    def watch(done):
        system.translate(torch.zeros(1, 3, 24, 24))  # a picture of another size is not compiled for
        graphs.append(counters["stats"]["unique_graphs"])

    torch._dynamo.reset()  # what earlier tests compiled would not be counted
    counters.clear()
    history = train(system, Batches(), 5, compute=replace(CPU, compile=True), on_step=watch)
    assert "Compiling the networks" in capsys.readouterr().out
    assert graphs[0] >= 1 and len(set(graphs)) == 1
    assert not any("forward" in vars(module) or "encode" in vars(module) for module in system.modules())
    plain = train(tiny("cyclegan"), Batches(), 5, compute=CPU)
    for term in plain.terms():
        assert history.curve(term)[1] == pytest.approx(plain.curve(term)[1], rel=1e-2)


def test_without_a_compiler_there_is_a_sentence_and_training_goes_on(monkeypatch, capsys):
    monkeypatch.setattr(torch._inductor.config.cpp, "cxx", ("no-such-compiler",))
    torch._dynamo.reset()

    class Batches:
        batch = staticmethod(SMALL["cyclegan"][1])

    with fresh_cache():
        history = train(tiny("cyclegan"), Batches(), 2, compute=replace(CPU, compile=True))
    said = capsys.readouterr().out
    assert said.startswith("Not compiled: there is no working compiler on this machine (") and said.count("\n") == 1
    assert history == train(tiny("cyclegan"), Batches(), 2, compute=CPU)
