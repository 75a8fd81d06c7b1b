"""The averaged networks of every translator, and both ways of doubling maps, of every system that has the choice."""

from dataclasses import fields

import pytest
import torch

from labkit.errors import LabError
from labkit.nets.blocks import count_parameters
from labkit.systems import SYSTEMS, build, system_class
from labkit.systems.base import Averaging, Translator
from labkit.train import train
from systems.small import SMALL

TRANSLATORS = [name for name in SYSTEMS if issubclass(system_class(name), Translator)]
DOUBLING = [name for name in SYSTEMS if "upsample" in {f.name for f in fields(system_class(name).Settings)}]
every = pytest.mark.parametrize("name", TRANSLATORS)


class Batches:
    def __init__(self, name):
        self.batch = SMALL[name][1]


def make(name, seed=0, **settings):
    torch.manual_seed(seed)
    return build(name, SMALL[name][0] | settings)


def averages(system):
    return {name: child for name, child in system.named_children() if name.startswith("mean_")}


def translated(system, x):
    """The translation with the same draws each time, in evaluation mode."""
    training = system.training
    torch.manual_seed(5)
    with torch.no_grad():
        y = system.eval().translate(x)
    system.train(training)
    return y


def test_systems_that_translate_or_sample_have_the_setting_and_others_do_not():
    for name in SYSTEMS:
        wanted = issubclass(system_class(name), Averaging)
        assert ("ema" in {f.name for f in fields(system_class(name).Settings)}) == wanted


@every
def test_without_an_average_nothing_is_added(name):
    plain, kept = make(name, ema=0.0), make(name, ema=0.9)
    means = averages(kept)
    assert means and not averages(plain)
    assert count_parameters(plain) == count_parameters(kept)
    assert {key for key in kept.state_dict() if not key.startswith("mean_")} == set(plain.state_dict())
    settings = system_class(name).Settings()
    assert settings.ema == (0.999 if name == "funit" else 0.0)


@every
def test_the_average_follows_by_its_decay_and_training_does_not_see_it(name):
    settings = {"small_depth": 0, "small_steps": 0} if name == "direct" else {}
    plain, kept = make(name, ema=0.0, **settings), make(name, ema=0.9, **settings)
    wanted = {key: [p.clone() for p in getattr(kept, key[5:]).parameters()] for key in averages(kept)}
    updates = dict.fromkeys(wanted, 0)
    before = {key: [p.clone() for p in getattr(kept, key[5:]).parameters()] for key in wanted}

    def follow(done):
        for key, average in wanted.items():
            now = [p.clone() for p in getattr(kept, key[5:]).parameters()]
            if any(not torch.equal(a, b) for a, b in zip(before[key], now, strict=True)):  # its player moved
                n = updates[key]
                decay = 0.9 if name == "funit" else min(0.9, (1 + n) / (10 + n))
                for mean, current in zip(average, now, strict=True):
                    mean.mul_(decay).add_(current, alpha=1 - decay)
                updates[key] = n + 1
            before[key] = now

    assert train(plain, Batches(name), 4, seed=1) == train(kept, Batches(name), 4, seed=1, on_step=follow)
    for key, value in plain.state_dict().items():
        assert torch.equal(value, kept.state_dict()[key])
    assert max(updates.values()) >= 2
    for key, mean in averages(kept).items():
        assert not any(p.requires_grad for p in mean.parameters())
        torch.testing.assert_close(list(mean.network.parameters()), wanted[key])


@every
def test_translations_are_the_average_s(name):
    system, x = make(name, ema=0.9), SMALL[name][1]()["A"]
    with torch.no_grad():  # so far apart that the difference shows
        for key in averages(system):
            for p in getattr(system, key[5:]).parameters():
                p.add_(0.1 * torch.randn_like(p))
    by_average = translated(system, x)
    kept = {key: value.clone() for key, value in system.state_dict().items()}
    system.settle()
    assert torch.equal(translated(system, x), by_average)
    without = make(name, ema=0.0)
    without.load_state_dict({key: value for key, value in kept.items() if not key.startswith("mean_")})
    assert not torch.equal(translated(without, x), by_average)
    without.load_state_dict({key: value for key, value in system.state_dict().items() if not key.startswith("mean_")})
    assert torch.equal(translated(without, x), by_average)


@every
def test_resumed_with_an_average_equals_uninterrupted_bit_for_bit(name, tmp_path):
    whole, first, second = (make(name, seed, ema=0.9) for seed in (0, 0, 9))
    train(whole, Batches(name), 4)
    train(first, Batches(name), 4, checkpoint=tmp_path / "c.pt", stop_after=2)
    train(second, Batches(name), 4, checkpoint=tmp_path / "c.pt")
    a, b = whole.state_dict(), second.state_dict()
    assert a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_a_decay_that_is_none_is_refused(decay):
    with pytest.raises(LabError, match="from 0 .none. to below 1"):
        make("cyclegan", ema=decay)


@pytest.mark.parametrize("name", DOUBLING)
def test_resizing_decoders_train_and_keep_the_size(name):
    settings = {"antialias": False} if name in ("cut", "dclgan") else {}
    system = make(name, upsample="resize", **settings)
    doubled = sum(isinstance(m, torch.nn.Upsample) for m in system.modules())
    assert doubled >= 2 or name == "sincut"
    train(system, Batches(name), 2)
    if isinstance(system, Translator):
        x = SMALL[name][1]()["A"]
        assert translated(system, x).shape == x.shape


def test_a_unet_of_cyclegan_and_a_bottleneck_of_discogan_resize_too():
    for name, settings in (("cyclegan", {"generator": "unet", "levels": 4}), ("discogan", {"bottleneck": 3})):
        x = SMALL[name][1]()["A"]
        assert translated(make(name, upsample="resize", **settings), x).shape == x.shape


def test_samples_are_the_average_s():
    system = build("gan", {"size": 16, "ngf": 4, "ndf": 4, "nz": 3, "ema": 0.9})
    with torch.no_grad():
        for p in system.G.parameters():
            p.add_(0.1 * torch.randn_like(p))
    by_average = system.sample(5)
    system.settle()
    assert torch.equal(system.sample(5), by_average)
    torch.testing.assert_close(list(system.G.parameters()), list(system.mean_G.network.parameters()))
