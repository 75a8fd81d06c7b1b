"""A dictionary that was learned without a pair: words that keep alike company in their languages mean the same.

The paper learns its first dictionary from embeddings of words (Conneau et al. 2018, arXiv 1710.04087). Embeddings say
which words occur together; so does a table of counts, which is enough for small vocabularies. The start is the idea of
Artetxe et al. 2018 (arXiv 1805.06297): how often a word meets others, sorted, is the same in every language.
"""

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from labkit.text.languages import MARKS, Sentences

ROUNDS = 30
LEVELS = 20  # quantiles of a word's company that are compared at the start
BY_FREQUENCY = 3.0  # weight of a word's own frequency beside its company


def by_company(src: Sentences, dst: Sentences) -> Tensor:
    """For each word of `src` one of `dst`, (words of src,) int64; marks stay marks. No word is taken twice, as long as
    there are enough.

    At first words are matched whose company is alike whatever it consists of. From then on it is compared word by word,
    through the dictionary of the round before, until that no longer changes.
    """
    (company, often), (other_company, other_often) = (_company(sentences) for sentences in (src, dst))
    levels = torch.linspace(0, 1, LEVELS)
    cost = torch.cdist(
        torch.cat([company.quantile(levels, 1).T, often], 1),
        torch.cat([other_company.quantile(levels, 1).T, other_often], 1),
    )
    pairs = None
    for _ in range(ROUNDS):
        before, pairs = pairs, torch.stack([torch.from_numpy(side) for side in linear_sum_assignment(cost.numpy())])
        if before is not None and torch.equal(before, pairs):
            break
        cost = torch.cdist(
            torch.cat([company[:, pairs[0]], BY_FREQUENCY * often], 1),
            torch.cat([other_company[:, pairs[1]], BY_FREQUENCY * other_often], 1),
        )
    found = cost.argmin(1)
    found[pairs[0]] = pairs[1]
    return torch.cat([torch.arange(len(MARKS)), len(MARKS) + found])


def _company(sentences: Sentences) -> tuple[Tensor, Tensor]:
    """How much more often than by chance two words are in one sentence, (words, words), and how often each is, (words,
    1): logarithms, half an occurrence added."""
    present = torch.zeros(len(sentences), len(sentences.words)).scatter_(1, sentences.numbers, 1.0)[:, len(MARKS) :]
    together, often = present.T @ present, present.sum(0)
    by_chance = torch.outer(often, often) / len(sentences)
    company = ((together + 0.5) / (by_chance + 0.5)).log().fill_diagonal_(0.0)
    return company, ((often + 0.5) / len(sentences)).log()[:, None]
