"""Systems of many domains or classes: one translator that is told where to, or parts for each that fit all others."""

from labkit.views.diagrams.layout import Diagram, Loss

FUNIT = Diagram(
    "FUNIT",
    rows=(
        "real_A E_A c_A Dec fake_B D",
        ". . . mlp . label_B",
        "real_B Es_B mean s_B . .",
        ". real_A@2 G rec_A D@2 .",
        ". . . . label_A .",
    ),
    flows=(
        "real_A > E_A > c_A > Dec > fake_B > D",
        "real_B > Es_B > mean > s_B > mlp > Dec : AdaIN",
        "label_B > D",
        "real_A@2 > G > rec_A > D@2",
        "label_A > D@2",
    ),
    losses=(
        Loss("adv_fake_B", ("D",), "above"),
        Loss("fm_fake_B", ("D",), "above"),
        Loss("rec", ("real_A@2", "rec_A")),
        Loss("adv_rec_A", ("D@2",), "right"),
        Loss("fm_rec_A", ("D@2",), "right"),
    ),
    many=frozenset({"real_B", "D", "D@2"}),
    labels={
        **{"real_B": "K of\nclass B", "E_A": "E\ncontent", "Es_B": "E\nclass", "s_B": "s_B\nclass"},
        **{"D": "D\nmulti-task", "D@2": "D\nmulti-task", "G": "G(x, x)"},
    },
    note="The class is shown by K pictures; their codes are averaged (training: K = 1). D has one map for each "
    "class, and the label says which one counts. fm compares D's features of the translation and of the class "
    "picture. Below: a picture that is its own example must come back.",
)

STARGAN = Diagram(
    "StarGAN",
    rows=("real_A G fake_B G@2 rec_A", ". label_B . label_A .", ". C D . ."),
    flows=(
        "real_A > G > fake_B > G@2 > rec_A",
        "label_B > G",
        "label_A > G@2",
        "fake_B > D > C",
    ),
    losses=(
        Loss("rec", ("real_A", "rec_A")),
        Loss("cls", ("C", "label_B"), "between"),
        Loss("adv", ("D",), "right"),
        Loss("gp", ("D",), "right"),
    ),
    labels={"C": "C\nclasses"},
    note="One generator for all domains: the label of the wanted one is shown beside the picture, as a plane for "
    "each class. D has a second head, C. It learns the classes from real pictures, and G must make pictures that it "
    "reads as asked.",
)

COMBOGAN = Diagram(
    "ComboGAN",
    rows=(
        "real_A E_A . Dec_A . .",
        "real_B E_B c_A Dec_B fake_B D_B",
        "real_C E_C . Dec_C . .",
        "real_A@2 fake_B@2 E_B@2 c_B Dec_A@2 rec_A",
    ),
    flows=(
        "real_A > E_A > c_A > Dec_B > fake_B > D_B",
        "real_B ..> E_B ..> c_A",
        "real_C ..> E_C ..> c_A",
        "c_A ..> Dec_A",
        "c_A ..> Dec_C",
        "real_A@2 > fake_B@2 > E_B@2 > c_B > Dec_A@2 > rec_A",
    ),
    losses=(
        Loss("adv_AB", ("D_B",), "above"),
        Loss("cyc_A", ("real_A@2", "rec_A"), "below"),
    ),
    labels={"c_A": "c", "c_B": "c"},
    note="n encoders and n decoders that all fit each other, for n domains. Each step draws two domains and trains "
    "them as a CycleGAN, here A and B; the rest, drawn broken, waits. Below: the way home of that fake_B.",
)

DIAGRAMS = {"funit": FUNIT, "stargan": STARGAN, "combogan": COMBOGAN}
