"""The loop: resume, gradients' owners, turns, non-finite losses, schedules."""

from dataclasses import replace

import pytest
import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision
from torch import nn

from labkit.errors import LabError
from labkit.systems.base import Player, System
from labkit.train import Compute, NonFinite, train


def same_state(a, b):
    a, b = a.state_dict(), b.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


def test_stopped_and_resumed_equals_uninterrupted_bit_for_bit(tmp_path, batches, make_cyclegan):
    whole, parts = make_cyclegan(), make_cyclegan()
    history = train(whole, batches, 6, seed=3)

    class Crash(Exception):
        pass

    def crash(done):
        if done == 4:
            raise Crash

    with pytest.raises(Crash):  # after step 4; the last checkpoint is that of step 3
        train(parts, batches, 6, seed=3, checkpoint=tmp_path / "c.pt", checkpoint_every=3, on_step=crash)
    fresh = make_cyclegan(lr=2e-4)
    resumed = train(fresh, batches, 6, seed=3, checkpoint=tmp_path / "c.pt", checkpoint_every=3)
    assert same_state(whole, fresh)
    assert len(whole.pool_A.images) == 3
    assert history == resumed


def test_stopping_after_some_steps_leaves_a_checkpoint_and_schedules_count_on(tmp_path, batches, make_cyclegan):
    whole, first, second = make_cyclegan(), make_cyclegan(), make_cyclegan()
    train(whole, batches, 5)
    for stop_after, system in ((2, first), (None, second)):
        train(system, batches, 5, checkpoint=tmp_path / "c.pt", stop_after=stop_after)
    assert same_state(whole, second)
    assert not same_state(whole, first)


def test_an_interruption_waits_for_the_step_and_leaves_a_checkpoint(tmp_path, batches, make_cyclegan):
    whole, parts, fresh = make_cyclegan(), make_cyclegan(), make_cyclegan()
    history, done = train(whole, batches, 5), []
    settings = {"checkpoint": tmp_path / "c.pt", "on_step": done.append}
    with pytest.raises(KeyboardInterrupt):
        train(parts, batches, 5, **settings, interrupted=lambda: len(done) == 2)  # asked in the third step
    assert done == [1, 2, 3]
    assert train(fresh, batches, 5, **settings, interrupted=lambda: len(done) == 4) == history  # too late
    assert done == [1, 2, 3, 4, 5] and same_state(whole, fresh)


def test_what_a_callback_draws_does_not_disturb_the_run(batches, make_cyclegan):
    quiet, noisy = make_cyclegan(), make_cyclegan()
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    train(quiet, batches, 3)
    assert torch.equal(before, torch.random.get_rng_state())
    train(noisy, batches, 3, on_step=lambda done: torch.rand(done))
    assert same_state(quiet, noisy)


def test_another_seed_gives_another_run(batches, make_cyclegan):
    a, b = make_cyclegan(pool=1), make_cyclegan(pool=1)
    train(a, batches, 4, seed=0)
    train(b, batches, 4, seed=1)
    assert not same_state(a, b)


class Two(System):
    """Two scalars that chase 1 and -1; records who owned gradients while each moved."""

    def __init__(self, due=lambda step: True, schedule=lambda step, steps: 1.0, poison=None):
        super().__init__()
        self.first, self.second = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
        self.due, self.schedule, self.poison = due, schedule, poison
        self.moves, self.grads, self.step = [], [], 0

    def players(self):
        def sgd(parameters):
            return torch.optim.SGD(parameters, lr=0.1)

        return (Player("P", ("first",), sgd), Player("Q", ("second",), sgd, due=self.due, schedule=self.schedule))

    def forward(self, batch, due):
        self.moves.append(due)
        return {"x": self.first(batch["A"]), "y": self.second(batch["A"])}

    def losses(self, player, out):
        scale = float("nan") if self.poison == (player, len(self.moves) - 1) else 1.0
        both = out["x"] + out["y"]
        return {"near": scale * (both - (1.0 if player == "P" else -1.0)).square().mean(), "free": 0 * both.sum()}

    def after_step(self, due):
        self.grads.append((self.first.weight.grad is not None, self.second.weight.grad is not None))


class Ones:
    def batch(self, step, rank=0, world=1):
        return {"A": torch.ones(1, 1)}


class Separate(Two):
    """The same with no shared graph, so that both players may go backward."""

    def losses(self, player, out):
        x = self.first(torch.ones(1, 1)) + self.second(torch.ones(1, 1))
        return {"near": (x - (1.0 if player == "P" else -1.0)).square().mean()}


def test_a_player_moves_only_when_it_is_due_and_leaves_no_gradient_in_others():
    system = Separate(due=lambda step: step % 3 == 0)
    train(system, Ones(), 4)
    assert system.moves == [{"P", "Q"}, {"P"}, {"P"}, {"P", "Q"}]

    system = Separate(due=lambda step: False)
    before = system.second.weight.clone()
    train(system, Ones(), 2)
    assert system.grads == [(True, False)] * 2
    assert torch.equal(before, system.second.weight)


def test_schedule_sets_the_rate_of_each_step():
    frozen = Separate(schedule=lambda step, steps: 0.0)
    before = frozen.second.weight.clone()
    train(frozen, Ones(), 3)
    assert torch.equal(before, frozen.second.weight)
    assert not torch.equal(before, frozen.first.weight)


def test_stops_at_the_first_loss_that_is_not_finite_before_it_reaches_the_weights(tmp_path):
    system = Two(due=lambda step: False, poison=("P", 2))
    weights = []
    with pytest.raises(NonFinite, match=r"before step 3: P/near = nan is not finite.*c\.pt, is kept"):
        train(
            system,
            Ones(),
            5,
            checkpoint=tmp_path / "c.pt",
            checkpoint_every=1,
            on_step=lambda done: weights.append(system.first.weight.clone()),
        )
    assert torch.equal(weights[-1], system.first.weight)
    assert len(weights) == 2


class Rooted(Two):
    """Loss sqrt(|w x|): from step `steep` on at 0, where it is finite and its gradient is not."""

    def __init__(self, steep=99, rate=0.1, factor=1.0):
        super().__init__()
        self.steep, self.rate, self.factor, self.done = steep, rate, factor, 0
        self.register_buffer("mean", torch.zeros(1))

    def players(self):
        return (Player("P", ("first",), lambda parameters: torch.optim.SGD(parameters, lr=self.rate)),)

    def losses(self, player, out):
        x = torch.full((1, 1), 0.0 if self.done >= self.steep else 1.0)
        return {"root": self.factor * self.first(x).square().sum().sqrt()}

    def after_step(self, due):
        self.done += 1


def test_an_infinite_gradient_of_a_finite_loss_never_reaches_the_weights(tmp_path):
    system, weights = Rooted(steep=2), []
    with pytest.raises(NonFinite, match=r"before step 3: the gradient of P in first is not finite.*c\.pt, is kept"):
        train(
            system,
            Ones(),
            5,
            checkpoint=tmp_path / "c.pt",
            checkpoint_every=1,
            on_step=lambda done: weights.append(system.first.weight.clone()),
        )
    assert len(weights) == 2
    assert torch.equal(weights[-1], system.first.weight)
    assert torch.load(tmp_path / "c.pt", weights_only=True)["step"] == 2


@pytest.mark.parametrize(
    ("every", "says"), [(1, "after step 1: parameters.first.weight"), (9, "before step 2: P/root")]
)
def test_weights_that_an_optimiser_broke_are_not_kept(tmp_path, every, says):
    with pytest.raises(NonFinite, match=f"{says}.* is not finite.*Lower the learning rate"):
        train(Rooted(rate=float("inf")), Ones(), 5, checkpoint=tmp_path / "c.pt", checkpoint_every=every)
    assert not list(tmp_path.iterdir())
    with pytest.raises(NonFinite, match="after step 1: first.weight is not finite"):
        train(Rooted(rate=float("inf")), Ones(), 1)


def test_a_state_that_is_not_finite_leaves_the_good_checkpoint_and_cannot_be_resumed(tmp_path):
    system, path = Rooted(), tmp_path / "c.pt"

    def spoil(done):
        if done == 3:
            system.mean.fill_(float("nan"))

    with pytest.raises(NonFinite, match=r"after step 4: parameters.mean is not finite; the last checkpoint, .*c\.pt"):
        train(system, Ones(), 5, checkpoint=path, checkpoint_every=1, on_step=spoil)
    content = torch.load(path, weights_only=True)
    assert content["step"] == 3
    content["parameters"]["mean"].fill_(float("inf"))
    torch.save(content, path)
    with pytest.raises(
        LabError, match=r"c\.pt holds a number that is not finite, in parameters\.mean.*delete the folder"
    ):
        train(Rooted(), Ones(), 5, checkpoint=path)


def test_the_scaler_of_16_bit_gradients_may_leave_steps_out_but_not_for_ever():
    """On a processor Fabric turns 16-mixed into bf16-mixed, so the scaler is put in here."""

    def fabric():
        plugin = MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu"))
        plugin._desired_input_dtype = torch.float32
        return Fabric(accelerator="cpu", plugins=[plugin])

    system = Rooted(factor=2.0**118, rate=2.0**-122)  # infinite at the first scale, 2^16, not at 2^9
    system.first.weight.data.fill_(1.0)
    train(system, Ones(), 10, fabric=fabric())
    assert system.first.weight.item() == pytest.approx(1 - 3 / 16)  # of ten steps of 1/16 seven were left out
    with pytest.raises(NonFinite, match="before step 18: the gradient of P in first"):
        train(Rooted(steep=0), Ones(), 40, fabric=fabric())


def test_history_holds_every_term_at_the_steps_asked_for(batches, make_cyclegan):
    history = train(make_cyclegan(), batches, 4, log_every=2)
    names = ["adv_AB", "adv_BA", "cyc_A", "cyc_B", "idt_A", "idt_B"]
    assert history.terms() == [f"G/{name}" for name in names] + ["D/A", "D/B"]
    assert history.curve("G/cyc_A")[0] == [0, 2]


@pytest.mark.parametrize("change", [{"precision": "bf16-mixed"}, {"channels_last": True}, {"workers": 1}])
def test_precision_layout_and_workers_are_settings(batches, make_cyclegan, change):
    plain, changed = make_cyclegan(), make_cyclegan()
    cpu = Compute(accelerator="cpu")
    a = train(plain, batches, 2, compute=cpu)
    b = train(changed, batches, 2, compute=replace(cpu, **change))
    for name in a.terms():
        assert a.curve(name)[1] == pytest.approx(b.curve(name)[1], rel=0.05)
    if change == {"workers": 1}:
        assert same_state(plain, changed)
    if change == {"precision": "bf16-mixed"}:
        assert a != b
