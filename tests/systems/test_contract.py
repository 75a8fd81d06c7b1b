"""What the contract of labkit.systems.base promises, checked of every system there is."""

import pytest
import torch

from labkit.systems import SYSTEMS, build, system_class
from labkit.systems.base import Translator
from labkit.train import train
from systems.small import SMALL


class Batches:
    def __init__(self, name):
        self.batch = SMALL[name][1]


def make(name, seed=0):
    torch.manual_seed(seed)
    return build(name, SMALL[name][0])


def same_state(a, b):
    a, b = a.state_dict(), b.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


def test_every_system_is_tested_here():
    assert SMALL.keys() == SYSTEMS.keys()


every = pytest.mark.parametrize("name", SMALL)


@every
def test_players_own_every_trainable_parameter_exactly_once(name):
    system = make(name)
    owned = [id(p) for player in system.players() for p in system.parameters_of(player)]
    trainable = [id(p) for p in system.parameters() if p.requires_grad]
    assert len(owned) == len(set(owned))
    assert set(owned) == set(trainable)


@every
def test_terms_are_finite_scalars_and_a_player_leaves_no_gradient_in_others(name):
    system = make(name).train()
    players = system.players()
    batch = SMALL[name][1]()
    for player in players:
        system.zero_grad()
        for other in players:
            for parameter in system.parameters_of(other):
                parameter.requires_grad_(True)
        out = system(batch, frozenset(p.name for p in players))
        for other in players:
            for parameter in system.parameters_of(other):
                parameter.requires_grad_(other is player)
        terms = system.losses(player.name, out)
        assert terms and all(value.ndim == 0 and value.isfinite() for value in terms.values())
        sum(terms.values()).backward()
        for other in players:
            grads = [parameter.grad for parameter in system.parameters_of(other)]
            if other is player:
                assert any(grad is not None and grad.abs().max() > 0 for grad in grads)
            else:
                assert all(grad is None for grad in grads)


@every
def test_forward_computes_for_any_set_of_due_players(name):
    system = make(name).train()
    for player in system.players():
        out = system(SMALL[name][1](), frozenset({player.name}))
        assert system.losses(player.name, out)


@every
def test_stopped_and_resumed_equals_uninterrupted_bit_for_bit(name, tmp_path):
    whole, first, second = make(name), make(name), make(name, seed=99)
    history = train(whole, Batches(name), 4, seed=1)

    class Stop(Exception):
        pass

    def stop(done):
        if done == 3:
            raise Stop

    with pytest.raises(Stop):
        train(first, Batches(name), 4, seed=1, checkpoint=tmp_path / "c.pt", checkpoint_every=2, on_step=stop)
    resumed = train(second, Batches(name), 4, seed=1, checkpoint=tmp_path / "c.pt", checkpoint_every=2)
    assert same_state(whole, second)
    assert history == resumed


@every
def test_training_changes_every_player(name):
    system = make(name)
    before = {player.name: [p.clone() for p in system.parameters_of(player)] for player in system.players()}
    train(system, Batches(name), 6)
    for player in system.players():
        pairs = zip(before[player.name], system.parameters_of(player), strict=True)
        assert any(not torch.equal(old, new) for old, new in pairs)


@every
def test_states_its_settings_and_what_couples_a_batch(name):
    cls = system_class(name)
    system = make(name)
    assert isinstance(system.settings, cls.Settings)
    norms = [m for m in system.modules() if isinstance(m, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d)]
    if norms:
        assert system.coupling


@every
def test_translators_translate_to_images_in_range(name):
    system = make(name).eval()
    if not isinstance(system, Translator):
        pytest.skip(f"{name} does not translate")
    batch = SMALL[name][1]()
    with torch.no_grad():
        y = system.translate(batch["A"])
    assert y.shape == batch["A"].shape
    assert y.abs().max() <= 1
