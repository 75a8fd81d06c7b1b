"""The map of the field that the lessons follow: two approaches, by how far the two domains lie apart."""

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from labkit.views import style

APPROACHES = {
    "Approach one: map directly": [
        ("The naive GAN", "03", "nothing but a discriminator"),
        ("CycleGAN, DiscoGAN, DualGAN", "03", "the round trip must come home"),
        ("CUT, FastCUT, SinCUT", "07", "each patch keeps its meaning"),
        ("StarGAN", "09", "one generator, many domains"),
        ("DTN", "06", "a pre-trained network watches"),
    ],
    "Approach two: a common space": [
        ("CoGAN, UNIT", "04", "shared layers, shared latent code"),
        ("MUNIT, FUNIT", "05, 08", "content and style apart"),
        ("ComboGAN", "10", "encoders and decoders to combine"),
        ("XGAN", "06", "same meaning, same embedding"),
        ("Latent adversary", "11", "codes that hide their domain"),
    ],
}
NEAR, FAR = style.A, style.B  # the two ends of the axis


def notes_map() -> Figure:
    """Every system's place: the approach it belongs to, what it adds, and the lesson that builds it."""
    figure = Figure(figsize=(9.2, 4.6), layout="constrained")
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_xlim(0, 10)
    axes.set_ylim(-1.25, 6.0)
    for column, (title, boxes) in enumerate(APPROACHES.items()):
        left, colour = 0.1 + 5.1 * column, (NEAR, FAR)[column]
        axes.text(left, 5.45, title, fontsize=10, fontweight="bold", color=colour)
        axes.text(left + 4.6, 5.45, "lesson", fontsize=8.5, ha="right", color=colour)
        for row, (name, lesson, idea) in enumerate(boxes):
            y = 4.2 - 1.02 * row
            axes.add_patch(
                FancyBboxPatch((left, y), 4.6, 0.84, boxstyle="round,pad=0.02", fc="white", ec=colour, lw=1.4)
            )
            axes.text(left + 0.15, y + 0.53, name, fontsize=9, fontweight="bold", va="center")
            axes.text(left + 0.15, y + 0.2, idea, fontsize=8.5, va="center", color="#444444")
            number = {"fontsize": 11, "fontweight": "bold", "ha": "right", "va": "center", "color": colour}
            axes.text(left + 4.45, y + 0.42, lesson, **number)
    axes.annotate("", (9.8, -0.45), (0.1, -0.45), arrowprops={"arrowstyle": "->", "color": "#444444"})
    axes.text(0.1, -0.85, "domains close together: colour, texture", fontsize=9, color=NEAR)
    axes.text(9.8, -0.85, "domains far apart: shape, drawing style, language", fontsize=9, color=FAR, ha="right")
    foundation = "Underneath both: the adversarial loss (lesson 01) and the contrastive loss (lesson 02)"
    axes.text(5, -1.25, foundation, fontsize=9, ha="center")
    return figure
