"""The terms of variational autoencoders: the code's distribution against the prior N(0, I), and a draw from it.

An encoder maps an image to a Gaussian q(z|x) = N(μ, σ²I) over codes. Training minimises the negative evidence bound

    KL(q(z|x) ‖ N(0, I)) − E_q log p(x|z)    ≥    − log p(x)

(Kingma and Welling 2014, arXiv 1312.6114, Eq. 3 and 10). The second part is a reconstruction error: with a Laplacian
p(x|z) the absolute one (`l1`), with a Gaussian the squared one. Of the first part the papers of this workbook use
three forms, which differ in constants and in what is summed:

function        value                          used by
kl              ½ Σ (μ² + σ² − log σ² − 1)     the theory
kl_fixed        mean μ²                        UNIT, whose σ is 1 everywhere: 2 KL / numbers in a code
kl_digits       Σ (μ² + σ² − log σ²)           UNIT's code for digits: 2 KL + numbers in a code

Sums run over the numbers of one code, and all are means over the batch.
"""

import torch
from torch import Tensor


def reparameterise(mu: Tensor, sigma: Tensor | float = 1.0, generator: torch.Generator | None = None) -> Tensor:
    """A draw z = μ + σ ε, ε ~ N(0, I), through which gradients reach μ and σ (Kingma and Welling 2014, section 2.4).

    `mu`: (B, …); `sigma`: of the same shape, or one number for all.
    """
    device = generator.device if generator is not None else mu.device
    epsilon = torch.randn(mu.shape, generator=generator, device=device, dtype=mu.dtype).to(mu.device)
    return mu + sigma * epsilon


def kl(mu: Tensor, sigma: Tensor) -> Tensor:
    """KL(N(μ, σ²I) ‖ N(0, I)) in nats, mean over the batch. `mu`, `sigma` > 0: (B, …). Never negative."""
    return 0.5 * (mu.square() + sigma.square() - sigma.square().log() - 1).flatten(1).sum(1).mean()


def kl_fixed(mu: Tensor) -> Tensor:
    """mean μ² over batch and code (B, …): UNIT's KL term, for σ = 1. It is 2 / numbers-in-a-code times `kl`."""
    return mu.square().mean()


def kl_digits(mu: Tensor, sigma: Tensor) -> Tensor:
    """Σ (μ² + σ² − log σ²), mean over the batch: twice `kl`, plus the numbers in a code, which pull on nothing."""
    return (mu.square() + sigma.square() - sigma.square().log()).flatten(1).sum(1).mean()
