"""BLEU of translations, and the criterion that needs no pairs."""

from collections.abc import Sequence

from sacrebleu import corpus_bleu

from labkit.text.languages import Languages
from labkit.text.translator import SentenceTranslator


def bleu(found: Sequence[str], wanted: Sequence[str]) -> float:
    """BLEU of sentences, in [0, 100], by sacrebleu (Post 2018, arXiv 1804.08771), words split at spaces alone."""
    return corpus_bleu(list(found), [list(wanted)], tokenize="none", force=True).score


def translation_bleu(system: SentenceTranslator, data: Languages, src: str = "A", dst: str = "B") -> float:
    """BLEU of the test sentences' translations against the true ones, which training never sees."""
    translated = system.translate(data.test[src].numbers, src, dst)
    return bleu(data.test[dst].texts(translated), data.test[dst].texts())


def word_by_word_bleu(system: SentenceTranslator, data: Languages, src: str = "A", dst: str = "B") -> float:
    """The same of what the first dictionary makes of them."""
    return bleu(data.test[dst].texts(system.word_by_word(data.test[src].numbers, src)), data.test[dst].texts())


def round_trip_bleu(system: SentenceTranslator, data: Languages) -> float:
    """The mean over both languages of BLEU between test sentences and what comes home of them (Eq. 5 of Lample et al.
    2017). It looks at each language alone."""
    scores = []
    for src, dst in (("A", "B"), ("B", "A")):
        x = data.test[src]
        scores.append(bleu(x.texts(system.translate(system.translate(x.numbers, src, dst), dst, src)), x.texts()))
    return sum(scores) / 2
