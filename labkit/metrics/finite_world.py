"""MUNIT's propositions in a world so small that every pair of auto-encoders can be tried, in exact fractions.

Huang et al. 2018, arXiv 1804.04732, section 4 and appendix A. An image of a domain is a content and a style of that
domain, nothing else: with two of each there are four images. An encoder is a bijection from images to pairs of codes,
a decoder its inverse: then both directions of the bidirectional reconstruction are without loss. If the translations
are distributed as the target's images as well, the adversarial loss is at its best, and the pair is an optimum.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations, product

Image = tuple[int, int]  # (content, style), what is in the image; the encoder need not find it so
Codes = tuple[int, int]  # (content code, style code)
Encoder = dict[Image, Codes]
Distribution = dict


@dataclass(frozen=True)
class World:
    """`contents`: how likely each content is, in both domains. Styles are `styles` in each domain, equally likely."""

    contents: Sequence[Fraction]
    styles: int = 2

    @property
    def images(self) -> Distribution:
        """The distribution of the images of a domain."""
        pairs = product(range(len(self.contents)), range(self.styles))
        return {(content, style): self.contents[content] / self.styles for content, style in pairs}

    def encoders(self) -> Iterator[Encoder]:
        """Every bijection from images to codes."""
        images = list(self.images)
        for codes in permutations(images):
            yield dict(zip(images, codes, strict=True))

    def pairs(self) -> Iterator[tuple[Encoder, Encoder]]:
        """Every pair of auto-encoders, of domain 1 and of domain 2."""
        return product(self.encoders(), self.encoders())

    def joint(self, source: Encoder, target: Encoder) -> Distribution:
        """How often which image of the source becomes which of the target, the style drawn from its prior."""
        decode = {codes: image for image, codes in target.items()}
        found = defaultdict(Fraction)
        for image, p in self.images.items():
            for style in range(self.styles):
                found[image, decode[source[image][0], style]] += p / self.styles
        return dict(found)

    def optimal(self, E_1: Encoder, E_2: Encoder) -> bool:
        """Whether translations, both ways, are distributed as the images of their target."""
        return all(marginal(self.joint(*way), 1) == self.images for way in ((E_1, E_2), (E_2, E_1)))

    def latent_gap(self, E_1: Encoder, E_2: Encoder) -> Fraction:
        """Proposition 2: content codes are distributed alike in both domains, style codes as their prior; else by how
        much they differ, summed over all codes."""
        codes_1, codes_2 = self._codes(E_1), self._codes(E_2)
        prior = {style: Fraction(1, self.styles) for style in range(self.styles)}
        gaps = (difference(marginal(codes_1, 0), marginal(codes_2, 0)),)
        return sum(gaps + tuple(difference(marginal(codes, 1), prior) for codes in (codes_1, codes_2)))

    def joint_gap(self, E_1: Encoder, E_2: Encoder) -> Fraction:
        """Proposition 3: (image, its translation) and (translation, image of the target) are one joint distribution."""
        backward = {(b, a): p for (a, b), p in self.joint(E_2, E_1).items()}
        return difference(self.joint(E_1, E_2), backward)

    def cycle_gap(self, E_1: Encoder, E_2: Encoder, augmented: bool = True) -> Fraction:
        """How often a round trip 1 → 2 → 1 ends in another image than it began.

        augmented: on the way home with the image's own style code (proposition 4: never). Else with a style drawn anew:
        plain cycle consistency, as CycleGAN asks for it.
        """
        decode_1, decode_2 = ({codes: image for image, codes in E.items()} for E in (E_1, E_2))
        lost = Fraction(0)
        for (image, p), there, drawn in product(self.images.items(), range(self.styles), range(self.styles)):
            content, own = E_1[image]
            halfway = decode_2[content, there]
            home = decode_1[E_2[halfway][0], own if augmented else drawn]
            lost += (home != image) * p / self.styles**2
        return lost

    def keeps_content(self, E_1: Encoder, E_2: Encoder) -> bool:
        """Whether every translation has the content of its source, as a person would see it."""
        return all(image[0] == translation[0] for image, translation in self.joint(E_1, E_2))

    def _codes(self, encoder: Encoder) -> Distribution:
        return {encoder[image]: p for image, p in self.images.items()}


def marginal(joint: Distribution, part: int) -> Distribution:
    """The distribution of one part of the pairs that `joint` holds."""
    found = defaultdict(Fraction)
    for pair, p in joint.items():
        found[pair[part]] += p
    return dict(found)


def difference(p: Distribution, q: Distribution) -> Fraction:
    """Σ |p - q|, from 0 for equal distributions to 2."""
    return sum(abs(p.get(key, 0) - q.get(key, 0)) for key in p.keys() | q.keys())
