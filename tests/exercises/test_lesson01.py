"""Each check of lesson 01: the solution folded into the lesson passes, typical wrong answers fail where they should."""

import torch
import torch.nn.functional as F
from exercise_tests import ExerciseTests
from torch.nn.functional import relu, softplus

from labkit.exercises import lesson01

G_WRONG = {
    "saturating": ("value", lambda f: -softplus(f).mean()),
    "sign": ("sign", lambda f: F.logsigmoid(f).mean()),
    "fooled by the wrong class": ("sign", lambda f: softplus(f).mean()),
    "sum": ("value", lambda f: softplus(-f).sum()),
    "no reduction": ("sign", lambda f: softplus(-f)),
    "detached": ("sign", lambda f: softplus(-f.detach()).mean()),
    "forgot the sigmoid": ("sign", lambda f: -torch.log(f).mean()),
    "sigmoid twice": ("value", lambda f: -F.logsigmoid(torch.sigmoid(f)).mean()),
    "least squares": ("sign", lambda f: (f - 1).square().mean()),
    "saturating gradient under the right value": (
        "gradient",
        lambda f: softplus(-f).mean().detach() - softplus(f).mean() + softplus(f).mean().detach(),
    ),
    "overflow": ("finite", lambda f: -torch.log(torch.sigmoid(f)).mean()),
    "clamped": ("finite", lambda f: -torch.log(torch.sigmoid(f).clamp_min(1e-8)).mean()),
}


def d_in_place(D, real, fake):
    return softplus(-D(real)).mean() + softplus(D(fake.detach_())).mean()


def d_no_grad(D, real, fake):
    with torch.no_grad():
        fake_logits = D(fake)
    return softplus(-D(real)).mean() + softplus(fake_logits).mean()


def d_frozen(D, real, fake):
    loss = softplus(-D(real)).mean() + softplus(D(fake.detach())).mean()
    D.requires_grad_(False)
    return loss


D_WRONG = {
    "no detach": ("detach", lambda D, r, f: softplus(-D(r)).mean() + softplus(D(f)).mean()),
    "detach in place": ("detach", d_in_place),
    "logits detached": ("gradient", lambda D, r, f: softplus(-D(r)).mean() + softplus(D(f).detach()).mean()),
    "no_grad around D": ("gradient", d_no_grad),
    "D left frozen": ("gradient", d_frozen),
    "labels swapped": ("value", lambda D, r, f: softplus(D(r)).mean() + softplus(-D(f.detach())).mean()),
    "sign": ("value", lambda D, r, f: -softplus(-D(r)).mean() - softplus(D(f.detach())).mean()),
    "real only": ("value", lambda D, r, f: softplus(-D(r)).mean()),
    "halved": ("value", lambda D, r, f: (softplus(-D(r)).mean() + softplus(D(f.detach())).mean()) / 2),
    "fakes told to be real": ("value", lambda D, r, f: softplus(-D(r)).mean() + softplus(-D(f.detach())).mean()),
    "summed": ("value", lambda D, r, f: softplus(-D(r)).sum() + softplus(D(f.detach())).sum()),
    "detached altogether": (
        "gradient",
        lambda D, r, f: (softplus(-D(r)).mean() + softplus(D(f.detach())).mean()).detach(),
    ),
}

HINGE_WRONG = {
    "signs swapped": ("sign", lambda r, f: (relu(1 + r).mean() + relu(1 - f).mean(), -f.mean())),
    "no margin": ("value", lambda r, f: (relu(-r).mean() + relu(f).mean(), -f.mean())),
    "no hinge": ("value", lambda r, f: ((1 - r).mean() + (1 + f).mean(), -f.mean())),
    "hinge on the mean": ("value", lambda r, f: (relu(1 - r.mean()) + relu(1 + f.mean()), -f.mean())),
    "G with margin": ("value", lambda r, f: (relu(1 - r).mean() + relu(1 + f).mean(), relu(1 - f).mean())),
    "G sign": ("value", lambda r, f: (relu(1 - r).mean() + relu(1 + f).mean(), f.mean())),
    "sums": ("value", lambda r, f: (relu(1 - r).sum() + relu(1 + f).sum(), -f.sum())),
    "leaky": (
        "gradient",
        lambda r, f: (
            relu(1 - r).mean() + relu(1 + f).mean() + 0.1 * (r.mean() - r.mean().detach()),
            -f.mean(),
        ),
    ),
    "G detached": ("gradient", lambda r, f: (relu(1 - r).mean() + relu(1 + f).mean(), -f.detach().mean())),
    "order of the pair": ("sign", lambda r, f: (-f.mean(), relu(1 - r).mean() + relu(1 + f).mean())),
}


def critic(D, G, optimiser, real, z, epsilon, weight, **fault):
    """A step of WGAN-GP's critic, right but for one fault."""
    fake = G(z) if fault.get("no_detach") else G(z).detach()
    between = (
        epsilon * real + (1 - epsilon) * fake if not fault.get("swapped") else epsilon * fake + (1 - epsilon) * real
    )
    between = between if between.requires_grad else between.requires_grad_()
    (slope,) = torch.autograd.grad(D(between).sum(), between, create_graph=not fault.get("no_graph"), retain_graph=True)
    norm = slope.norm() if fault.get("one_norm") else slope.norm(dim=1)
    loss = (1 - 2 * bool(fault.get("sign"))) * (D(fake).mean() - D(real).mean())
    loss = loss + weight * (norm - (0 if fault.get("to_zero") else 1)).square().mean()
    if not fault.get("no_zero"):
        optimiser.zero_grad()
    loss.backward()
    if not fault.get("no_step"):
        optimiser.step()
    return loss.detach()


CRITIC_WRONG = {
    "no detach": ("detach", lambda *a: critic(*a, no_detach=True)),
    "leftover gradients": ("step", lambda *a: critic(*a, no_zero=True)),
    "no step": ("step", lambda *a: critic(*a, no_step=True)),
    "penalty without a graph": ("step", lambda *a: critic(*a, no_graph=True)),
    "one norm for the batch": ("penalty", lambda *a: critic(*a, one_norm=True)),
    "slope to zero": ("penalty", lambda *a: critic(*a, to_zero=True)),
    "epsilon on the wrong side": ("penalty", lambda *a: critic(*a, swapped=True)),
    "sign": ("difference", lambda *a: critic(*a, sign=True)),
    "weight ignored": ("difference", lambda *a: critic(*a[:-1], 1.0)),
}


class TestLesson01(ExerciseTests):
    LESSON = "01_gan_minmax"
    EXERCISES = {
        "my_generator_loss": (lesson01.generator_loss, G_WRONG),
        "my_discriminator_loss": (lesson01.discriminator_loss, D_WRONG),
        "my_hinge_losses": (lesson01.hinge_losses, HINGE_WRONG),
        "my_critic_step": (lesson01.critic_step, CRITIC_WRONG),
    }
