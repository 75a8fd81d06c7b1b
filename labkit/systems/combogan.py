"""ComboGAN: an encoder and a decoder for each of n domains, all of which fit each other, trained two domains at a time.

Paper:    Anoosheh, Agustsson, Timofte, Van Gool, "ComboGAN: Unrestrained Scalability for Image Domain Translation",
          CVPR workshops 2018, arXiv 1712.06909. The losses are CycleGAN's.
Official: github.com/AAnoosheh/ComboGAN, as it was at the paper's time (December 2017); later it changed its networks.

CycleGAN's generator is cut in half, and A → B is E_A followed by Dec_B. So n domains need n encoders, n decoders and n
discriminators, where a CycleGAN for every pair needs n (n - 1) generators. A step draws two domains and trains them as
a CycleGAN; it costs the same for every n. In the names of terms and images A and B are the two that were drawn.

Differences
1. The pair is drawn once for all images of a step; the official batch is one image. Of n domains a pair comes up in a
   step with probability 2 / (n (n - 1)), a domain with 2 / n: at as many steps each gets fewer of them than in a
   CycleGAN of its own.
2. The official code has an Adam for each domain. One for all is the same: weights without a gradient are passed over.
3. Optional terms are the code's, and off as there: `lambda_idt` asks that Dec_A(E_A(x)) is x, which the code calls the
   identity and is an auto-encoder; `lambda_latent`, added two months after the paper, that a translation has the code
   of its original; `lambda_forward` that both are alike in coarse colours.
4. `shared` is an option of the code too: blocks next to the code that are one for all domains. The code shows them
   which domain it is, as planes of ±1. Each of its convolutions sees them behind the padding and before InstanceNorm,
   which takes a constant away again: they change nothing, and are left out.
5. `frozen` is ours: a domain that comes later learns to fit the others, which stay as they are (see `grown`).
"""

from dataclasses import dataclass, replace
from itertools import permutations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from labkit.errors import LabError
from labkit.losses.adversarial import discriminator_loss, generator_loss
from labkit.losses.reconstruction import l1
from labkit.nets.discriminators import PatchGAN
from labkit.nets.many_domains import ManyAutoencoders
from labkit.nets.memory import ImagePool
from labkit.nets.upsampling import Upsampling
from labkit.systems.base import Player, Translator, by_average
from labkit.systems.schedules import linear_decay


@dataclass(frozen=True)
class ComboGANSettings:
    """The paper's values but for the domains, of which it has 4 and 14; a miniature for 32 px is ngf 16, ndf 16,
    blocks 2, d_layers 2."""

    domains: tuple[str, ...] = ("A", "B")  # their keys in the data
    frozen: tuple[str, ...] = ()  # domains that stay as they are; a pair always has one that does not
    channels: int = 3  # colour channels of all domains
    ngf: int = 64  # width of the encoders' first layer
    ndf: int = 64  # width of the discriminators' first layer
    blocks: int = 9  # residual blocks of an encoder and a decoder together
    shared: int = 0  # how many of them, those next to the code, are one for all domains
    d_layers: int = 3  # strided layers of the discriminators
    lambda_adv: float = 1.0  # weight of the adversarial terms; 0 leaves them out
    lambda_cyc: float = 10.0  # weight of the cycle loss, both ways; 0 leaves its passes out, as for all that follow
    lambda_idt: float = 0.0  # weight of the auto-encoder's loss, both domains
    lambda_latent: float = 0.0  # weight of the distance of a translation's code from the image's
    lambda_forward: float = 0.0  # weight of the distance of a translation from the image, in coarse colours
    pool: int = 50  # generated images that the history of each discriminator holds
    lr: float = 2e-4  # learning rate of both Adams
    beta1: float = 0.5  # first Adam coefficient
    constant_share: float = 0.5  # share of the steps before the learning rate falls towards 0
    ema: float = 0.0  # decay of an average of encoders and decoders that translates, as 0.999; 0: none
    upsample: Upsampling = "transposed"  # how the decoders double their maps; resize: without checkerboards


class ComboGAN(Translator):
    """Batches hold every domain of the settings, (B, channels, H, W) each, H and W multiples of 4."""

    Settings = ComboGANSettings
    coupling = "one draw of two domains for all images of a batch"
    training_only = (*Translator.training_only, "pools")

    def __init__(self, settings: ComboGANSettings = ComboGANSettings()):
        super().__init__()
        self.settings = s = settings
        n = len(s.domains)
        if n < 2 or len(set(s.domains)) < n:
            raise LabError(
                f"combogan: domains are two or more different names, found {', '.join(s.domains) or 'none'}."
            )
        if set(s.frozen) - set(s.domains) or set(s.frozen) == set(s.domains):
            raise LabError("combogan: frozen are some of the domains, and not all of them.")
        self.learning = [i for i, domain in enumerate(s.domains) if domain not in s.frozen]
        self.G = ManyAutoencoders(n, s.channels, s.ngf, s.blocks, s.shared, upsample=s.upsample)
        self.D = nn.ModuleList(PatchGAN(s.channels, s.ndf, s.d_layers, padding=2) for _ in range(n))
        self.pools = nn.ModuleList(ImagePool(s.pool) for _ in range(n))
        if s.frozen:
            self.requires_grad_(False)
            for player in self.players():
                for parameter in self.parameters_of(player):
                    parameter.requires_grad_(True)
        self.keep_averages("G")

    def players(self) -> tuple[Player, ...]:
        def adam(parameters):
            return torch.optim.Adam(parameters, lr=self.settings.lr, betas=(self.settings.beta1, 0.999))

        own, judges = ("G",), ("D",)
        if self.settings.frozen:
            own = tuple(f"G.{half}.{i}" for i in self.learning for half in ("encoders", "decoders"))
            judges = tuple(f"D.{i}" for i in self.learning)
        decay = linear_decay(self.settings.constant_share)
        return Player("G", own, adam, schedule=decay), Player("D", judges, adam, schedule=decay)

    def draw_pair(self) -> tuple[int, int]:
        """Two different domains, by their places, at random; the first is one that learns."""
        first = self.learning[int(torch.randint(len(self.learning), (), device="cpu"))]
        step = 1 + int(torch.randint(len(self.settings.domains) - 1, (), device="cpu"))
        return first, (first + step) % len(self.settings.domains)

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        s, G = self.settings, self.G
        if missing := [domain for domain in s.domains if domain not in batch]:
            raise LabError(f"combogan: the data have no domain '{missing[0]}'; name theirs in the setting domains.")
        a, b = self.draw_pair()
        out = {"pair": torch.tensor((a, b), device="cpu")}
        out |= {"real_A": batch[s.domains[a]], "real_B": batch[s.domains[b]]}
        with torch.set_grad_enabled("G" in due):
            out["code_A"], out["code_B"] = G.encode(out["real_A"], a), G.encode(out["real_B"], b)
            out["fake_B"], out["fake_A"] = G.decode(out["code_A"], b), G.decode(out["code_B"], a)
            if "G" in due and s.lambda_idt:
                out["idt_A"], out["idt_B"] = G.decode(out["code_A"], a), G.decode(out["code_B"], b)
            if "G" in due and (s.lambda_cyc or s.lambda_latent):
                out["code_fake_B"], out["code_fake_A"] = G.encode(out["fake_B"], b), G.encode(out["fake_A"], a)
            if "G" in due and s.lambda_cyc:
                out["rec_A"], out["rec_B"] = G.decode(out["code_fake_B"], a), G.decode(out["code_fake_A"], b)
        return out

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        return self._generator_terms(out) if player == "G" else self._discriminator_terms(out)

    def _generator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        s, terms = self.settings, {}
        for own, other, there in (("A", "B", 1), ("B", "A", 0)):
            real, fake = out[f"real_{own}"], out[f"fake_{other}"]
            if s.lambda_adv:
                D = self.D[int(out["pair"][there])]
                terms[f"adv_{own}{other}"] = s.lambda_adv * generator_loss("lsgan", D(fake))
            if s.lambda_cyc:
                terms[f"cyc_{own}"] = s.lambda_cyc * l1(out[f"rec_{own}"], real)
            if s.lambda_idt:
                terms[f"idt_{own}"] = s.lambda_idt * l1(out[f"idt_{own}"], real)
            if s.lambda_latent:
                code = out[f"code_{own}"].detach()
                terms[f"latent_{own}"] = s.lambda_latent * l1(out[f"code_fake_{other}"], code)
            if s.lambda_forward:
                coarse = [avg_pool2d(images, 3, stride=4) for images in (fake, real)]
                terms[f"forward_{own}"] = s.lambda_forward * l1(*coarse)
        return terms

    def _discriminator_terms(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        terms = {}
        for name, place in zip("AB", out["pair"].tolist(), strict=True):
            if place in self.learning:
                D, shown = self.D[place], self.pools[place](out[f"fake_{name}"])
                terms[name] = discriminator_loss("lsgan", D(out[f"real_{name}"]), D(shown))
        return terms

    def encode(self, x: Tensor, domain: str) -> Tensor:
        """The code of images (B, C, H, W) of a domain, (B, 4 · ngf, H / 4, W / 4)."""
        return self.G.encode(x, self._place(domain))

    def decode(self, code: Tensor, domain: str) -> Tensor:
        """The images of a domain that codes stand for."""
        return self.G.decode(code, self._place(domain))

    def _place(self, domain: str) -> int:
        domains = self.settings.domains
        if domain not in domains:
            raise LabError(f"ComboGAN knows the domains {', '.join(domains)}, not {domain}.")
        return domains.index(domain)

    def ways(self) -> list[tuple[str, str]]:
        return [*permutations(self.settings.domains, 2)]

    @by_average
    def translate(self, x: Tensor, src: str = "A", dst: str = "B") -> Tensor:
        return self.decode(self.encode(x, src), dst)  # of a domain to itself it is the reconstruction

    @by_average
    def translate_to_all(self, x: Tensor, src: str = "A") -> dict[str, Tensor]:
        """Images of `src` in every domain, its own among them: encoded once, decoded by each decoder."""
        code = self.encode(x, src)
        return {domain: self.decode(code, domain) for domain in self.settings.domains}


def grown(system: ComboGAN, *new: str) -> ComboGAN:
    """A ComboGAN that knows the domains of `system` and new ones, with which training goes on: what `system` learnt is
    taken over and frozen, and only encoder, decoder and discriminator of the new domains learn.

    Where `system` kept averages they are what is taken over. Needs a system with its discriminators, as a run leaves
    it; the new networks draw from torch's global generator.
    """
    if not isinstance(system.D, nn.ModuleList):
        raise LabError("combogan: only a system with its discriminators can grow; this one was kept without them.")
    known = system.settings.domains
    bigger = ComboGAN(replace(system.settings, domains=(*known, *new), frozen=known))
    bigger.load_state_dict(system.state_dict(), strict=False)
    bigger.settle()
    return bigger
