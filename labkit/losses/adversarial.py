"""The adversarial losses: what the discriminator and the generator minimise, and what theory says of both.

A discriminator gives one logit for each image or each patch of it, without a sigmoid. Every loss is a mean over all
logits; several discriminators or scales are summed by the system that has them. With the logit d and D = sigmoid(d):

kind           D minimises                                  G minimises          used by
minimax        -E log D(x) - E log(1 - D(G(z)))             E log(1 - D(G(z)))   GAN, Eq. 1
nonsaturating  the same                                     -E log D(G(z))       GAN, section 3; DCGAN, DiscoGAN,
                                                                                 CoGAN, UNIT (2017);
                                                                                 SinCUT with 1/2 in D
lsgan          1/2 E (d(x) - 1)^2 + 1/2 E d(G(z))^2         E (d(G(z)) - 1)^2    CycleGAN, CUT, ComboGAN;
                                                                                 MUNIT without the 1/2
hinge          E max(0, 1 - d(x)) + E max(0, 1 + d(G(z)))   -E d(G(z))           FUNIT; DCLGAN with 1/2 in D
                                                                                 and E max(0, 1 - d(G(z)))
                                                                                 in G
wasserstein    E d(G(z)) - E d(x), d held 1-Lipschitz       -E d(G(z))           StarGAN, DualGAN (with the penalty)

GAN: Goodfellow et al. 2014, arXiv 1406.2661. The 1/2 of `lsgan` belongs to D alone, as in CycleGAN, and is meant to
slow D down against G. The LSGAN paper (Mao et al. 2017, arXiv 1611.04076, Eq. 9) has it on both sides.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from labkit.errors import LabError

KINDS = ("minimax", "nonsaturating", "lsgan", "hinge", "wasserstein")


def _unknown(kind: str) -> LabError:
    return LabError(f"Unknown adversarial loss '{kind}': choose one of {', '.join(KINDS)}.")


def discriminator_loss(kind: str, real: Tensor, fake: Tensor) -> Tensor:
    """What D minimises, a scalar. `real`, `fake`: logits of any shape, on real and on (detached) generated images."""
    match kind:
        case "minimax" | "nonsaturating":  # -log D = softplus(-d), -log(1 - D) = softplus(d): finite for every d
            return softplus(-real).mean() + softplus(fake).mean()
        case "lsgan":
            return 0.5 * ((real - 1).square().mean() + fake.square().mean())
        case "hinge":
            return relu(1 - real).mean() + relu(1 + fake).mean()
        case "wasserstein":
            return fake.mean() - real.mean()
    raise _unknown(kind)


def generator_loss(kind: str, fake: Tensor) -> Tensor:
    """What G minimises, a scalar. `fake`: logits of any shape on generated images, not detached."""
    match kind:
        case "minimax":  # log(1 - D) = -softplus(fake): saturates where D is sure that the image is generated
            return -softplus(fake).mean()
        case "nonsaturating":  # -log D = softplus(-fake): steepest exactly there
            return softplus(-fake).mean()
        case "lsgan":
            return (fake - 1).square().mean()
        case "hinge" | "wasserstein":
            return -fake.mean()
    raise _unknown(kind)


def equilibrium(kind: str) -> tuple[float, float | None]:
    """The losses (of D, of G) when the generated distribution is the real one and D is optimal for it.

    D is then the same everywhere: 1/2 (lsgan: 1/2 as a logit). None: more than one constant is optimal for D, so that
    the loss of G has no fixed value (hinge: any constant logit in [-1, 1]; wasserstein: any).
    """
    match kind:
        case "minimax":
            return math.log(4), -math.log(2)
        case "nonsaturating":
            return math.log(4), math.log(2)
        case "lsgan":
            return 0.25, 0.25
        case "hinge":
            return 2.0, None
        case "wasserstein":
            return 0.0, None
    raise _unknown(kind)


def _input_gradient(D: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """d(sum of logits)/dx, one row an image: (B, numbers of one image). Differentiable again, in D's parameters."""
    x = x.detach().requires_grad_(True)
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    return gradient.flatten(1)


def gradient_penalty(
    D: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, generator: torch.Generator | None = None
) -> Tensor:
    """E (|grad D(x)| - 1)^2 on random points between real and generated images (WGAN-GP, Gulrajani et al. 2017, Eq. 3).

    `real`, `fake`: (B, ...) of one shape. The weight (10 in the paper, StarGAN and DualGAN) is the system's. D must
    judge each image alone: with BatchNorm in D the gradient of the sum would not be the gradient of each.
    """
    # where the draw is the caller's, it is made on the device of its generator
    device = generator.device if generator is not None else real.device
    shape = (real.shape[0], *[1] * (real.dim() - 1))  # one position on the line for each pair of images
    epsilon = torch.rand(shape, generator=generator, device=device, dtype=real.dtype).to(real.device)
    between = epsilon * real.detach() + (1 - epsilon) * fake.detach()
    return (_input_gradient(D, between).norm(dim=1) - 1).square().mean()


def r1_penalty(D: Callable[[Tensor], Tensor], real: Tensor) -> Tensor:
    """1/2 E |grad D(x)|^2 on real images (Mescheder et al. 2018, Eq. 9, without its weight gamma; SinCUT: gamma = 1).

    FUNIT's real-only penalty is the same without the 1/2. D must judge each image alone, as for `gradient_penalty`.
    """
    return 0.5 * _input_gradient(D, real).square().sum(dim=1).mean()


# What theory says, for densities tabulated on a grid of spacing `dx`.


def optimal_discriminator(p_real: Tensor, p_fake: Tensor) -> Tensor:
    """D* = p_real / (p_real + p_fake), the best answer to a fixed generator (Goodfellow et al. 2014, Proposition 1).

    Where neither density has mass every answer is as good; 1/2 is given.
    """
    total = p_real + p_fake
    return torch.where(total > 0, p_real / total.clamp_min(torch.finfo(total.dtype).tiny), 0.5)


def optimal_logit(kind: str, p_real: Tensor, p_fake: Tensor) -> Tensor:
    """What D says before any sigmoid where it is optimal, from both densities (of one shape, above 0 somewhere).

    It minimises the loss of D at each point: minimax and nonsaturating give log p_real / p_fake (Goodfellow et al.
    2014, Proposition 1), lsgan p_real / (p_real + p_fake) (Mao et al. 2017, Eq. 5), hinge the sign of p_real - p_fake.
    Raises LabError for wasserstein, whose critic is no function of the two densities at a point.
    """
    if kind in ("minimax", "nonsaturating"):
        return p_real.log() - p_fake.log()
    if kind == "lsgan":
        return optimal_discriminator(p_real, p_fake)
    if kind == "hinge":
        return (p_real - p_fake).sign()
    if kind == "wasserstein":
        raise LabError(
            "the best Wasserstein critic depends on both densities as a whole, not on their values at a point."
        )
    raise _unknown(kind)


def value(D: Tensor, p_real: Tensor, p_fake: Tensor, dx: float) -> Tensor:
    """V(D, G) = E_real log D + E_fake log(1 - D), a sum over the grid (Eq. 1). `D`: its answers on the grid, in [0, 1].

    At the optimum it is 2 JS(p_real, p_fake) - log 4 (Theorem 1), with the Jensen-Shannon divergence in nats.
    """
    tiny = torch.finfo(D.dtype).tiny  # an answer that was rounded to 0 or 1 must not cost infinitely much
    return (p_real * D.clamp_min(tiny).log() + p_fake * (1 - D).clamp_min(tiny).log()).sum() * dx
