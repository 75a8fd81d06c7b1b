"""What the measures of all questions stand on: the translations of a run's test images.

A measure takes a finished run and returns a `Measurement`. It looks at test images only, or at what a generator makes
of nothing but noise; a probe may be fitted to training images.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit import judges
from labkit.judges import Judge
from labkit.metrics import Measurement
from labkit.runs.run import Run
from labkit.systems.base import Translator
from labkit.train.seeding import seeded

Measure = Callable[[Run], Measurement]
Pictures = Callable[[Run, str, str], Tensor]  # (run, src, dst) -> what stands for the translations of src's test images

AT_ONCE = 64  # images translated in one pass


def translated(run: Run, src: str = "A", dst: str = "B") -> Tensor:
    """All test images of `src` translated to `dst`: (N, C, H, W). What the system draws depends on the run's seed."""
    return translate_all(run.system, run.dataset.test[src].images, src, dst, run.spec.seed)


def copied(run: Run, src: str, dst: str) -> Tensor:
    """The test pictures of `src` as they are."""
    return run.dataset.test[src].images


def recoloured(run: Run, src: str, dst: str) -> Tensor:
    """The test pictures of `src`, their colour channels brought to the mean and deviation of `dst`'s training ones."""
    x, wanted = run.dataset.test[src].images, run.dataset.train[dst].images
    (mean, std), (new_mean, new_std) = (
        (part.mean((0, 2, 3))[:, None, None], part.std((0, 2, 3))[:, None, None]) for part in (x, wanted)
    )
    return ((x - mean) / std * new_std + new_mean).clamp(-1, 1)


@torch.no_grad()
def translate_all(system: Translator, images: Tensor, src: str = "A", dst: str = "B", seed: int = 0) -> Tensor:
    """Images (N, C, H, W) of `src` translated to `dst`, a few at a time, in evaluation mode and without gradients."""
    training = system.training
    system.eval()
    with seeded(seed, "translate"):
        result = torch.cat([system.translate(part, src, dst) for part in images.split(AT_ONCE)])
    system.train(training)
    return result


def named(*measures: Measure) -> dict[str, Measure]:
    """Measures by the names of their functions."""
    return {measure.__name__: measure for measure in measures}


def mean_of(name: str, values: Tensor, run: Run) -> Measurement:
    """The mean of one value for each test image, (N,)."""
    return Measurement(name, float(values.float().mean()), len(values), "test", None, run.spec.seed)


def judge_of(run: Run, domain: str = "B") -> Judge:
    """The frozen judge of a domain of the run."""
    return judges.load(run.dataset.test[domain].name)
