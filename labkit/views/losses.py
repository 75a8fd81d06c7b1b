"""The adversarial losses as curves over the logit of one image."""

import torch
from matplotlib.figure import Figure

from labkit.losses.adversarial import KINDS, discriminator_loss, generator_loss
from labkit.views import style

LINES = {
    "minimax": (style.BLUE, "-"),
    "nonsaturating": (style.ORANGE, "-"),
    "lsgan": (style.GREEN, (0, (5, 1.5))),
    "hinge": (style.PURPLE, (0, (3, 1, 1, 1))),
    "wasserstein": ("black", (0, (1, 1.2))),
}


def adversarial_losses() -> Figure:
    """What D pays for a real image, what G pays for a generated one, and how hard that pushes the logit."""
    logits = torch.linspace(-4, 4, 161)
    figure, (real, fake, push) = style.panels(3, width=2.9, height=2.7)
    for kind in KINDS:
        colour, line = LINES[kind]
        look = {"color": colour, "linestyle": line, "label": kind}
        nothing = torch.full((1,), -100.0) if kind != "wasserstein" else torch.zeros(1)  # a fake that costs D nothing
        if kind == "lsgan":
            nothing = torch.zeros(1)
        real.plot(logits, [discriminator_loss(kind, x, nothing).item() for x in logits[:, None]], **look)
        fake.plot(logits, [generator_loss(kind, x).item() for x in logits[:, None]], **look)
        x = logits.clone().requires_grad_()
        sum(generator_loss(kind, one) for one in x[:, None]).backward()
        push.plot(logits, -x.grad, **look)
    real.set(title="D: the cost of a real image", ylabel="loss", ylim=(-4.2, 5))
    fake.set(title="G: the cost of a generated image", ylabel="loss", ylim=(-4.2, 5))
    push.set(title="G: the push on the logit", ylabel="$-$ d loss / d logit", ylim=(-1.2, 3))
    for panel in (real, fake, push):
        panel.set_xlabel("logit   ($\\leftarrow$ D sure: generated | real $\\rightarrow$)", fontsize=8)
        panel.axvline(0, color=style.GREY, linewidth=0.6)
    push.axhline(0, color=style.GREY, linewidth=0.6)
    figure.legend(*fake.get_legend_handles_labels(), loc="outside upper center", ncols=5)
    return figure
