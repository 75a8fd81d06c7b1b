"""Games of generators and discriminators, and what ties a translation to its input: nothing, or a way back."""

from labkit.views.diagrams.layout import Diagram, Loss

GAN = Diagram(
    "The GAN",
    rows=("z G fake D", ". . real ."),
    flows=("z > G > fake > D", "real > D"),
    losses=(Loss("adv", ("D",), "right"),),
    note="z is drawn at random. D learns to tell real from fake, G to make D err.",
)

TRANSLATOR = Diagram(
    "Two translators, two critics",
    rows=("real_A G_AB fake_B D_B", "real_B G_BA fake_A D_A"),
    flows=("real_A > G_AB > fake_B > D_B", "real_B > G_BA > fake_A > D_A"),
    losses=(Loss("adv_AB", ("D_B",), "right"), Loss("adv_BA", ("D_A",), "right")),
    note="D_B is shown real pictures of B as well, D_A those of A: each learns to tell real from generated.",
)

NAIVE = Diagram(
    "The naive GAN",
    rows=("real_A G_AB fake_B D_B", ". . real_B ."),
    flows=("real_A > G_AB > fake_B > D_B", "real_B > D_B"),
    losses=(Loss("adv", ("D_B",), "right"),),
    note="No arrow leads from fake_B back to real_A: nothing asks whether the two belong together.",
)

DIRECT = Diagram(
    "Direct mapping in two stages",
    rows=(". small_AB small_B small_D_B", "real_A . . .", ". G_AB fake_B D_B"),
    flows=("real_A > small_AB > small_B > small_D_B", "real_A > G_AB > fake_B > D_B"),
    losses=(
        Loss("adv", ("small_D_B",), "right"),
        Loss("near", ("small_B", "fake_B"), "between"),
        Loss("adv", ("D_B",), "right"),
    ),
    labels={"small_AB": "small_AB\nfew layers", "G_AB": "G_AB\nmany layers"},
    frozen=frozenset({"small_AB"}),
    note="First small_AB learns alone, against a discriminator of its own. Then it is frozen, and the deep G_AB "
    "learns against D_B and must stay near it.",
)

CYCLEGAN = Diagram(
    "CycleGAN",
    rows=(
        "real_A G_AB fake_B G_BA rec_A",
        ". . D_B . .",
        ". . D_A . .",
        "real_B G_BA@2 fake_A G_AB@2 rec_B",
    ),
    flows=(
        "real_A > G_AB > fake_B > G_BA > rec_A",
        "real_B > G_BA@2 > fake_A > G_AB@2 > rec_B",
        "fake_B > D_B",
        "fake_A > D_A",
    ),
    losses=(
        Loss("cyc_A", ("real_A", "rec_A")),
        Loss("adv_AB", ("D_B",), "right"),
        Loss("adv_BA", ("D_A",), "right"),
        Loss("cyc_B", ("real_B", "rec_B"), "below"),
    ),
    note="Each generator is drawn twice and exists once. D_B sees real_B beside fake_B, D_A sees real_A beside fake_A.",
)

IDENTITY = Diagram(
    "The identity loss",
    rows=("real_B G_AB idt_B",),
    flows=("real_B > G_AB > idt_B",),
    losses=(Loss("idt_B", ("real_B", "idt_B")),),
    note="What is in B already should pass the translator into B unchanged.",
)

DUALGAN = Diagram(
    "DualGAN",
    rows=(
        "real_A G_AB fake_B G_BA rec_A",
        ". real_B@2 D_B . .",
        ". real_A@2 D_A . .",
        "real_B G_BA@2 fake_A G_AB@2 rec_B",
    ),
    flows=(
        "real_A > G_AB > fake_B > G_BA > rec_A",
        "real_B > G_BA@2 > fake_A > G_AB@2 > rec_B",
        "fake_B > D_B",
        "real_B@2 > D_B",
        "fake_A > D_A",
        "real_A@2 > D_A",
    ),
    losses=(
        Loss("cyc_A", ("real_A", "rec_A")),
        Loss("adv_AB", ("D_B",), "right"),
        Loss("adv_BA", ("D_A",), "right"),
        Loss("cyc_B", ("real_B", "rec_B"), "below"),
    ),
    labels={
        "G_AB": "G_AB\nU-Net",
        "G_AB@2": "G_AB\nU-Net",
        "G_BA": "G_BA\nU-Net",
        "G_BA@2": "G_BA\nU-Net",
        "D_B": "D_B\ncritic",
        "D_A": "D_A\ncritic",
    },
    note="CycleGAN's two round trips, in L1. What differs: D_A and D_B are Wasserstein critics. They give a score, "
    "not a verdict, and their weights are clipped after each of their steps. They move more often than the "
    "generators do.",
)

DISCOGAN = Diagram(
    "DiscoGAN",
    rows=DUALGAN.rows,
    flows=DUALGAN.flows,
    losses=(
        Loss("rec_A", ("real_A", "rec_A")),
        Loss("adv_AB", ("D_B",), "right"),
        Loss("fm_AB", ("D_B",), "right"),
        Loss("adv_BA", ("D_A",), "right"),
        Loss("fm_BA", ("D_A",), "right"),
        Loss("rec_B", ("real_B", "rec_B"), "below"),
    ),
    note="CycleGAN's two round trips, compared by squared distance. What differs: feature matching (fm) asks that "
    "D's inner features of fake and real pictures have the same mean over the batch. The reconstruction begins with "
    "little weight and has half of it later.",
)

DIAGRAMS = {
    "gan": GAN,
    "translator": TRANSLATOR,
    "naive": NAIVE,
    "direct": DIRECT,
    "cyclegan": CYCLEGAN,
    "identity": IDENTITY,
    "dualgan": DUALGAN,
    "discogan": DISCOGAN,
}
