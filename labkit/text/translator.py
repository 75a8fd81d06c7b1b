"""Translation of sentences without pairs: denoising auto-encoders, cross-domain training, a discriminator of codes.

Paper:    Lample, Conneau, Denoyer, Ranzato, "Unsupervised Machine Translation Using Monolingual Corpora Only", ICLR
          2018, arXiv 1711.00043. Equations: 1 (denoising auto-encoding), 2 (cross-domain training), 3 (adversarial), 4
          (their sum), 5 (the criterion that needs no pairs, in `labkit.text.scores`).
Official: none for this paper; github.com/facebookresearch/UnsupervisedMT is the code of its successor.

Differences
1. The decoder's attention comes after its LSTM and not before; it starts from nothing but the code.
2. Losses are means over words; the paper sums over the words of a sentence.
3. M translates each batch as it comes; the paper translates all sentences once a round. Within a round M stands still,
   so these are the same sentences.
4. The paper learns its first dictionary from embeddings of words; here whoever builds the system hands one over, and
   `labkit.text.dictionary.by_company` makes one of counts alone.
5. Embeddings start at random. The paper's start from vectors that were trained on much more text.
"""

import copy
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from labkit.losses.domain import tell_domains
from labkit.nets.mlp import mlp
from labkit.systems.base import Player, System
from labkit.text.languages import END, PAD, closed
from labkit.text.networks import SentenceAutoencoder
from labkit.text.noise import corrupted

LANGUAGES = ("A", "B")


@dataclass(frozen=True)
class SentenceSettings:
    """The paper's values; a miniature for the toy languages is width 64, hidden 128, layers 1, judge 128, lr 2e-3."""

    width: int = 300  # numbers of a word
    hidden: int = 300  # numbers of a state
    layers: int = 3  # of both LSTMs
    judge: int = 1024  # width of the discriminator's three hidden layers
    lambda_auto: float = 1.0  # weight of denoising auto-encoding, both languages
    lambda_cd: float = 1.0  # weight of cross-domain training, both ways
    lambda_adv: float = 1.0  # weight of being misread by D; 0 leaves D out
    drop: float = 0.1  # noise C: share of the words that are dropped
    shuffle: int = 3  # noise C: how many places a word may move
    refresh: int = 1000  # steps of a round, after which M becomes what the model is by then
    smoothing: float = 0.1  # share of the wrong language in what D is asked to say
    lr: float = 3e-4  # learning rate of the model's Adam
    beta1: float = 0.5  # its first coefficient
    d_lr: float = 5e-4  # learning rate of D's RMSprop


class SentenceTranslator(System):
    """Batches hold "A" and "B", sentences (B, L) int64: words, END, PAD.

    dictionaries: the first translator, word by word: for each word of A one of B, for each word of B one of A.
    """

    Settings = SentenceSettings
    training_only = ("D", "M")

    def __init__(self, dictionaries: tuple[Tensor, Tensor], settings: SentenceSettings = SentenceSettings()):
        super().__init__()
        self.settings = s = settings
        vocabularies = len(dictionaries[0]), len(dictionaries[1])
        self.G = SentenceAutoencoder(vocabularies, s.width, s.hidden, s.layers)
        if s.lambda_adv:
            self.D = mlp(2 * (s.hidden // 2), s.judge, s.judge, s.judge, 1, slope=0.2)
        if s.lambda_cd:
            self.M = copy.deepcopy(self.G).requires_grad_(False)
        self.register_buffer("there", dictionaries[0].clone())
        self.register_buffer("back", dictionaries[1].clone())
        self.register_buffer("steps_done", torch.zeros((), dtype=torch.int64))

    def players(self) -> tuple[Player, ...]:
        s = self.settings
        model = Player("G", ("G",), partial(torch.optim.Adam, lr=s.lr, betas=(s.beta1, 0.999)))
        if not s.lambda_adv:
            return (model,)
        return Player("D", ("D",), partial(torch.optim.RMSprop, lr=s.d_lr)), model

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        s, out = self.settings, {f"real_{key}": batch[key] for key in LANGUAGES}
        if s.lambda_cd:
            out["fake_B"], out["fake_A"] = self._last(batch["A"], 0), self._last(batch["B"], 1)
        kinds = ["real"] * bool(s.lambda_auto or s.lambda_adv) + ["fake"] * bool(s.lambda_cd)
        with torch.set_grad_enabled("G" in due):
            for place, key in enumerate(LANGUAGES):
                for kind in kinds:
                    noisy = corrupted(out[f"{kind}_{key}"], s.drop, s.shuffle)
                    out |= {f"noisy_{kind}_{key}": noisy, f"code_{kind}_{key}": self.G.encode(noisy, place)}
        return out

    @torch.no_grad()
    def _last(self, x: Tensor, src: int) -> Tensor:
        """M(x): sentences in the other language, by the model of the round before; in the first round word by word."""
        if self.steps_done < self.settings.refresh:
            return self.word_by_word(x, LANGUAGES[src])
        return self.M.translate(x, src, 1 - src)

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        s, terms = self.settings, {}
        if player == "D":
            read_A, read_B = (self.D(self._states(out, key).detach()) for key in LANGUAGES)
            return {"code": tell_domains(read_A, read_B, s.smoothing)}
        for key, other in (("A", "B"), ("B", "A")):
            if s.lambda_auto:
                terms[f"auto_{key}"] = s.lambda_auto * self._repair(out, f"real_{key}", key)  # Eq. 1
            if s.lambda_cd:
                terms[f"cd_{key}"] = s.lambda_cd * self._repair(out, f"fake_{other}", key)  # Eq. 2
        if s.lambda_adv:  # Eq. 3: each state under the other language's name
            read_A, read_B = (self.D(self._states(out, key)) for key in LANGUAGES)
            terms["adv"] = s.lambda_adv * tell_domains(read_B, read_A)
        return terms

    def _repair(self, out: dict[str, Tensor], source: str, key: str) -> Tensor:
        """Cross-entropy of the true sentence of language `key`, given the code of what noise left of `source`."""
        wanted = out[f"real_{key}"]
        logits = self.G.logits(out[f"code_{source}"], out[f"noisy_{source}"], wanted, LANGUAGES.index(key))
        return cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=PAD)

    @staticmethod
    def _states(out: dict[str, Tensor], key: str) -> Tensor:
        """The states of all words of a language, of true sentences and of translations, (N, hidden)."""
        kinds = [kind for kind in ("real", "fake") if f"code_{kind}_{key}" in out]
        return torch.cat([out[f"code_{kind}_{key}"][out[f"noisy_{kind}_{key}"] != PAD] for kind in kinds])

    @torch.no_grad()
    def after_step(self, due: frozenset[str]) -> None:
        self.steps_done += 1
        if self.settings.lambda_cd and self.steps_done % self.settings.refresh == 0:
            self.M.load_state_dict(self.G.state_dict())

    def word_by_word(self, x: Tensor, src: str = "A") -> Tensor:
        """Sentences (B, L) by the dictionary, in the order of their words; a word for which it has PAD is left out."""
        return closed((self.there if src == "A" else self.back)[x])

    def translate(self, x: Tensor, src: str = "A", dst: str = "B") -> Tensor:
        """Sentences (B, L) of `src` in `dst`, (B, L): the likeliest word at every place."""
        return self.G.translate(x, LANGUAGES.index(src), LANGUAGES.index(dst))

    def states(self, x: Tensor, src: str) -> Tensor:
        """The states of all words of sentences, (N, hidden): what a probe may read the language off."""
        return self.G.encode(x, LANGUAGES.index(src))[(x != PAD) & (x != END)]
