"""Losses of what two domains share: an embedding that hides its domain, a meaning that stays, a picture that is smooth.

DTN:  Taigman, Polyak, Wolf, "Unsupervised cross-domain image generation", ICLR 2017, arXiv 1611.02200, Eq. 2 to 7.
DANN: Ganin et al., "Domain-adversarial training of neural networks", JMLR 2016, arXiv 1505.07818, section 4.
LDD:  Lample, Conneau, Denoyer, Ranzato, "Unsupervised machine translation using monolingual corpora only", ICLR 2018,
      arXiv 1711.00043, section 2.5.
XGAN: Royer et al., "XGAN: unsupervised image-to-image translation for many-to-many mappings", 2018, arXiv 1711.05139.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.losses.reconstruction import l2

SOURCE, TARGET, REAL = 0, 1, 2  # the classes of DTN's discriminator: G(s), G(t), and a real t


class _Reversal(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, weight: float) -> Tensor:
        ctx.weight = weight
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return -ctx.weight * gradient, None


def reverse_gradient(x: Tensor, weight: float = 1.0) -> Tensor:
    """x itself; on the way back its gradient is multiplied by -weight (Ganin et al., Eq. 14 and 15).

    What comes after it learns to lower a loss, what comes before it to raise the same loss, in one backward pass.
    """
    return _Reversal.apply(x, weight)


def domain_adversarial(
    classifier: Callable[[Tensor], Tensor], code_A: Tensor, code_B: Tensor, weight: float = 1.0
) -> Tensor:
    """How well `classifier` tells the domains of the codes (B, C) apart: -E log c(code_A) - E log(1 - c(code_B)).

    `classifier` gives one logit a code, and minimises this; the encoders before it, behind the reversal, maximise
    `weight` times it. Where it can only guess, the loss is log 4.
    """
    logits_A, logits_B = (classifier(reverse_gradient(code, weight)) for code in (code_A, code_B))
    return F.softplus(-logits_A).mean() + F.softplus(logits_B).mean()


def tell_domains(logits_A: Tensor, logits_B: Tensor, smoothing: float = 0.0) -> Tensor:
    """What a latent domain discriminator minimises: -E log p(A | code of A) - E log p(B | code of B).

    Logits of any shape, high for A, on codes of A and of B. An encoder that wants to be misread minimises the same of
    its codes under each other's names: `tell_domains(logits_B, logits_A)`. log 4 where the codes tell nothing.

    smoothing: the share of the wrong name in what D is asked to say, which keeps its logits finite.
    """
    of_A = (1 - smoothing) * F.softplus(-logits_A) + smoothing * F.softplus(logits_A)
    of_B = (1 - smoothing) * F.softplus(logits_B) + smoothing * F.softplus(-logits_B)
    return of_A.mean() + of_B.mean()


def ternary_discriminator(of_source: Tensor, of_target: Tensor, real: Tensor) -> Tensor:
    """What DTN's D minimises (Eq. 3): the cross-entropies of G(s) as class 0, G(t) as class 1, real t as class 2.

    Each argument: logits (B, 3). A sum of three means: 3 log 3 where D can only guess.
    """
    return _cross_entropy(of_source, SOURCE) + _cross_entropy(of_target, TARGET) + _cross_entropy(real, REAL)


def ternary_generator(of_source: Tensor, of_target: Tensor) -> Tensor:
    """What DTN's G minimises (Eq. 4): both of its images should be taken for real ones. 2 log 3 where D can only guess.

    Each argument: logits (B, 3), on images that are not detached.
    """
    return _cross_entropy(of_source, REAL) + _cross_entropy(of_target, REAL)


def _cross_entropy(logits: Tensor, kind: int) -> Tensor:
    return -logits.log_softmax(1)[:, kind].mean()


def constancy(features: Tensor, features_of_translation: Tensor, distance: str = "l2") -> Tensor:
    """The f-constancy of DTN (Eq. 2 and 5): d(f(x), f(G(x))), averaged over images (B, C).

    distance: "l2", the mean squared difference (the paper's choice for digits), or "cosine", 1 - cosine (for faces).
    """
    if distance == "cosine":
        return 1 - F.cosine_similarity(features, features_of_translation, dim=1).mean()
    return l2(features_of_translation, features)


def total_variation(images: Tensor, eps: float = 1e-8) -> Tensor:
    """How rough images (B, C, H, W) are (Eq. 7, its exponent B = 1): the length of the step to the right and down
    neighbours, averaged over images, channels and pixels.

    The paper sums over pixels; a mean keeps its weight comparable between sizes. `eps` keeps the root's slope finite
    on flat ground.
    """
    down = images[:, :, 1:, :-1] - images[:, :, :-1, :-1]
    right = images[:, :, :-1, 1:] - images[:, :, :-1, :-1]
    return (down.square() + right.square() + eps).sqrt().mean()
