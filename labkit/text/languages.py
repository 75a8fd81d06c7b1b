"""Two toy languages over one grammar. A has English words; those of B are made up.

What a sentence says is drawn first: who does what to whom, where, how. Each language then says it in its own way.

A  "the small dog sees the red apple in the garden often": the adjective before its noun, how at the end
B  dog small, often, sees, apple red, garden in: the adjective after its noun, how before the verb, no article

So word by word is seldom right. Some words have two meanings, which the sentence tells apart: "light" is a lamp's or a
stone's, "bat" acts or is acted upon; B has one word for "tall", said of people, and "big", and one for "sees" and
"meets", where whom one meets is alive.

Some words are frequent and others rare, as 1 / rank within their kind. Nothing said in A's training sentences is said
in B's, nor in the test sentences, which are pairs: only scores may look at them together.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from labkit.errors import LabError

PAD, START, END = range(3)
MARKS = ("<pad>", "<start>", "<end>")
LONGEST = 14  # words of the longest sentence of A

PEOPLE = ("girl", "king", "boy", "farmer", "nurse", "pilot")
ANIMALS = ("dog", "cat", "bird", "bat*", "fox", "horse", "bear", "frog")
HEAVY = ("stone", "box", "book", "bag", "bat", "chair", "apple", "cup")
BRIGHT = ("lamp", "candle", "star", "moon")
PLACES = ("house", "garden", "forest", "city", "school", "street")
MEETINGS = ("meets", "follows", "calls", "likes")
HANDLINGS = ("sees", "finds", "takes", "hides", "paints", "breaks", "wants")
ALONE = ("sleeps", "waits", "sings", "runs", "falls")
ADJECTIVES = ("small", "old", "red", "new", "green", "white", "dirty")
MANNERS = ("often", "today", "slowly", "never", "quietly")
CONCEPTS = (
    *(*PEOPLE, *ANIMALS, *HEAVY, *BRIGHT, *PLACES, *MEETINGS, *HANDLINGS, *ALONE, *ADJECTIVES, *MANNERS),
    *("tall", "big", "light", "light*", "in"),
)
ONE_WORD_IN_B = {"tall": "big", "meets": "sees"}


class Noun(NamedTuple):
    noun: str
    adjective: str | None


class Meaning(NamedTuple):
    """What a sentence says, in concepts; a star tells a second meaning of a word of A."""

    subject: Noun
    verb: str
    thing: Noun | None
    place: str | None
    manner: str | None


@dataclass(frozen=True)
class Sentences:
    """Sentences of one language as numbers, (N, LONGEST + 1) int64: words, then END, then PAD.

    `words`: the vocabulary, by number; the first three are marks.
    """

    words: tuple[str, ...]
    numbers: Tensor

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, indices: Sequence[int], draws: Sequence[int] | None = None) -> Tensor:
        """The sentences at `indices`, (B, LONGEST + 1); `draws` are not used: what is called a domain takes both."""
        return self.numbers[torch.as_tensor(indices, dtype=torch.int64)]

    def texts(self, numbers: Tensor | None = None) -> list[str]:
        """Sentences as text; by default one's own."""
        rows = (self.numbers if numbers is None else numbers).tolist()
        return [" ".join(self.words[i] for i in row[: row.index(END) if END in row else None]) for row in rows]


@dataclass(frozen=True)
class Languages:
    """`train["A"]` and `train["B"]` have nothing to do with each other; sentence i of `test["B"]` translates that of
    `test["A"]`.

    dictionaries: the true ones, hidden from training: a word of B for each word of A, and of A for each word of B; one
    of them where there are two, PAD where there is none.
    """

    train: dict[str, Sentences]
    test: dict[str, Sentences]
    dictionaries: tuple[Tensor, Tensor]


def languages(n_train: int = 5000, n_test: int = 300, seed: int = 0) -> Languages:
    """Training sentences of each language, and test pairs. Raises LabError for fewer than one of each."""
    if min(n_train, n_test) < 1:
        raise LabError(f"languages: at least one sentence each, found n_train {n_train} and n_test {n_test}.")
    stream = _different(random.Random(seed))
    said = {part: [next(stream) for _ in range(n)] for part, n in (("test", n_test), ("A", n_train), ("B", n_train))}
    of_B = made_up(CONCEPTS, seed)
    tongues = {"A": in_A, "B": lambda meaning: in_B(meaning, of_B)}
    own = {"A": sorted({_spelled(c) for c in CONCEPTS} | {"the"}), "B": sorted(set(of_B.values()))}
    known = {key: (*MARKS, *words) for key, words in own.items()}
    train = {key: _numbered([tongues[key](m) for m in said[key]], known[key]) for key in "AB"}
    test = {key: _numbered([tongues[key](m) for m in said["test"]], known[key]) for key in "AB"}
    there, back = (torch.tensor([*range(len(MARKS)), *[PAD] * len(own[key])]) for key in "AB")
    for concept in reversed(CONCEPTS):  # of two meanings the one that stands first
        of_A, other = known["A"].index(_spelled(concept)), known["B"].index(of_B[concept])
        there[of_A], back[other] = other, of_A
    return Languages(train, test, (there, back))


def in_A(meaning: Meaning) -> list[str]:
    """The words of A that say it."""

    def phrase(noun: Noun) -> list[str]:
        return ["the", *([_spelled(noun.adjective)] if noun.adjective else []), _spelled(noun.noun)]

    words = [*phrase(meaning.subject), meaning.verb]
    words += phrase(meaning.thing) if meaning.thing else []
    words += ["in", "the", meaning.place] if meaning.place else []
    return words + ([meaning.manner] if meaning.manner else [])


def in_B(meaning: Meaning, word: dict[str, str]) -> list[str]:
    """The words of B that say it; `word`: of each concept."""

    def phrase(noun: Noun) -> list[str]:
        return [noun.noun, *([noun.adjective] if noun.adjective else [])]

    concepts = phrase(meaning.subject)
    concepts += [meaning.manner] if meaning.manner else []
    concepts.append(meaning.verb)
    concepts += phrase(meaning.thing) if meaning.thing else []
    concepts += [meaning.place, "in"] if meaning.place else []
    return [word[concept] for concept in concepts]


def made_up(concepts: Sequence[str], seed: int) -> dict[str, str]:
    """A word of B for each concept, of two or three syllables, the same for the same seed."""
    rng, words = random.Random(f"words {seed}"), {}
    for concept in concepts:
        word = ""
        while not word or word in words.values():
            word = "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(rng.choice((2, 3))))
        words[concept] = word
    return words | {concept: words[other] for concept, other in ONE_WORD_IN_B.items()}


def closed(x: Tensor) -> Tensor:
    """Sentences (B, L) whose gaps, PAD between words, went to the end."""
    places = torch.arange(x.shape[1], device=x.device)
    return x.gather(1, ((x == PAD) * x.shape[1] + places).argsort(1))


def _different(rng: random.Random) -> Iterator[Meaning]:
    """Meanings, each once."""
    seen = set()
    while True:
        meaning = _drawn(rng)
        if meaning not in seen:
            seen.add(meaning)
            yield meaning


def _drawn(rng: random.Random) -> Meaning:
    def one(*kinds: str) -> str:
        return rng.choices(kinds, [1 / (rank + 1) for rank in range(len(kinds))])[0]

    def noun(name: str) -> Noun:
        size = ["tall" if name in PEOPLE else "big"] if name in (*PEOPLE, *ANIMALS, *HEAVY) else []
        light = ["light"] if name in HEAVY else ["light*"] if name in BRIGHT else []
        return Noun(name, one(*size, *light, *ADJECTIVES) if rng.random() < 0.5 else None)

    living = [*PEOPLE, *ANIMALS]
    subject = noun(one(*living) if rng.random() < 0.5 else one(*PEOPLE))
    kind = rng.random()
    if kind < 0.25:
        verb, thing = one(*ALONE), None
    elif kind < 0.5:
        verb, thing = one(*MEETINGS), noun(one(*ANIMALS[:3], *PEOPLE))
    else:
        verb, thing = one(*HANDLINGS), noun(one(*BRIGHT) if rng.random() < 0.3 else one(*HEAVY))
    place = one(*PLACES) if rng.random() < 0.4 else None
    return Meaning(subject, verb, thing, place, one(*MANNERS) if rng.random() < 0.3 else None)


def _spelled(concept: str) -> str:
    return concept.rstrip("*")


def _numbered(sentences: Sequence[Sequence[str]], words: tuple[str, ...]) -> Sentences:
    number = {word: i for i, word in enumerate(words)}
    numbers = torch.full((len(sentences), LONGEST + 1), PAD)
    for row, sentence in zip(numbers, sentences, strict=True):
        row[: len(sentence) + 1] = torch.tensor([*(number[word] for word in sentence), END])
    return Sentences(words, numbers)
