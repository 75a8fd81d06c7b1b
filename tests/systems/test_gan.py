import pytest
import torch

from labkit.errors import LabError
from labkit.losses.adversarial import discriminator_loss, generator_loss
from labkit.nets.blocks import count_parameters
from labkit.nets.dcgan import DCGANDiscriminator, DCGANGenerator
from labkit.systems.gan import GAN, Settings
from labkit.train import train

BOTH = frozenset({"D", "G"})
MLP = {"networks": "mlp", "nz": 4, "hidden": 16}


def images(batch_size=4, size=16, channels=1, seed=0):
    return torch.rand(batch_size, channels, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def small(**settings):
    torch.manual_seed(0)
    return GAN(Settings(**({"size": 16, "channels": 1, "nz": 6, "ngf": 4, "ndf": 4} | settings)))


class Points:
    def batch(self, step, rank=0, world=1):
        return {"real": torch.randn(8, 2, generator=torch.Generator().manual_seed(step)) * 0.1 + 0.5}


class Digits:
    def batch(self, step, rank=0, world=1):
        return {"real": images(seed=step)}


def test_parameter_counts_of_dcgan():
    with torch.device("meta"):
        assert count_parameters(DCGANGenerator(64, 3, 100, 64)) == 3_576_704
        assert count_parameters(DCGANDiscriminator(64, 3, 64)) == 2_765_568
        paper = GAN()
        first = paper.G.layers[0].weight
    assert first.shape == (100, 1024, 4, 4)  # figure 1: z becomes 1024 maps of 4x4


@pytest.mark.parametrize("size", [8, 16, 32, 64])
def test_shapes_and_range(size):
    G, D = DCGANGenerator(size, 3, 10, 4), DCGANDiscriminator(size, 3, 4)
    x = G(torch.randn(2, 10))
    assert x.shape == (2, 3, size, size) and x.abs().max() <= 1
    assert D(x).shape == (2, 1)


def test_a_size_that_doubling_does_not_reach_is_refused():
    for size in (4, 24, 28):
        with pytest.raises(LabError, match=str(size)):
            DCGANGenerator(size)


def test_d_moves_first_and_leaves_g_alone():
    system = small()
    assert [player.name for player in system.players()] == ["D", "G"]
    out = system({"real": images()}, BOTH)
    sum(system.losses("D", out).values()).backward()
    assert all(p.grad is None for p in system.G.parameters())
    assert all(p.grad is not None for p in system.D.parameters())
    system.zero_grad()
    system.losses("G", out)["adv"].backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in system.G.parameters())


@pytest.mark.parametrize("kind", ["minimax", "nonsaturating", "lsgan", "hinge", "wasserstein"])
def test_terms_are_the_losses_of_the_logits(kind):
    system = small(loss=kind, norm_D=False)
    out = system({"real": images()}, BOTH)
    real, fake = system.D(out["real"]), system.D(out["fake"])
    assert torch.allclose(system.losses("D", out)["adv"], discriminator_loss(kind, real, fake), atol=1e-6)
    assert torch.allclose(system.losses("G", out)["adv"], generator_loss(kind, fake), atol=1e-6)


def test_where_only_d_moves_g_builds_no_graph():
    system = small(n_critic=3)
    assert not system({"real": images()}, frozenset({"D"}))["fake"].requires_grad
    due = [[player.name for player in system.players() if player.due(step)] for step in range(6)]
    assert due == [["D"], ["D"], ["D", "G"]] * 2


def test_packing_keeps_samples_together_and_halves_the_decisions():
    system = GAN(Settings(**MLP, pack=2))
    x = torch.arange(8.0).reshape(4, 2)
    assert system.packed(x).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert system.D(system.packed(x)).shape == (2, 1)
    pictures = small(pack=2)
    assert pictures.packed(images(4)).shape == (2, 2, 16, 16)
    assert torch.equal(pictures.packed(images(4))[1, 0], images(4)[2, 0])


def test_penalties_carry_their_weights_and_batchnorm_is_refused():
    torch.manual_seed(0)
    terms = {}
    for weight in (1.0, 3.0):
        system = small(gamma_r1=weight, lambda_gp=weight, norm_D=False)
        assert system.double_backward
        out = system({"real": images()}, BOTH)
        torch.manual_seed(1)
        terms[weight] = system.losses("D", out)
    for name in ("gp", "r1"):
        assert torch.allclose(3 * terms[1.0][name], terms[3.0][name], rtol=1e-4)
    for penalty in ("lambda_gp", "gamma_r1"):
        with pytest.raises(LabError, match=f"{penalty}.*norm_D"):
            small(**{penalty: 1.0})
        assert GAN(Settings(**MLP, **{penalty: 1.0})).double_backward  # no BatchNorm there
    assert not small().double_backward


def test_with_batchnorm_in_d_the_slope_of_one_logit_reaches_other_images():
    """Why the penalties are refused there: the row of the gradient of the sum is not the gradient of one logit."""
    for norm, alone in ((False, True), (True, False)):
        D, x = small(norm_D=norm).D.train(), images(4).requires_grad_()
        (gradient,) = torch.autograd.grad(D(x)[0].sum(), x)
        assert (gradient[1:].abs().max() == 0) == alone and gradient[0].abs().max() > 0


def test_coupling_is_declared():
    assert small().coupling == "BatchNorm"
    assert GAN(Settings(**MLP)).coupling is None
    assert GAN(Settings(**MLP, pack=2)).coupling == "packing"


def test_noise_ranges_and_samples_are_repeatable():
    uniform, normal = small().noise(500), small(noise="normal").noise(500)
    assert uniform.abs().max() <= 1 and uniform.std().item() == pytest.approx(3**-0.5, rel=0.1)
    assert normal.abs().max() > 1.5
    system = small().train()
    before = {name: buffer.clone() for name, buffer in system.named_buffers()}
    torch.manual_seed(5)
    assert torch.equal(system.sample(3, seed=1), system.sample(3, seed=1))
    assert not torch.equal(system.sample(3, seed=1), system.sample(3, seed=2))
    assert system.training and all(torch.equal(b, before[name]) for name, b in system.named_buffers())


def test_stopped_and_resumed_dcgan_equals_uninterrupted_bit_for_bit(tmp_path):
    whole, parts = small(gamma_r1=1.0, norm_D=False), small(gamma_r1=1.0, norm_D=False)
    expected = train(whole, Digits(), 6, seed=3, checkpoint=tmp_path / "whole.pt")
    train(parts, Digits(), 6, seed=3, checkpoint=tmp_path / "parts.pt", checkpoint_every=2, stop_after=4)
    fresh = small(gamma_r1=1.0, norm_D=False, lr_D=2e-4)
    history = train(fresh, Digits(), 6, seed=3, checkpoint=tmp_path / "parts.pt")
    assert history == expected
    assert all(torch.equal(a, b) for a, b in zip(whole.state_dict().values(), fresh.state_dict().values(), strict=True))


def test_an_mlp_pair_learns_one_cloud():
    torch.manual_seed(0)
    system = GAN(Settings(**MLP | {"hidden": 32}, noise="normal", lr_G=1e-3, lr_D=1e-3, gamma_r1=0.3))
    before = (system.sample(500).mean(0) - 0.5).norm()
    train(system, Points(), 400, seed=0)
    after = (system.sample(500).mean(0) - 0.5).norm()
    assert after < 0.15 < before


def test_a_full_size_step_fits_together():
    """The paper's networks at 64 px on the meta device: every shape, without computing a number."""
    with torch.device("meta"):
        system = GAN().train()
        out = system({"real": torch.empty(2, 3, 64, 64)}, BOTH)
        for player in system.players():
            system.zero_grad()
            sum(system.losses(player.name, out).values()).backward()
            assert all(p.grad is not None for p in system.parameters_of(player))
