"""Does a picture keep its meaning? What the judge f, the embedding and the latent code hold of it in either domain.

Linear probes are fitted to training images.
"""

import torch
from torch import Tensor

from labkit import judges, metrics
from labkit.evaluation.base import AT_ONCE, named, translated
from labkit.metrics import Measurement
from labkit.runs.run import Run
from labkit.systems.base import System

PROBED = 500  # images of a domain that a probe is fitted to


def constancy_error(run: Run) -> Measurement:
    """Mean squared distance of f(x) and f(G(x)), with the frozen judge as f, whatever became of the run's own f.

    In units of the features' variance: two unrelated digits are about 2 apart.
    """
    f = judges.load(run.system.settings.f)
    distance = (f.embed(run.dataset.test["A"].images) - f.embed(translated(run))).square().mean()
    return Measurement("constancy error", float(distance), len(run.dataset.test["A"]), seed=run.spec.seed)


@torch.no_grad()
def f_spread(run: Run) -> Measurement:
    """How far the features of the run's own f spread over the test images of A: their standard deviation, averaged over
    features. About 1 for a frozen f, 0 for a constant one."""
    spread = run.system.f.features(run.dataset.test["A"].images).std(0).mean()
    return Measurement("spread of f", float(spread), len(run.dataset.test["A"]), seed=run.spec.seed)


@torch.no_grad()
def embeddings(run: Run, part: str) -> tuple[Tensor, Tensor]:
    """Embeddings of the images of A and then of B in the `part` "train" (at most PROBED each) or "test", and the domain
    of each: (N, latent) and (N,)."""
    domains = getattr(run.dataset, part)
    n = min(PROBED, *(len(domains[key]) for key in "AB"))
    codes = [run.system.embed(domains[key].take(range(n)), key) for key in "AB"]
    return torch.cat(codes), torch.arange(2).repeat_interleave(n)


def domain_probe(run: Run) -> Measurement:
    """Test accuracy of a linear probe that guesses the domain from the embedding; chance is 0.5."""
    return metrics.linear_probe(embeddings(run, "train"), embeddings(run, "test"), seed=run.spec.seed)


def embedded_digit(run: Run) -> Measurement:
    """Test accuracy on B of a linear probe for the digit that was fitted to embeddings of A alone: one meaning, one
    place, whichever the domain. Chance is 0.1."""
    parts = []
    for part, key in (("train", "A"), ("test", "B")):
        domain = getattr(run.dataset, part)[key]
        with torch.no_grad():
            parts.append((run.system.embed(domain.images, key), domain.labels))
    return metrics.linear_probe(*parts, seed=run.spec.seed)


def semantic_error(run: Run) -> Measurement:
    """Mean absolute distance of the embeddings of x and of its translation A → B, in units of the embeddings' mean
    absolute deviation over the test images of A."""
    source = run.dataset.test["A"].images
    with torch.no_grad():
        code, after = run.system.embed(source, "A"), run.system.embed(translated(run), "B")
    value = (code - after).abs().mean() / (code - code.mean(0)).abs().mean().clamp_min(1e-8)
    return Measurement("semantic error", float(value), len(source), seed=run.spec.seed)


# One code for both domains --------------------------------------------------------------------------------------------


def latent_distance(run: Run) -> Measurement:
    """How far E_B(translation of x) lies from E_A(x), in units of its distance from the E_A of another image: 0 where
    a picture and its translation have one code, 1 where they have no more in common than any two."""
    return _distance(run, translated(run))


def latent_distance_truth(run: Run) -> Measurement:
    """The same for the true partner of x instead of its translation: the assumption itself, E_A(x_A) = E_B(x_B)."""
    return _distance(run, run.dataset.truth["A", "B"])


def latent_retrieval_truth(run: Run) -> Measurement:
    """The share of test images whose own true partner has, of all, the nearest code. Chance is 1 / n."""
    A, B = codes(run.system, run.dataset.test["A"].images, "A"), codes(run.system, run.dataset.truth["A", "B"], "B")
    value = float((torch.cdist(A, B).argmin(1) == torch.arange(len(A))).float().mean())
    return Measurement("latent retrieval", value, len(A), "test", None, run.spec.seed)


@torch.no_grad()
def codes(system: System, images: Tensor, domain: str) -> Tensor:
    """The codes of images, without noise, one row an image."""
    return torch.cat([system.encode(part, domain).flatten(1) for part in images.split(AT_ONCE)])


def _distance(run: Run, partners: Tensor) -> Measurement:
    A, B = codes(run.system, run.dataset.test["A"].images, "A"), codes(run.system, partners, "B")
    distance = torch.cdist(A, B)
    others = (distance.sum() - distance.trace()) / (distance.numel() - len(distance))
    value = float(distance.diagonal().mean() / others)
    return Measurement("latent distance", value, len(A), "test", None, run.spec.seed)


MEASURES = named(
    constancy_error,
    f_spread,
    domain_probe,
    embedded_digit,
    semantic_error,
    latent_distance,
    latent_distance_truth,
    latent_retrieval_truth,
)
