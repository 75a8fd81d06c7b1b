"""LDD: two denoising auto-encoders around one code, from which a discriminator tries in vain to read the domain.

Paper:    Lample, Conneau, Denoyer, Ranzato, "Unsupervised Machine Translation Using Monolingual Corpora Only", ICLR
          2018, arXiv 1711.00043. Equations: 1 (denoising auto-encoding), 2 (cross-domain training), 3 (adversarial), 4
          (their sum); section 3.1 and Algorithm 1 (rounds).
Official: none for this paper. github.com/facebookresearch/UnsupervisedMT is the code of its successor, which has the
          discriminator as an option and leaves it off.

The paper translates sentences and never mentions pictures. Here its three losses train on pictures, and no
discriminator ever looks at one: whether a translation looks like its domain, the decoder alone answers for.

Differences
1. In the paper both languages share encoder, decoder and attention, each with a table of words of its own. Here the
   residual blocks are shared, and each domain has the layers between pixels and blocks. A code is a map; each of its
   places stands for the state of a word.
2. The distance Δ is the mean absolute difference of pixels, instead of the summed cross-entropy of words.
3. Noise C: words are dropped and shuffled locally, here squares, rows and columns (`labkit.data.corruption`).
4. The first translator M translates word by word, by a dictionary that was learned without pairs; here it copies the
   picture pixel by pixel. M is then the model as it was at the end of the last round; a round has `refresh` steps. The
   paper translates all its sentences once a round, and has three rounds. The successor translates as it goes, which is
   `refresh` 1.
5. D judges each place alone, as in the paper each state; the logarithms are averaged over places, there summed. Both
   players see the codes of C(x) and of C(M(x)); the successor's D reads clean sentences.
6. A weight of 0 leaves a loss and its passes out.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from labkit.data.corruption import corrupted
from labkit.errors import LabError
from labkit.losses.domain import tell_domains
from labkit.losses.reconstruction import l1
from labkit.nets.many_domains import CodeDiscriminator, ManyAutoencoders
from labkit.nets.upsampling import Upsampling
from labkit.systems.base import Player, Translator, by_average

DOMAINS = ("A", "B")


@dataclass(frozen=True)
class LDDSettings:
    """The paper's values where pictures have any, and networks of CycleGAN's size; a miniature for 32 px is ngf 16,
    blocks 2, shared 2, hidden 64."""

    channels: int = 3  # colour channels of both domains
    ngf: int = 64  # width of the first layer
    blocks: int = 9  # residual blocks from image to image
    shared: int = 9  # how many of them, those next to the code, are one for both domains
    halvings: int = 2  # how often the side is halved on the way to the code
    hidden: int = 1024  # width of the discriminator's hidden layers
    d_layers: int = 3  # hidden layers of the discriminator
    lambda_auto: float = 1.0  # weight of denoising auto-encoding, both domains
    lambda_cd: float = 1.0  # weight of cross-domain training, both ways
    lambda_adv: float = 1.0  # weight of being misread by D; 0 leaves D out
    drop: float = 0.1  # noise C: share of the squares that are dropped; 0: none
    drop_side: int = 4  # side of such a square in pixels
    shuffle: int = 3  # noise C: how far a row or a column may move, in pixels; 0: not at all
    white: float = 0.0  # noise C: standard deviation of white noise; 0: none
    refresh: int = 1000  # steps of a round, after which M becomes what the model is by then
    smoothing: float = 0.1  # share of the wrong domain in what D is asked to say
    lr: float = 3e-4  # learning rate of the auto-encoders' Adam
    beta1: float = 0.5  # its first coefficient
    d_lr: float = 5e-4  # learning rate of D's RMSprop
    ema: float = 0.0  # decay of an average of the auto-encoders that translates, as 0.999; 0: none
    upsample: Upsampling = "transposed"  # how the decoders double their maps; resize: without checkerboards


def in_one_pass(network: Callable[[Tensor], Tensor], given: dict[str, Tensor]) -> dict[str, Tensor]:
    """What `network` makes of each batch in `given`; InstanceNorm lets them share a pass."""
    made = network(torch.cat([*given.values()]))
    return dict(zip(given, made.split([len(x) for x in given.values()]), strict=True))


class LDD(Translator):
    Settings = LDDSettings
    training_only = (*Translator.training_only, "M")

    def __init__(self, settings: LDDSettings = LDDSettings()):
        super().__init__()
        self.settings = s = settings
        if not (s.lambda_auto or s.lambda_cd):
            raise LabError("ldd: without lambda_auto and lambda_cd nothing is asked of a decoder; set one of them.")
        if s.refresh < 1:
            raise LabError(f"ldd: a round has at least one step, found refresh {s.refresh}.")
        self.G = ManyAutoencoders(len(DOMAINS), s.channels, s.ngf, s.blocks, s.shared, s.halvings, s.upsample)
        if s.lambda_adv:
            self.D = CodeDiscriminator(self.G.width, s.hidden, s.d_layers)
        if s.lambda_cd:
            self.M = copy.deepcopy(self.G).requires_grad_(False)
        self.register_buffer("steps_done", torch.zeros((), dtype=torch.int64))  # a buffer: rounds survive a stop
        self.keep_averages("G")

    def players(self) -> tuple[Player, ...]:
        s = self.settings
        auto_encoders = Player("G", ("G",), partial(torch.optim.Adam, lr=s.lr, betas=(s.beta1, 0.999)))
        if not s.lambda_adv:
            return (auto_encoders,)
        return Player("D", ("D",), partial(torch.optim.RMSprop, lr=s.d_lr)), auto_encoders

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        s, G, out = self.settings, self.G, {"real_A": batch["A"], "real_B": batch["B"]}
        if s.lambda_cd:
            out["fake_B"], out["fake_A"] = self._last(batch["A"], 0), self._last(batch["B"], 1)
        with torch.set_grad_enabled("G" in due):
            for place, d in enumerate(DOMAINS):
                given = {}
                if s.lambda_auto or s.lambda_adv:
                    given[f"own_{d}"] = self._noisy(out[f"real_{d}"])  # C(x)
                if s.lambda_cd:
                    given[f"across_{d}"] = self._noisy(out[f"fake_{d}"])  # C(M(x))
                out |= in_one_pass(partial(G.encode, domain=place), given)
            if "G" in due:
                for place, (d, other) in enumerate((("A", "B"), ("B", "A"))):
                    codes = {}
                    if s.lambda_auto:
                        codes[f"rec_{d}"] = out[f"own_{d}"]
                    if s.lambda_cd:
                        codes[f"back_{d}"] = out[f"across_{other}"]
                    out |= in_one_pass(partial(G.decode, domain=place), codes)
        return out

    def _noisy(self, x: Tensor) -> Tensor:
        s = self.settings
        return corrupted(x, s.drop, s.drop_side, s.shuffle, s.white)

    @torch.no_grad()
    def _last(self, x: Tensor, src: int) -> Tensor:
        """M(x): images of a domain in the other one, by the model of the round before; in the first round a copy."""
        return torch.where(self.steps_done < self.settings.refresh, x, self.M(x, src, 1 - src))

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        s, terms = self.settings, {}
        if player == "D":
            read_A, read_B = (self.D(self._codes(out, d).detach()) for d in DOMAINS)
            return {"code": tell_domains(read_A, read_B, s.smoothing)}
        for d in DOMAINS:
            if s.lambda_auto:
                terms[f"auto_{d}"] = s.lambda_auto * l1(out[f"rec_{d}"], out[f"real_{d}"])  # Eq. 1
            if s.lambda_cd:
                terms[f"cd_{d}"] = s.lambda_cd * l1(out[f"back_{d}"], out[f"real_{d}"])  # Eq. 2
        if s.lambda_adv:  # Eq. 3: each code under the other domain's name
            read_A, read_B = (self.D(self._codes(out, d)) for d in DOMAINS)
            terms["adv"] = s.lambda_adv * tell_domains(read_B, read_A)
        return terms

    @staticmethod
    def _codes(out: dict[str, Tensor], domain: str) -> Tensor:
        """All codes of a domain's images, true ones and translations."""
        return torch.cat([out[key] for key in (f"own_{domain}", f"across_{domain}") if key in out])

    @torch.no_grad()
    def after_step(self, due: frozenset[str]) -> None:
        super().after_step(due)
        self.steps_done += 1
        if self.settings.lambda_cd:
            ends = self.steps_done % self.settings.refresh == 0  # a tensor: nobody waits for the device
            for last, now in zip(self.M.parameters(), self.G.parameters(), strict=True):
                last.copy_(torch.where(ends, now, last))

    def encode(self, x: Tensor, domain: str) -> Tensor:
        """The code of images (B, C, H, W) as they are, without noise, (B, width, H / 2^halvings, W / 2^halvings)."""
        return self.G.encode(x, DOMAINS.index(domain))

    def decode(self, code: Tensor, domain: str) -> Tensor:
        """The images of a domain that codes stand for."""
        return self.G.decode(code, DOMAINS.index(domain))

    def embed(self, x: Tensor, src: str) -> Tensor:
        """A vector for each image: mean and standard deviation of its code over places, (B, 2 · width)."""
        code = self.encode(x, src).flatten(2)
        return torch.cat([code.mean(2), code.std(2)], 1)

    @by_average
    def translate(self, x: Tensor, src: str = "A", dst: str = "B") -> Tensor:
        if {src, dst} - set(DOMAINS):
            raise LabError(f"LDD knows the domains A and B, not {src} → {dst}.")
        return self.decode(self.encode(x, src), dst)  # of a domain to itself it is the reconstruction
