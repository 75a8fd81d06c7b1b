"""For each system: which of its networks is which of the official ones, and what is compared.

A case fills the weights, takes the official step, and names labkit's maps. `README.md` tells what a case undoes first,
where labkit departs from the code by design.
"""

from collections.abc import Callable
from dataclasses import replace
from unittest.mock import patch

import torch
from torch import Tensor, nn

from labkit.losses.contrastive import contrast
from labkit.systems import dclgan as dclgan_module
from labkit.systems import moco as moco_module
from oracle.formula import Given, pictures, values
from oracle.witness import Witness, weights, weights_norm_first


def cyclegan(w: Witness) -> None:
    s = w.system
    for name, network in {"netG_A": s.G_AB, "netG_B": s.G_BA, "netD_A": s.D_B, "netD_B": s.D_A}.items():
        w.give(name, weights(network))
    out = w.step(pictures(2, 64))
    w.outputs({name: out[name] for name in ("fake_B", "rec_A", "fake_A", "rec_B")})
    w.outputs({"netD_A(B)": s.D_B(out["real_B"]), "netD_B(A)": s.D_A(out["real_A"])})
    w.gradients()


def cut(w: Witness) -> None:
    _cut(w, weights(w.system.G_AB), batch_size=2)


def sincut(w: Witness) -> None:
    layers = w.system.G_AB.layers
    *first, grow, last, tanh = layers
    assert isinstance(tanh, nn.Tanh)
    last.active, layers[-1] = True, nn.Identity()  # the official last layer
    growing = [grow.convolution.weight, grow.noise.strength, grow.bias]
    _cut(w, weights(*first) + growing + weights(last), 4, values(3, 8, 1, 64, 64))


def _cut(w: Witness, of_G: list[nn.Parameter], batch_size: int, *noises: Tensor) -> None:
    s, recorded = w.system, w.official["outputs"]
    w.give("netG", of_G)
    w.give("netD", weights(s.D_B))
    w.give("netF", weights(s.F))
    batch = pictures(batch_size, 64)
    out = w.step(batch, *noises)
    found = {name: out[name] for name in ("fake_B", "idt_B") if name in recorded} | {"netD(B)": s.D_B(batch["B"])}
    maps = s.G_AB.encode(batch["A"], s.taps)
    for layer, features in zip(w.official["settings"]["nce_layers"].split(","), maps, strict=True):
        found[f"netG layer {layer} of A"] = features
    for i in range(len(s.taps)):
        found[f"netF head {i} of A"] = out[f"key_{i}"][:batch_size]  # a key is what a head says of A's own places
    w.outputs({name: x for name, x in found.items() if name in recorded})
    w.gradients(netF=sum(s.losses("F", out).values()))  # F is a player of its own


def dclgan(w: Witness) -> None:
    s, own_image = w.system, "G, negatives from the own image"
    networks = {"netG_A": s.G_AB, "netG_B": s.G_BA, "netD_A": s.D_B, "netD_B": s.D_A, "netF1": s.F_A, "netF2": s.F_B}
    mappings = {"netF3": "real_A", "netF4": "fake_B", "netF5": "real_B", "netF6": "fake_A"}
    mappings = {name: image for name, image in mappings.items() if name in w.official["networks"]}
    for name, network in (networks | {name: s.M[image] for name, image in mappings.items()}).items():
        w.give(name, weights(network))
    out = w.step(pictures(w.official["settings"]["batch_size"], 64))
    w.outputs({"fake_B": out["fake_B"], "fake_A": out["fake_A"], "idt_A": out["idt_B"], "idt_B": out["idt_A"]})
    w.outputs({f"netD_A({name})": s.D_B(out[image]) for name, image in (("B", "real_B"), ("fake_B", "fake_B"))})
    heads = s.embedded(out)
    for i in (0, 3):
        w.outputs({f"netF1 head {i} of A": heads["real_A"][i], f"netF2 head {i} of fake_B": heads["fake_B"][i]})
    for name, image in mappings.items():
        w.outputs({f"{name[3:]} of {image.removeprefix('real_')}": s.M[image](heads[image])})
    of_F = sum(s.losses("F", out).values())  # F is a player of its own
    of_F = dict.fromkeys([name for name in w.weights if "F" in name], of_F)
    if own_image in w.official["losses"]:
        s.settings = replace(s.settings, negatives="internal")
        with patch.object(dclgan_module, "normalize", lambda x, **_: x):  # these official scores are no cosines
            w.loss(own_image, s.losses("G", out))
            of_F["netF1, negatives from the own image"] = sum(s.losses("F", out).values())
    w.gradients(**of_F)


def munit(w: Witness) -> None:
    s = w.system
    for domain, AE, D in (("a", s.AE_A, s.D_A), ("b", s.AE_B, s.D_B)):
        w.give(f"gen_{domain}", weights_norm_first(AE.style_encoder, AE.content_encoder, AE.decoder, AE.mlp))
        w.give(f"dis_{domain}", weights(D))
    out = w.step(pictures(2, 64), 2 * values(3, 2, 4), 2 * values(4, 2, 4))
    w.outputs({f"content code of {d}": out[f"c_{d}"] for d in "AB"} | {"style code of A": out["own_s_A"]})
    w.outputs({"x_ab": out["fake_B"], "x_ba": out["fake_A"], "x_a_recon": out["rec_A"]})
    w.outputs({f"dis_a(A), scale {i}": logits for i, logits in enumerate(s.D_A(out["real_A"]))})
    w.gradients()


def unit2018(w: Witness) -> None:
    s = w.system
    for domain, G, D in (("a", s.G_A, s.D_A), ("b", s.G_B, s.D_B)):
        w.give(f"gen_{domain}", weights_norm_first(G))
        w.give(f"dis_{domain}", weights(D))
    of_A, of_B, of_fake_A, of_fake_B = (2 * values(stream, 2, 16, 16, 16) for stream in (3, 4, 5, 6))
    out = w.step(pictures(2, 64), torch.cat([of_A, of_B]), of_fake_B, of_fake_A)
    w.outputs({f"code of {d}, without noise": out[f"mu_{d}"] for d in "AB"})
    w.outputs({"x_ab": out["fake_B"], "x_ba": out["fake_A"], "x_a_recon": out["rec_A"]})
    w.outputs({f"dis_b(B), scale {i}": logits for i, logits in enumerate(s.D_B(out["real_B"]))})
    w.gradients()


def unit(w: Witness) -> None:
    s, G = w.system, w.system.G
    w.give("gen", weights(*G.fronts.values(), G.shared_in, G.shared_out, *G.tails.values()))
    w.give("dis", weights(s.D_A, s.D_B))
    of_both, of_fake_A, of_fake_B = 2 * values(3, 4, 16, 16, 16), *(2 * values(i, 2, 16, 16, 16) for i in (4, 5))
    noises = dict(zip("AB", of_both.chunk(2), strict=True)) | {"fake_A": of_fake_A, "fake_B": of_fake_B}

    ours = s.losses

    def with_the_codes_kl(player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        terms = ours(player, out)
        codes = {key: out[f"mu_{key}"] + noise for key, noise in noises.items()} if player == "G" else {}
        return terms | {f"kl_{key}": 0.1 * code.square().mean() for key, code in codes.items()}

    s.losses = with_the_codes_kl  # of the code with its noise; labkit's is of its mean
    out = w.step(pictures(2, 64), of_both, of_fake_B, of_fake_A)
    w.outputs({"x_aa": out["rec_A"], "x_ba": out["fake_A"], "x_ab": out["fake_B"], "x_bb": out["rec_B"]})
    w.outputs({"x_aba": out["cyc_A"], "x_bab": out["cyc_B"], "dis(B), model_B": s.D_B(out["real_B"])})
    w.outputs({"codes with noise, of A and B": torch.cat([out["mu_A"], out["mu_B"]]) + of_both})
    w.gradients()


def unit_digits(w: Witness) -> None:
    s, G, D = w.system, w.system.G, w.system.D
    by_layer = [layer for layers in zip(*G.tails.values(), strict=True) for layer in layers]  # A's first, B's first, …
    w.give("gen", weights(*G.fronts.values(), G.encoder, G.to_mu, G.to_sigma, G.decoder, *by_layer))
    w.give("dis", weights(*D.fronts.values(), D.trunk, D.head, D.classifier))
    batch = pictures(2, 32, channels_B=1)
    out = w.step(batch | {"A_label": torch.tensor([3, 7])}, 2 * values(3, 4, 32, 1, 1))
    w.outputs({"x_aa": out["rec_A"], "x_ba": out["fake_A"], "x_ab": out["fake_B"], "x_bb": out["rec_B"]})
    logits = torch.cat([D.judge(x, domain) for domain, x in batch.items()])
    w.outputs({"mu": out["mu"], "sd": out["sigma"], "logit of real minus logit of generated, of A, then B": logits})
    w.outputs({f"class logits of {domain}": s.classify(x, domain) for domain, x in batch.items()})
    w.gradients()


def funit(w: Witness) -> None:
    s = w.system
    for name, G in {"gen": s.G, "gen_test": s.mean_G.network}.items():
        w.give(name, weights(G.style_encoder, G.content_encoder, G.decoder, G.mlp))
    w.give("dis", weights(s.D))
    batch, examples, label_B = pictures(2, 64), values(3, 3, 3, 64, 64), torch.tensor([4, 0])
    out = w.step(batch | {"A_label": torch.tensor([3, 1]), "B_label": label_B})
    maps, features = s.D.judge(batch["B"], label_B)
    w.outputs({"content code of A": s.G.content_encoder(batch["A"]), "translation": out["fake_B"]})
    w.outputs({"class code of B": s.G.class_code(batch["B"][:, None]), "reconstruction": out["rec_A"]})
    w.outputs({"dis(B)": maps, "features of B, mean over positions": features})
    w.outputs({"class code of the three examples": s.class_code(examples)})
    w.outputs({"translation by the three examples": s.translate(batch["A"][:1], examples=examples)})
    w.gradients()
    s.after_step(frozenset("GD"))
    w.outputs({f"gen_test parameter {i}, averaged": w.weights["gen_test"][i] for i in (0, 30)})


def combogan(w: Witness) -> None:
    s, drawn = w.system, (2, 0)
    for i in range(3):
        w.give(f"encoder {i}", weights(s.G.encoders[i]))
        w.give(f"decoder {i}", weights(s.G.decoders[i]))
        w.give(f"discriminator {i}", weights(s.D[i]))
    s.draw_pair = lambda: drawn
    batch = pictures(2, 64)
    idle = torch.full_like(batch["A"], torch.nan)  # of the domain that was not drawn no number is looked at
    out = w.step({"0": batch["B"], "1": idle, "2": batch["A"]})
    found = {name: out[name] for name in ("fake_A", "rec_A", "fake_B", "rec_B")} | {"code of A": out["code_A"]}
    found |= {"discriminator 0 (B)": s.D[0](batch["B"]), "discriminator 2 (A)": s.D[2](batch["A"])}
    found["A in domain 1"] = s.translate(batch["A"], "2", "1")
    if s.settings.lambda_idt:
        found |= {name: out[name] for name in ("idt_A", "idt_B")} | {"code of fake_B": out["code_fake_B"]}
        found["fake_B, averaged"] = nn.functional.avg_pool2d(out["fake_B"], 3, stride=4)
    w.outputs({name: x for name, x in found.items() if name in w.official["outputs"]})
    w.gradients()


def stargan(w: Witness) -> None:
    label = torch.tensor([[1, 0, 0, 1, 1], [0, 1, 0, 0, 1], [0, 0, 1, 1, 0]])
    _stargan(w, {"A": label})
    s, targets = w.system.settings, []
    for i, name in enumerate(s.attributes):  # at test a colour of hair is asked for, the others are turned round
        rows = label.clone()
        for row in rows:
            changes = w.system.changes(f"no {name}" if row[i] and name not in s.rivals else name)
            row[[*changes]] = torch.tensor([*changes.values()])
        targets.append(rows.tolist())
    assert targets == w.official["test_labels"]["targets"]


def stargan_rafd(w: Witness) -> None:
    _stargan(w, {"A": torch.tensor([3, 6, 3])})


def stargan_both(w: Witness) -> None:
    attributes = torch.tensor([[1, 0, 0, 1, 1], [0, 1, 0, 0, 1], [0, 0, 1, 1, 0]])
    _stargan(w, {"A": attributes, "B": torch.tensor([3, 6, 3])}, {"A": " on CelebA", "B": " on RaFD"})


def _stargan(w: Witness, labels: dict[str, Tensor], sets: dict[str, str] | None = None) -> None:
    """sets: data set -> what its record's names end with."""
    s = w.system
    w.give("G", weights(s.G))
    w.give("D", weights(s.D))
    batch = pictures(3, 64) | {f"{key}_label": label for key, label in labels.items()}
    with Given():
        out = s(batch, frozenset("DG"))
    for stream, (key, on) in enumerate((sets or {"A": ""}).items(), 3):
        alpha, real, fake = (1 + values(stream, 3, 1, 1, 1)) / 2, out[f"real_{key}"], out[f"fake_{key}"]
        with Given(shares=alpha):
            w.loss(f"D{on}", s.critic_terms(key, out))
        w.loss(f"G{on}", s.generator_terms(key, out))
        between = alpha * real + (1 - alpha) * fake
        found = {"x_fake": fake, "x_reconst": out[f"rec_{key}"], "x_hat": between}
        for name, image in {"x_real": real, "x_fake": fake, "x_hat": between}.items():
            maps, logits = s.D(image)
            found |= {f"D({name}), patches": maps, f"D({name}), class logits": logits}
        w.outputs({name + on: x for name, x in found.items() if name + on in w.official["outputs"]})
    w.gradients()


def discogan(w: Witness) -> None:
    s = w.system
    for name, network in {"generator_B": s.G_AB, "generator_A": s.G_BA}.items():
        w.give(name, weights(network))
        assert isinstance(network.layers[-1], nn.Tanh)
        network.layers[-1] = nn.Sigmoid()  # the official images are in [0, 1]
    for name, network in {"discriminator_B": s.D_B, "discriminator_A": s.D_A}.items():
        w.give(name, weights(network))
    out = w.step({domain: (x + 1) / 2 for domain, x in pictures(2, 64).items()})
    for iteration in (0, 10_000):  # the weights of the terms change in between
        s.steps_done.fill_(iteration)
        w.loss(f"G at iteration {iteration}", s.losses("G", out))
    logit, features = s.D_B(out["real_B"])
    w.outputs({"AB": out["fake_B"], "ABA": out["rec_A"], "BA": out["fake_A"], "BAB": out["rec_B"]})
    w.outputs({f"features {i} of B": x for i, x in enumerate(features)})
    w.outputs({"discriminator_B(B), logit of the probability": logit})
    w.gradients()


def cogan(w: Witness) -> None:
    s, G, D = w.system, w.system.G, w.system.D
    w.give("gen", weights(G.trunks, *G.tails.values()))
    w.give("dis", weights(*D.fronts.values(), D.trunks, D.heads, D.classifier))
    batch = pictures(2, 28, channels_A=1, channels_B=1)
    out = w.step(batch | {"A_label": torch.tensor([3, 7])}, 2 * values(3, 2, 10))
    w.outputs({"fake_images_a": (out["fake_A"] + 1) / 2, "fake_images_b": (out["fake_B"] + 1) / 2})
    logits, features = zip(*(D(x, domain) for domain, x in batch.items()), strict=True)
    w.outputs({f"features of {domain}": x for domain, x in zip("AB", features, strict=True)})
    w.outputs({"logit of real minus logit of generated, of A, then B": torch.cat(logits)})
    w.outputs({"class logits of B": s.classify(batch["B"], "B")})
    w.gradients()


def moco(w: Witness) -> None:
    s = w.system
    w.give("encoder_q", weights(s.projector()))
    w.give("encoder_k", weights(s.key_network.network))
    s.queue.keys.copy_(nn.functional.normalize(values(3, 6, 16), dim=0).T)
    s.key_network.update(s.projector())  # the official code moves the encoder of keys first
    views, drawn_view = [values(1, 4, 3, 16, 16), values(2, 4, 3, 16, 16)], moco_module.random_view
    moco_module.random_view = lambda *_: views.pop(0)
    try:
        out = w.step({"real": torch.zeros(4, 3, 16, 16, dtype=torch.float64)})
    finally:
        moco_module.random_view = drawn_view
    logits = contrast(out["q"], out["k"], s.queue.keys, s.settings.tau)
    w.outputs({"encoder_q(queries), length 1": out["q"], "logits": logits})
    w.gradients()
    s.after_step(frozenset("f"))
    w.outputs({"queue after the step": s.queue.keys.T})
    w.outputs({f"encoder_k parameter {i} after two updates": w.weights["encoder_k"][i] for i in (0, 11)})


def simclr(w: Witness) -> None:
    h = values(1, 8, 6).requires_grad_()
    first, second = h.chunk(2)
    w.loss("f", w.system.losses("f", {"z_1": first, "z_2": second}))
    (slope,) = torch.autograd.grad(w.totals["f"], h)
    cosines = nn.functional.normalize(first, dim=1) @ nn.functional.normalize(second, dim=1).T
    w.outputs({"gradient of the loss by the hidden vectors": slope, "logits_ab": cosines / w.system.settings.tau})
    settings = w.official["settings"]["LARS"]
    for way, rates in {"constant": [settings["constant rate"]] * 5, "rising": settings["rising rate"]}.items():
        matrix, bias = nn.Parameter(values(2, 7, 5)), nn.Parameter(values(3, 5))
        optimiser = w.system.players()[0].optimiser([matrix, bias])
        for i, rate in enumerate(rates):
            optimiser.param_groups[0]["lr"] = rate
            matrix.grad, bias.grad = values(10 + 2 * i, 7, 5), values(11 + 2 * i, 5)
            optimiser.step()
        w.outputs({f"what five steps add to w, {way} rate": matrix - values(2, 7, 5)})
        w.outputs({f"what five steps add to the bias, {way} rate": bias - values(3, 5)})


CASES: dict[str, Callable[[Witness], None]] = {
    "cyclegan": cyclegan,
    "cut": cut,
    "fastcut": cut,
    "fastcut_flip": cut,
    "sincut": sincut,
    "dclgan": dclgan,
    "simdcl": dclgan,
    "munit": munit,
    "unit2018": unit2018,
    "unit": unit,
    "unit_digits": unit_digits,
    "funit": funit,
    "combogan": combogan,
    "combogan_options": combogan,
    "stargan": stargan,
    "stargan_rafd": stargan_rafd,
    "stargan_both": stargan_both,
    "discogan": discogan,
    "cogan": cogan,
    "moco": moco,
    "simclr": simclr,
}

EXPRESSIONS = tuple(f"expression {i}" for i in range(8))
NARROW_STARGAN = {"size": 64, "ngf": 4, "ndf": 4, "d_layers": 5}
NARROW = {"ngf": 4, "ndf": 4, "dim": 16, "num_patches": 16}
THREE_DOMAINS = {"domains": ["0", "1", "2"], "ngf": 4, "ndf": 4}
SETTINGS = {  # labkit's, for files that were made before labkit had their system
    "dclgan": NARROW,
    "simdcl": NARROW | {"sim_dim": 8},
    "combogan": THREE_DOMAINS,
    "combogan_options": THREE_DOMAINS | {"lambda_idt": 5.0, "lambda_latent": 1.0, "lambda_forward": 0.2},
    "stargan": NARROW_STARGAN,
    "stargan_rafd": NARROW_STARGAN | {"attributes": (), "domains": EXPRESSIONS},
    "stargan_both": NARROW_STARGAN | {"domains": EXPRESSIONS},
}
