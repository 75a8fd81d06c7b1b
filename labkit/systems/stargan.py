"""StarGAN: one generator for all domains, which is told by a label where to.

Paper:    Choi, Choi, Kim, Ha, Kim, Choo, "StarGAN: Unified Generative Adversarial Networks for Multi-Domain
          Image-to-Image Translation", CVPR 2018, arXiv 1711.09020. Equations: 2 and 3 (classes), 4 (reconstruction), 5
          and 6 (objectives), 7 (labels of several data sets), 8 (Wasserstein loss with gradient penalty).
Official: github.com/yunjey/stargan (MIT; read for facts, nothing is taken from it).

Labels come in two kinds. `attributes` are yes or no each, and a picture has several (CelebA). Of `domains` a picture
has exactly one (RaFD's expressions). With both there are two data sets, each of which knows labels of its own kind
alone; a mask beside the labels says which kind is meant (section 3.3).

A batch holds one of these:
    attributes  "A" with "A_label", (B, attributes), 0 or 1
    domains     the images of each domain under its name; or "A" with "A_label", (B,) places in `domains`
    both        "A" and "A_label" with attributes, "B" and "B_label" with places in `domains`

One set of labelled images may also be called "real".

Differences
1. The rate falls to 0 over the second half of the training, as the paper says. The official code subtracts a hundred
   times a hundred-thousandth of it: there the rate ends where it began.
2. The critic's step and the generator's share the translations. The official code translates anew: the same pictures,
   for the generator has not moved in between.
3. With two data sets the official code takes a step on the one, then on the other. Here a step has both, with terms of
   their own.
4. Where domains are named by the batch's keys, a batch holds equally many images of each.
5. InstanceNorm keeps no running statistics. The official code keeps some and never uses them.
6. `padding` "reflect", and weights of 0, which leave a term and its passes out, are for experiments.
"""

from dataclasses import dataclass
from functools import partial
from itertools import permutations

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.errors import LabError
from labkit.losses.adversarial import discriminator_loss, generator_loss, gradient_penalty
from labkit.losses.reconstruction import l1
from labkit.nets.stargan import LabelledGenerator, LabelReadingCritic, Padding
from labkit.nets.upsampling import Upsampling
from labkit.systems.base import Player, Translator, by_average
from labkit.systems.schedules import linear_decay

SETS = ("A", "real")  # what a single set of labelled images is called


@dataclass(frozen=True)
class StarGANSettings:
    """The paper's values for CelebA at 128 px; a miniature for 32 px is ngf 16, ndf 16, blocks 2, d_layers 4."""

    attributes: tuple[str, ...] = ("black", "blond", "brown", "male", "young")  # yes or no each, in the labels' order
    rivals: tuple[str, ...] = ("black", "blond", "brown")  # attributes of which asking for one takes away the others
    domains: tuple[str, ...] = ()  # labels of which a picture has exactly one
    size: int = 128  # width of an image, for the critic's class head
    channels: int = 3  # colour channels
    ngf: int = 64  # width of the generator's first layer
    ndf: int = 64  # width of the critic's first layer
    blocks: int = 6  # residual blocks
    d_layers: int = 6  # strided layers of the critic
    lambda_cls: float = 1.0  # weight of the class terms; 0: nobody learns what a label means
    lambda_rec: float = 10.0  # weight of the reconstruction; 0 leaves its pass out
    lambda_gp: float = 10.0  # weight of the gradient penalty; 0: nothing bounds the critic
    n_critic: int = 5  # critic steps for each generator step
    lr: float = 1e-4  # learning rate of both Adams
    beta1: float = 0.5  # first Adam coefficient
    constant_share: float = 0.5  # share of the steps before the learning rate falls towards 0
    ema: float = 0.0  # decay of an average of the generator that translates, as 0.999; 0: none
    upsample: Upsampling = "transposed"  # how the generator doubles its maps; resize: without checkerboards
    padding: Padding = "zeros"  # of the generator's first layer; reflect: the labels are lost


class StarGAN(Translator):
    Settings = StarGANSettings

    def __init__(self, settings: StarGANSettings = StarGANSettings()):
        super().__init__()
        self.settings = s = settings
        names = [*s.attributes, *s.domains]
        if len(names) < 2 or len(set(names)) < len(names):
            raise LabError(f"stargan: name at least two labels, each once, found {', '.join(names) or 'none'}.")
        if s.attributes and (unknown := set(s.rivals) - set(s.attributes)):
            raise LabError(f"stargan: rivals are attributes, and {min(unknown)} is none of them.")
        # Translating needs D where the label that is asked for depends on those that D reads.
        self.training_only = () if s.attributes else ("D",)
        self.double_backward = ("D",) if s.lambda_gp else ()
        mask = 2 * bool(s.attributes and s.domains)
        self.G = LabelledGenerator(len(names) + mask, s.channels, s.ngf, s.blocks, s.upsample, s.padding)
        self.D = LabelReadingCritic(len(names), s.size, s.channels, s.ndf, s.d_layers)
        self.keep_averages("G")

    def players(self) -> tuple[Player, ...]:
        s = self.settings
        adam = partial(torch.optim.Adam, lr=s.lr, betas=(s.beta1, 0.999))
        decay = linear_decay(s.constant_share)
        return (
            Player("D", ("D",), adam, schedule=decay),
            Player("G", ("G",), adam, due=lambda step: (step + 1) % s.n_critic == 0, schedule=decay),
        )

    def labelled(self, batch: dict[str, Tensor]) -> dict[str, tuple[Tensor, Tensor]]:
        """The data sets of a batch: "A", with domains beside attributes also "B" -> images and labels."""
        s = self.settings
        if not s.attributes and set(s.domains) <= batch.keys():
            images = [batch[name] for name in s.domains]
            places = [torch.full((len(x),), i, device=x.device) for i, x in enumerate(images)]
            return {"A": (torch.cat(images), torch.cat(places))}
        keys = ("A", "B") if s.attributes and s.domains else [key for key in SETS if key in batch][:1]
        if not keys or not {f"{key}_label" for key in keys} <= batch.keys():
            asked = " and ".join(keys or SETS[:1])
            raise LabError(f"stargan: training needs labels; name {asked} among the run's labels.")
        return {name: (batch[key], batch[f"{key}_label"]) for name, key in zip("AB", keys, strict=False)}

    def vector(self, label: Tensor) -> Tensor:
        """What G is told (Eq. 7), (B, numbers), of attributes (B, attributes) or of places in `domains` (B,).

        The labels, 0 for those of the other kind; where there are both kinds then the mask, (1, 0) for attributes.
        """
        n, m = len(self.settings.attributes), len(self.settings.domains)
        attributes, domains = (torch.zeros(len(label), width, device=label.device) for width in (n, m))
        if n and label.shape == attributes.shape:
            attributes = label.float()
        elif m and label.ndim == 1:
            try:
                domains = torch.eye(m, device=label.device)[label]
            except IndexError:
                raise LabError(f"stargan: a label is {int(label.max())}, and there are {m} domains.") from None
        else:
            raise LabError(f"stargan: labels of shape {tuple(label.shape)} do not fit {n} attributes and {m} domains.")
        if not (n and m):
            return torch.cat([attributes, domains], 1)
        mask = domains.new_tensor([label.ndim == 2, label.ndim == 1])
        return torch.cat([attributes, domains, mask.expand(len(label), 2)], 1)

    def forward(self, batch: dict[str, Tensor], due: frozenset[str]) -> dict[str, Tensor]:
        out = {}
        for key, (real, label) in self.labelled(batch).items():
            target = label[torch.randperm(len(label)).to(label.device)]  # of some images it is their own
            out |= {f"real_{key}": real, f"label_{key}": label, f"target_{key}": target}
            with torch.set_grad_enabled("G" in due):
                out[f"fake_{key}"] = self.G(real, self.vector(target))
                if "G" in due and self.settings.lambda_rec:
                    out[f"rec_{key}"] = self.G(out[f"fake_{key}"], self.vector(label))
        return out

    def losses(self, player: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        of = self.generator_terms if player == "G" else self.critic_terms
        if "real_B" not in out:
            return of("A", out)
        return {f"{name}_{key}": term for key in "AB" for name, term in of(key, out).items()}

    def generator_terms(self, key: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        """Eq. 6."""
        s = self.settings
        patches, logits = self.D(out[f"fake_{key}"])
        terms = {"adv": generator_loss("wasserstein", patches)}  # Eq. 8
        if s.lambda_cls:
            terms["cls"] = s.lambda_cls * self.class_loss(logits, out[f"target_{key}"])  # Eq. 3
        if s.lambda_rec:
            terms["rec"] = s.lambda_rec * l1(out[f"rec_{key}"], out[f"real_{key}"])  # Eq. 4
        return terms

    def critic_terms(self, key: str, out: dict[str, Tensor]) -> dict[str, Tensor]:
        """Eq. 5."""
        s, real, fake = self.settings, out[f"real_{key}"], out[f"fake_{key}"].detach()
        patches, logits = self.D(real)
        terms = {"adv": discriminator_loss("wasserstein", patches, self.D(fake)[0])}  # Eq. 8
        if s.lambda_cls:
            terms["cls"] = s.lambda_cls * self.class_loss(logits, out[f"label_{key}"])  # Eq. 2, on real images alone
        if s.lambda_gp:
            terms["gp"] = s.lambda_gp * gradient_penalty(lambda x: self.D(x)[0], real, fake)  # Eq. 8
        return terms

    def class_loss(self, logits: Tensor, label: Tensor) -> Tensor:
        """Cross-entropy of D's logits (B, attributes + domains), a mean over images: attributes (B, attributes) are
        summed, of domains (B,) it is the softmax's."""
        n = len(self.settings.attributes)
        if label.ndim == 1:
            return F.cross_entropy(logits[:, n:], label)
        attributes = logits[:, :n]
        return F.binary_cross_entropy_with_logits(attributes, label.to(attributes.dtype), reduction="sum") / len(label)

    def ways(self) -> list[tuple[str, str]]:
        """Between any two domains, and from a labelled set to every label."""
        s = self.settings
        between = [] if s.attributes else [*permutations(s.domains, 2)]
        return between + [(key, dst) for key in SETS if key not in s.domains for dst in (*s.attributes, *s.domains)]

    @torch.no_grad()
    def read(self, x: Tensor) -> Tensor:
        """The attributes that D sees in images (B, C, H, W) of any size, (B, attributes), 0 or 1."""
        size = self.settings.size
        if x.shape[-2:] != (size, size):
            x = F.interpolate(x, (size, size), mode="bilinear", antialias=True)
        return (self.D(x)[1][:, : len(self.settings.attributes)] > 0).long()

    def changes(self, dst: str) -> dict[int, int]:
        """What `dst` asks for, as in "blond+no beard": places in `attributes` -> 0 or 1.

        Asking for a rival, as one colour of hair, takes away the others. Raises LabError for a name that is none.
        """
        s, changes = self.settings, {}
        for name in dst.split("+"):
            wanted = name.removeprefix("no ")
            if wanted not in s.attributes:
                raise LabError(f"stargan translates to {', '.join([*s.attributes, *s.domains])}, not to {dst}.")
            if name in s.rivals:
                changes |= {s.attributes.index(rival): 0 for rival in s.rivals}
            changes[s.attributes.index(wanted)] = int(name == wanted)
        return changes

    @by_average
    def translate(self, x: Tensor, src: str = "A", dst: str = "B", target: Tensor | None = None) -> Tensor:
        """Images with the labels `target`: attributes (B, attributes), or places in `domains` (B,).

        Without it `dst` names a domain, or the attributes to change (`changes`); the others stay as D reads them in x.
        `src` is not looked at. Raises LabError for a name that is none.
        """
        domains = self.settings.domains
        if target is None and dst in domains:
            target = torch.full((len(x),), domains.index(dst), device=x.device)
        elif target is None:
            changes = self.changes(dst)
            target = self.read(x)
            target[:, [*changes]] = torch.tensor([*changes.values()], device=x.device)
        return self.G(x, self.vector(target))
