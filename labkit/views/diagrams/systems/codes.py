"""Systems that translate by way of a code: what both domains share is said there, or tied there."""

from labkit.views.diagrams.layout import Diagram, Loss

COGAN = Diagram(
    "CoGAN",
    rows=(
        ". . G_A fake_A D_A .",
        ". . . real_A . .",
        "z G . . . D",
        ". . . real_B . .",
        ". . G_B fake_B D_B .",
    ),
    flows=(
        "z > G > G_A > fake_A > D_A > D",
        "G > G_B > fake_B > D_B > D",
        "real_A > D_A",
        "real_B > D_B",
    ),
    losses=(Loss("adv_A", ("D",), "right"), Loss("adv_B", ("D",), "right")),
    labels={"G": "G\nfirst layers", "D": "D\nlast layers"},
    shared=frozenset({"G", "D"}),
    note="Two GANs whose deep layers are one: where z becomes a scene, and where a scene is judged. So one z makes a "
    "pair of pictures that nobody ever paired.",
)

COGAN_ADAPTATION = Diagram(
    "CoGAN for domain adaptation",
    rows=(
        "real_A D_A . C label_A",
        "fake_A . D . .",
        "fake_B D_B . . .",
        "real_B . . . .",
    ),
    flows=("real_A > D_A > D > C", "fake_A > D_A", "fake_B > D_B > D", "real_B > D_B"),
    losses=(
        Loss("cls", ("C", "label_A")),
        Loss("A", ("D",), "right"),
        Loss("B", ("D",), "right"),
        Loss("match", ("D",), "below"),
    ),
    labels={"D": "D\nlast layers", "C": "C\nclasses"},
    shared=frozenset({"D", "C"}),
    note="The step of D. A classifier C reads the shared features. It learns from the labels of A alone, and is used "
    "on B. match asks that the two pictures of one z have the same features.",
)

UNIT = Diagram(
    "UNIT",
    rows=(
        ". . . . . D_A fake_A",
        "real_A E_A . . . Dec_A rec_A",
        ". . E z Dec . .",
        "real_B E_B . . . Dec_B rec_B",
        ". . . . . D_B fake_B",
    ),
    flows=(
        "real_A > E_A > E > z > Dec > Dec_A > rec_A",
        "real_B > E_B > E",
        "Dec > Dec_B > rec_B",
        "Dec_A > fake_A > D_A",
        "Dec_B > fake_B > D_B",
    ),
    losses=(
        Loss("rec_A", ("real_A", "rec_A")),
        Loss("kl_A", ("z",), "above"),
        Loss("kl_B", ("z",), "above"),
        Loss("adv_BA", ("D_A",), "left"),
        Loss("adv_AB", ("D_B",), "left"),
        Loss("rec_B", ("real_B", "rec_B"), "below"),
    ),
    labels={"E": "E\nlast block", "Dec": "Dec\nfirst block", "z": "z\nμ + noise"},
    shared=frozenset({"E", "Dec"}),
    note="Two variational auto-encoders around one code. The code of a picture of A, decoded by Dec_A, is rec_A; "
    "decoded by Dec_B it is fake_B. The blocks next to the code are one for both domains.",
)

UNIT_CYCLE = Diagram(
    "UNIT: the way home",
    rows=("real_A E_A z_A Dec_B fake_B", ". . . . E_B", ". . cyc_A Dec_A z_B"),
    flows=("real_A > E_A > z_A > Dec_B > fake_B > E_B > z_B > Dec_A > cyc_A",),
    losses=(Loss("cyc_A", ("real_A", "cyc_A"), "left"), Loss("kl_fake_B", ("z_B",), "right")),
    labels={"z_A": "z\nμ + noise", "z_B": "z\nμ + noise"},
    shared=frozenset({"E_A", "E_B", "Dec_A", "Dec_B"}),
    note="The translation is encoded again, and its code must give the picture back. The same from B, with cyc_B and "
    "kl_fake_A. A double edge: the inner block is shared by both domains.",
)

UNIT2018 = Diagram(
    "UNIT, the code of 2018",
    rows=(
        "real_A E_A . Dec_A rec_A .",
        ". . z_A . fake_A D_A",
        ". . z_B . fake_B D_B",
        "real_B E_B . Dec_B rec_B .",
    ),
    flows=(
        "real_A > E_A > z_A > Dec_A > rec_A",
        "real_B > E_B > z_B > Dec_B > rec_B",
        "z_A > Dec_B > fake_B > D_B",
        "z_B > Dec_A > fake_A > D_A",
    ),
    losses=(
        Loss("rec_A", ("real_A", "rec_A")),
        Loss("kl_A", ("z_A",), "left"),
        Loss("adv_BA", ("D_A",), "right"),
        Loss("adv_AB", ("D_B",), "right"),
        Loss("kl_B", ("z_B",), "left"),
        Loss("rec_B", ("real_B", "rec_B"), "below"),
    ),
    labels={"z_A": "z\nμ + noise", "z_B": "z\nμ + noise"},
    note="No weight is shared. What ties both codes: the way home (see there; the terms are the same), and a prior "
    "that both are held near (kl). The discriminators look at three scales.",
)

UNIT_DIGITS = Diagram(
    "UNIT for digits",
    rows=(
        ". . rec_A real_A@2 . C label_A",
        "real_A . fake_A D_A . . .",
        ". G . . D . .",
        "real_B . fake_B D_B . . .",
        ". . rec_B real_B@2 . . .",
    ),
    flows=(
        "real_A > G > rec_A > D_A > D",
        "real_B > G > rec_B > D_B > D",
        "G > fake_A > D_A",
        "G > fake_B > D_B",
        "real_A@2 > D_A",
        "real_B@2 > D_B",
        "D > C",
    ),
    losses=(
        Loss("rec_A", ("rec_A", "real_A@2")),
        Loss("kl", ("G",), "left"),
        Loss("cls", ("C", "label_A")),
        Loss("adv_A", ("D",), "right"),
        Loss("adv_B", ("D",), "right"),
        Loss("match", ("D",), "right"),
        Loss("rec_B", ("rec_B", "real_B@2"), "below"),
    ),
    labels={"G": "G\nUNIT's VAEs", "D": "D\nlast layers", "C": "C\nclasses"},
    shared=frozenset({"G", "D", "C"}),
    note="The classifier C reads the features of D and learns from the labels of A alone. match asks that a picture "
    "and its translation have the same features, so what C learns of A holds for B.",
)

MUNIT = Diagram(
    "MUNIT",
    rows=(
        ". Es_A own_s_A Dec_A rec_A . .",
        "real_A E_A c_A . . E_B rec_c_A",
        ". . . Dec_B fake_B D_B .",
        ". . s_B . . Es_B rec_s_B",
    ),
    flows=(
        "real_A > Es_A > own_s_A > Dec_A > rec_A",
        "real_A > E_A > c_A > Dec_A",
        "c_A > Dec_B > fake_B > D_B",
        "s_B > Dec_B : AdaIN",
        "fake_B > E_B > rec_c_A",
        "fake_B > Es_B > rec_s_B",
    ),
    losses=(
        Loss("rec_A", ("real_A", "rec_A")),
        Loss("con_A", ("c_A", "rec_c_A")),
        Loss("adv_AB", ("D_B",), "right"),
        Loss("sty_B", ("s_B", "rec_s_B"), "below"),
    ),
    labels={
        "E_A": "E_A\ncontent",
        "Es_A": "E_A\nstyle",
        "E_B": "E_B\ncontent",
        "Es_B": "E_B\nstyle",
        "s_B": "s_B\ndrawn",
    },
    note="Image → codes → image: content and style of real_A paint it again. Codes → image → codes: the content with "
    "a style of B, drawn at random, makes fake_B, and both codes must be found in it. A style is written by AdaIN. "
    "The same from B to A. A style of B may also come from a picture of B: then the styles are swapped.",
)

DTN = Diagram(
    "DTN",
    rows=(
        ". . . . f@3 code_fake",
        "real_A f code_A g fake_B .",
        ". . . . real_B@2 D",
        "real_B f@2 code_B g@2 idt_B .",
    ),
    flows=(
        "real_A > f ..> code_A > g > fake_B > D",
        "real_B > f@2 ..> code_B > g@2 > idt_B > D",
        "real_B@2 > D",
        "fake_B > f@3 > code_fake",
    ),
    losses=(
        Loss("const", ("code_A", "code_fake")),
        Loss("adv", ("D",), "right"),
        Loss("idt", ("real_B", "idt_B"), "below"),
    ),
    frozen=frozenset({"f"}),
    labels={"code_A": "f(s)", "code_B": "f(t)", "code_fake": "f(G(s))", "D": "D\nwhich of 3?"},
    note="G is g after f. f was trained before and does not learn here: it says what a picture means. const asks "
    "that the translation means the same, idt that pictures of B stay as they are. D tells three kinds apart: G(s), "
    "G(t) and t.",
)

XGAN = Diagram(
    "XGAN",
    rows=(
        ". . . . . D_A fake_A",
        "real_A E_A . C . Dec_A rec_A",
        ". . E code Dec . .",
        "real_B E_B . . . Dec_B rec_B",
        ". . . . . D_B fake_B",
    ),
    flows=(
        "real_A > E_A > E > code > Dec > Dec_A > rec_A",
        "real_B > E_B > E",
        "Dec > Dec_B > rec_B",
        "Dec_A > fake_A > D_A",
        "Dec_B > fake_B > D_B",
        "code > C : gradient\nreversed",
    ),
    losses=(
        Loss("rec_A", ("real_A", "rec_A")),
        Loss("dom", ("C",), "right"),
        Loss("adv_BA", ("D_A",), "left"),
        Loss("adv_AB", ("D_B",), "left"),
        Loss("rec_B", ("real_B", "rec_B"), "below"),
    ),
    labels={"E": "E\ninner layers", "Dec": "Dec\ninner layers", "C": "C\ndomain?"},
    shared=frozenset({"E", "Dec"}),
    note="Two auto-encoders meet in one embedding. C learns to read the domain off it, and the encoders learn to "
    "hide it.",
)

XGAN_MEANING = Diagram(
    "XGAN: semantic consistency",
    rows=("real_A E_A code_A Dec_B fake_B E_B code_B", ". teacher code_T . . . ."),
    flows=("real_A > E_A > code_A > Dec_B > fake_B > E_B > code_B", "real_A > teacher ..> code_T"),
    losses=(Loss("sem_A", ("code_A", "code_B")), Loss("teach", ("code_A", "code_T"), "between")),
    labels={"code_A": "code", "code_B": "code", "code_T": "features"},
    shared=frozenset({"E_A", "E_B", "Dec_B"}),
    frozen=frozenset({"teacher"}),
    note="The way home in the embedding, not in pixels: a translation must keep its place there. The same from B, "
    "with sem_B. A frozen teacher that knows A may say which pictures of A are alike. A double edge: inner layers "
    "shared by both domains.",
)

LDD = Diagram(
    "A latent domain discriminator",
    rows=(
        "real_A noise E c_A Dec rec_A",
        ". . . D . .",
        "real_B noise@2 E@2 c_B Dec@2 rec_B",
        "real_A@2 M fake_B noise@3 E@3 c_fake",
        ". . . cyc_A . Dec@3",
    ),
    flows=(
        "real_A > noise > E > c_A > Dec > rec_A",
        "real_B > noise@2 > E@2 > c_B > Dec@2 > rec_B",
        "c_A > D",
        "c_B > D",
        "real_A@2 ..> M ..> fake_B ..> noise@3 > E@3 > c_fake > Dec@3 > cyc_A",
    ),
    losses=(
        Loss("auto_A", ("real_A", "rec_A")),
        Loss("adv", ("D",), "right"),
        Loss("auto_B", ("real_B", "rec_B"), "below"),
        Loss("cd_A", ("real_A@2", "cyc_A"), "below"),
    ),
    labels={"M": "M\nfrozen", "D": "D\ndomain?"},
    shared=frozenset({"E", "Dec"}),
    frozen=frozenset({"M"}),
    note="Two auto-encoders repair what noise has spoilt. D learns to read the domain off the code, the encoder to "
    "hide it. Across domains: M, the translator of the round before, makes fake_B, and what noise leaves of it must "
    "give real_A back. The same from B.",
)

DIAGRAMS = {
    "cogan": COGAN,
    "cogan_adaptation": COGAN_ADAPTATION,
    "unit": UNIT,
    "unit_cycle": UNIT_CYCLE,
    "unit2018": UNIT2018,
    "unit_digits": UNIT_DIGITS,
    "munit": MUNIT,
    "dtn": DTN,
    "xgan": XGAN,
    "xgan_meaning": XGAN_MEANING,
    "ldd": LDD,
}
