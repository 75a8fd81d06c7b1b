"""One description a system. Names are those of the lessons; losses are the terms that histories name."""

from labkit.views.diagrams.layout import Diagram, Loss

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

CYCLEGAN = Diagram(
    "CycleGAN",
    rows=(
        "real_A G_AB fake_B G_BA rec_A",
        ". . D_B . .",
        ". . D_A . .",
        "real_B again_BA fake_A again_AB rec_B",
    ),
    flows=(
        "real_A > G_AB > fake_B > G_BA > rec_A",
        "real_B > again_BA > fake_A > again_AB > rec_B",
        "fake_B > D_B",
        "fake_A > D_A",
    ),
    losses=(
        Loss("cyc_A", ("real_A", "rec_A")),
        Loss("adv_AB", ("D_B",), "right"),
        Loss("adv_BA", ("D_A",), "right"),
        Loss("cyc_B", ("real_B", "rec_B"), "below"),
    ),
    labels={"again_AB": "G_AB", "again_BA": "G_BA"},
    note="Each generator is drawn twice and exists once. D_B sees real_B beside fake_B, D_A sees real_A beside fake_A.",
)

IDENTITY = Diagram(
    "The identity loss",
    rows=("real_B G_AB idt_B",),
    flows=("real_B > G_AB > idt_B",),
    losses=(Loss("idt_B", ("real_B", "idt_B")),),
    note="What is in B already should pass the translator into B unchanged.",
)

DIAGRAMS = {"translator": TRANSLATOR, "naive": NAIVE, "cyclegan": CYCLEGAN, "identity": IDENTITY}
