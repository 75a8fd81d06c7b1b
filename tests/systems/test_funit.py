"""FUNIT's terms against the plain form, its switches, the penalty and the batch, the averaged generator."""

import pytest
import torch

from labkit.errors import LabError
from labkit.nets.blocks import count_parameters
from labkit.systems import build
from labkit.systems.funit import FUNIT
from labkit.train import train
from systems.plain import shared, with_gradients
from systems.small import SMALL

BOTH = frozenset({"D", "G"})


def small(**settings) -> FUNIT:
    torch.manual_seed(0)
    return build("funit", SMALL["funit"][0] | settings).train()


def batch(n: int = 3) -> dict[str, torch.Tensor]:
    return SMALL["funit"][1](batch_size=n)


def double(images: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {key: value.double() if value.is_floating_point() else value for key, value in images.items()}


def plain_losses(system, x_a, l_a, x_b, l_b):
    """Both updates as the official code writes them, each computing all it needs by itself."""
    s, G, D = system.settings, system.G, system.D
    B = len(x_a)

    def translated(content, image):
        return G.decoder(G.content_encoder(content), G.mlp(G.style_encoder(image)))

    def maps(x, label):
        h = D.layers(x)
        h = torch.where(h > 0, h, 0.2 * h)
        return torch.stack([D.head(h)[i, label[i]] for i in range(B)]), h.mean(3).mean(2)

    real = x_b.clone().requires_grad_(True)
    on_real, on_fake = maps(real, l_b)[0], maps(translated(x_a, x_b).detach(), l_b)[0]
    loss_D = (1 - on_real).clamp_min(0).mean() + (1 + on_fake).clamp_min(0).mean()
    if s.penalty == "batch":
        (gradient,) = torch.autograd.grad(on_real.mean(), real, create_graph=True)
        loss_D = loss_D + s.lambda_gp * gradient.pow(2).sum() / B
    else:
        for i in range(B):
            (gradient,) = torch.autograd.grad(on_real[i].mean(), real, create_graph=True)
            loss_D = loss_D + s.lambda_gp * gradient[i].pow(2).sum() / B

    x_t, x_r = translated(x_a, x_b), translated(x_a, x_a)
    (on_t, f_t), (on_r, f_r), (_, f_a), (_, f_b) = maps(x_t, l_b), maps(x_r, l_a), maps(x_a, l_a), maps(x_b, l_b)
    loss_G = -0.5 * s.lambda_adv * (on_t.mean() + on_r.mean()) + s.lambda_rec * (x_r - x_a).abs().mean()
    return {"D": loss_D, "G": loss_G + s.lambda_fm * ((f_r - f_a).abs().mean() + (f_t - f_b).abs().mean())}


@pytest.mark.parametrize("penalty", ["image", "batch"])
def test_losses_and_gradients_equal_the_plain_form(penalty):
    system, images = small(penalty=penalty, lambda_gp=200.0).double(), double(batch())
    out = system(images, BOTH)
    plain = plain_losses(system, images["A"], images["A_label"], images["B"], images["B_label"])
    found, wanted = with_gradients(system, shared(system, out)), with_gradients(system, plain)
    torch.testing.assert_close(found, wanted, atol=1e-12, rtol=1e-7)


def test_counts_are_published():
    with torch.device("meta"):
        system = build("funit", {})
        assert sum(p.numel() for player in system.players() for p in system.parameters_of(player)) == 84_119_034
        assert count_parameters(system) == 29_866_435 + 54_252_599  # the averaged copy takes no gradient


def test_the_penalty_of_the_batch_falls_with_its_square_and_that_of_images_does_not():
    one = batch(1)
    values = {"image": [], "batch": []}
    for penalty, found in values.items():
        system = small(penalty=penalty)
        for n in (1, 2, 4):
            same = {key: value.repeat_interleave(n, 0) for key, value in one.items()}
            found.append(system.losses("D", system(same, BOTH))["gp"].item())
    image, whole = values["image"], values["batch"]
    assert image[0] == pytest.approx(whole[0], rel=1e-4)
    assert image[1:] == pytest.approx([image[0]] * 2, rel=1e-4)
    assert whole[1:] == pytest.approx([whole[0] / 4, whole[0] / 16], rel=1e-4)


def test_only_the_batch_s_penalty_couples_the_batch():
    assert small().coupling is None and small(penalty="batch", lambda_gp=0.0).coupling is None
    assert "penalty" in small(penalty="batch").coupling


@pytest.mark.parametrize(
    ("settings", "player", "terms"),
    [
        ({"lambda_adv": 0.0}, "G", {"adv_fake_B", "adv_rec_A"}),
        ({"lambda_rec": 0.0}, "G", {"rec"}),
        ({"lambda_fm": 0.0}, "G", {"fm_fake_B", "fm_rec_A"}),
        ({"judge_reconstruction": False}, "G", {"adv_rec_A", "fm_rec_A"}),
        ({"lambda_gp": 0.0}, "D", {"gp"}),
    ],
)
def test_a_switch_leaves_its_terms_out_and_no_others(settings, player, terms):
    every, system = small(), small(**settings)
    assert set(system.losses(player, system(batch(), BOTH))) == set(every.losses(player, every(batch(), BOTH))) - terms


def test_the_paper_s_form_judges_the_translation_alone_with_the_whole_weight():
    code, paper = small(), small(judge_reconstruction=False)
    with_rec, without = (s.losses("G", s(batch(), BOTH)) for s in (code, paper))
    torch.testing.assert_close(without["adv_fake_B"], 2 * with_rec["adv_fake_B"])
    torch.testing.assert_close(without["fm_fake_B"], with_rec["fm_fake_B"])


def test_terms_are_proportional_to_their_weights():
    factors = {"lambda_adv": 2.0, "lambda_rec": 3.0, "lambda_fm": 5.0, "lambda_gp": 7.0}
    one, other = small(**dict.fromkeys(factors, 1.0)), small(**factors)
    of = {"adv": 2, "rec": 3, "fm": 5, "gp": 7}
    for player in ("D", "G"):
        a, b = (s.losses(player, s(batch(), BOTH)) for s in (one, other))
        for name, value in a.items():
            torch.testing.assert_close(b[name], of.get(name.partition("_")[0], 1) * value)


def test_d_alone_computes_one_translation_without_graph():
    out = small()(batch(), frozenset({"D"}))
    assert "rec_A" not in out and not out["fake_B"].requires_grad


def test_labels_are_asked_for():
    images = batch()
    with pytest.raises(LabError, match="name A and B among the run's labels"):
        small()({key: images[key] for key in "AB"}, BOTH)


def test_the_averaged_generator_follows_and_translates():
    system = small(ema=0.9)

    class Batches:
        batch = staticmethod(SMALL["funit"][1])

    start = {key: value.clone() for key, value in system.G.state_dict().items()}
    average = {key: value.clone() for key, value in start.items()}

    def follow(done):
        for key, value in system.G.state_dict().items():
            average[key] = 0.9 * average[key] + 0.1 * value

    train(system, Batches(), 3, on_step=follow)
    for key, value in system.mean_G.network.state_dict().items():
        torch.testing.assert_close(value, average[key])
    assert all(f"mean_G.network.{key}" in system.state_dict() for key in start)
    x = batch()["A"]
    with torch.no_grad():
        translated = system.translate(x, examples=x[:2])
        assert not torch.equal(
            translated, system.G.decode(system.G.content_encoder(x), system.G.class_code(x[None, :2]))
        )
        for p in system.G.parameters():
            p.zero_()
        assert torch.equal(translated, system.translate(x, examples=x[:2]))


@torch.no_grad()
def test_a_class_is_told_by_examples_of_all_or_of_each_or_by_a_code():
    system, images = small().eval(), batch()
    x, ys = images["A"], images["B"]
    shared = system.translate(x, examples=ys[:2])
    torch.testing.assert_close(shared, system.translate(x, examples=ys[None, :2].expand(3, -1, -1, -1, -1)))
    torch.testing.assert_close(shared, system.translate(x, code=system.class_code(ys[:2])))
    torch.testing.assert_close(shared, system.translate(x, code=system.class_code(ys[:2])[0]))
    singles = torch.cat([system.class_code(ys[i : i + 1]) for i in range(2)])
    torch.testing.assert_close(shared, system.translate(x, code=singles.mean(0)))
    each = system.translate(x, examples=ys[:, None])
    torch.testing.assert_close(each[1:2], system.translate(x[1:2], examples=ys[1:2]))
    torch.testing.assert_close(system.translate(x), system.translate(x, examples=x[:, None]))  # its own example
    assert not torch.allclose(shared[0], each[0])


@torch.no_grad()
def test_the_baselines_look_at_no_example():
    images = batch()
    nothing, label = small(condition="nothing").eval(), small(condition="label").eval()
    assert torch.equal(nothing.translate(images["A"]), nothing.translate(images["A"], examples=images["B"]))
    one = label.translate(images["A"], label=torch.tensor([0, 1, 2]))
    assert torch.equal(one, label.translate(images["A"], examples=images["B"][:, None], label=torch.tensor([0, 1, 2])))
    assert not torch.allclose(one, label.translate(images["A"], label=torch.tensor([1, 2, 0])))


def test_overfits_one_batch():
    system, images = small(width=8, lambda_adv=0.0, lambda_fm=0.0, lambda_rec=1.0), batch(2)
    optimiser, rebuilt = torch.optim.Adam(system.G.parameters(), lr=2e-3), []
    for _ in range(60):
        terms = system.losses("G", system(images, frozenset({"G"})))
        optimiser.zero_grad()
        sum(terms.values()).backward()
        optimiser.step()
        rebuilt.append(terms["rec"].item())
    assert rebuilt[-1] < 0.7 * rebuilt[0]
