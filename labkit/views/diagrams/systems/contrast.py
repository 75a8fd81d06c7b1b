"""Systems that ask which of many belongs to this one, views or patches, and two learners to compare them with."""

from labkit.views.diagrams.layout import Diagram, Loss

AUTOENCODER = Diagram(
    "The autoencoder",
    rows=("real view f z Dec rec",),
    flows=("real > view > f > z > Dec > rec",),
    losses=(Loss("rec", ("view", "rec")),),
    note="A random view of the picture is squeezed into a few numbers and painted again from them.",
)

CLASSIFIER = Diagram(
    "The classifier",
    rows=("real view f C label",),
    flows=("real > view > f > C",),
    losses=(Loss("cls", ("C", "label")),),
    note="The same encoder f and the same views, taught with every label.",
)

SIMCLR = Diagram(
    "SimCLR",
    rows=(". view_1 f head z_1", "real view_2 f@2 head@2 z_2", "others view_n f@3 head@3 z_n"),
    flows=(
        "real > view_1 > f > head > z_1",
        "real > view_2 > f@2 > head@2 > z_2",
        "others > view_n > f@3 > head@3 > z_n",
    ),
    losses=(Loss("nce", ("z_1", "z_2", "z_n"), "right"),),
    many=frozenset({"others", "view_n", "z_n"}),
    labels={
        **{"head": "g", "head@2": "g", "head@3": "g", "others": "the\nothers", "view_n": "views"},
        **{"z_1": "z_1\nquery", "z_2": "z_2\npositive", "z_n": "z\nnegatives"},
    },
    note="Two random views of one picture must find each other among the views of all other pictures of the batch. "
    "Encoder f and head g exist once; g is thrown away after training.",
)

MOCO = Diagram(
    "MoCo",
    rows=(". view_1 f_q q", "real . . .", ". view_2 f_k k", ". . . queue"),
    flows=(
        "real > view_1 > f_q > q",
        "real > view_2 > f_k ..> k",
        "f_q ..> f_k : slow average",
        "k ..> queue : after\nthe step",
    ),
    losses=(Loss("nce", ("q", "k", "queue"), "right"),),
    frozen=frozenset({"f_k"}),
    many=frozenset({"queue"}),
    labels={"q": "q\nquery", "k": "k\npositive", "queue": "queue\nnegatives"},
    note="The negatives are keys of earlier batches, kept in a queue. No gradient leads into f_k: it follows f_q "
    "slowly, so that old and new keys speak nearly the same language. Each f has its head within.",
)

PATCHNCE = Diagram(
    "PatchNCE: one question",
    rows=("fake_B G_enc place_q F query", "real_A G_enc@2 place_p F@2 key", ". . place_n F@3 key_n"),
    flows=(
        "fake_B > G_enc > place_q > F > query",
        "real_A > G_enc@2 ..> place_p ..> F@2 ..> key",
        "G_enc@2 ..> place_n ..> F@3 ..> key_n",
    ),
    losses=(Loss("nce", ("query", "key", "key_n"), "right"),),
    many=frozenset({"place_n", "key_n"}),
    labels={
        **{"place_q": "one\nplace", "place_p": "same\nplace", "place_n": "other\nplaces"},
        **{"key": "key\npositive", "key_n": "keys\nnegatives"},
    },
    note="Which of these patches of the input stands where the query stands in the output? A patch is one place of a "
    "feature map. Encoder and head are the same for all; no gradient leads into the keys.",
)

CUT = Diagram(
    "CUT",
    rows=(
        "real_A G_enc . F key",
        ". G_dec . . .",
        "D_B fake_B G_enc@2 F@2 query",
        "real_B G_enc@3 G_dec@2 idt_B .",
    ),
    flows=(
        "real_A > G_enc",
        "G_enc ..> F : several layers",
        "F ..> key",
        "G_enc > G_dec > fake_B",
        "fake_B > D_B",
        "fake_B > G_enc@2 > F@2 > query",
        "real_B > G_enc@3 > G_dec@2 > idt_B",
    ),
    losses=(
        Loss("nce", ("key", "query"), "between"),
        Loss("adv", ("D_B",), "above"),
        Loss("idt", ("real_B", "idt_B"), "below"),
    ),
    many=frozenset({"key", "query"}),
    note="One generator, drawn in its two halves. The heads F read features of input and output at the same places "
    "of several layers; no gradient leads into the keys. The identity branch asks the same question: idt is PatchNCE "
    "between idt_B and real_B, by the same encoder and heads.",
)

FASTCUT = Diagram(
    "FastCUT",
    rows=(
        "real_A G_enc . . F key",
        "flip D_B . . . .",
        "G_AB fake_B G_enc@2 flip@2 F@2 query",
    ),
    flows=(
        "real_A > G_enc",
        "G_enc ..> F ..> key",
        "real_A > flip > G_AB > fake_B",
        "fake_B > D_B",
        "fake_B > G_enc@2 > flip@2 > F@2 > query",
    ),
    losses=(Loss("nce", ("key", "query"), "between"), Loss("adv", ("D_B",), "right")),
    many=frozenset({"key", "query"}),
    labels={"flip@2": "flip\nback"},
    note="CUT without the identity branch, and with ten times its weight on nce. In half of the steps the input of G "
    "is mirrored, and so are the features of its output, back again. G_enc is the first half of G_AB.",
)

SINCUT = Diagram(
    "SinCUT",
    rows=(
        "one_A crops_A real_A G_AB fake_B .",
        ". . . . tiles D_B",
        "one_B crops_B real_B G_AB@2 idt_B .",
    ),
    flows=(
        "one_A > crops_A > real_A > G_AB > fake_B > tiles > D_B",
        "one_B > crops_B > real_B > G_AB@2 > idt_B",
        "real_B > tiles",
    ),
    losses=(
        Loss("nce", ("real_A", "fake_B")),
        Loss("adv", ("D_B",), "right"),
        Loss("r1", ("D_B",), "right"),
        Loss("idt", ("real_B", "idt_B"), "below"),
        Loss("pixel", ("real_B", "idt_B"), "below"),
    ),
    many=frozenset({"real_A", "real_B", "fake_B", "idt_B"}),
    labels={"one_A": "one\npicture", "one_B": "one\npicture", "crops_A": "crop", "crops_B": "crop", "tiles": "tiles"},
    note="CUT on one picture of each domain: a batch is crops of it. D_B judges tiles of crops, fake and real, and "
    "r1 holds its slope at real ones. pixel asks that idt_B equals real_B. Negatives come from all crops.",
)

DCLGAN = Diagram(
    "DCLGAN",
    rows=(
        "real_A E_A . F_A key_A",
        ". Dec_B . . .",
        "D_B fake_B E_B F_B query_B",
        "D_A fake_A E_A@2 F_A@2 query_A",
        ". Dec_A . . .",
        "real_B E_B@2 . F_B@2 key_B",
    ),
    flows=(
        "real_A > E_A > Dec_B > fake_B > D_B",
        "E_A ..> F_A ..> key_A",
        "fake_B > E_B > F_B > query_B",
        "real_B > E_B@2 > Dec_A > fake_A > D_A",
        "E_B@2 ..> F_B@2 ..> key_B",
        "fake_A > E_A@2 > F_A@2 > query_A",
    ),
    losses=(
        Loss("nce_A", ("key_A", "query_B"), "between"),
        Loss("adv_AB", ("D_B",), "above"),
        Loss("adv_BA", ("D_A",), "below"),
        Loss("nce_B", ("query_A", "key_B"), "between"),
    ),
    many=frozenset({"key_A", "key_B", "query_A", "query_B"}),
    note="Two generators: G_AB is E_A and Dec_B, G_BA is E_B and Dec_A. A translation is read by the encoder and the "
    "heads of the domain that it lives in, which are those of the other generator. idt_A and idt_B, not drawn, are "
    "CycleGAN's.",
)

SIMDCL = Diagram(
    "SimDCL: similarity",
    rows=("real_A E_A F_A M_real code_real", "fake_A E_A@2 F_A@2 M_fake code_fake"),
    flows=("real_A > E_A > F_A > M_real > code_real", "fake_A > E_A@2 > F_A@2 > M_fake > code_fake"),
    losses=(Loss("sim", ("code_real", "code_fake"), "right"),),
    labels={"code_real": "all\npatches", "code_fake": "all\npatches"},
    note="What SimDCL adds to DCLGAN: a mapping M makes one vector of all patches of a picture. Real and generated "
    "pictures of a domain must be alike as a whole. The same for B; each of the four kinds of pictures has an M of "
    "its own.",
)

DIAGRAMS = {
    "autoencoder": AUTOENCODER,
    "classifier": CLASSIFIER,
    "simclr": SIMCLR,
    "moco": MOCO,
    "patchnce": PATCHNCE,
    "cut": CUT,
    "fastcut": FASTCUT,
    "sincut": SINCUT,
    "dclgan": DCLGAN,
    "simdcl": SIMDCL,
}
