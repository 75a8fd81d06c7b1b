"""Pictures that one can turn: sliders, a reset button, and a PNG that follows them.

The picture is an `ipywidgets.Image`. `interact` and `Output` are avoided on purpose: a headless run can wait for ever
on what they print (jupyter/nbclient#312).
"""

from collections.abc import Callable

import ipywidgets
from matplotlib.figure import Figure

from labkit.views.style import png


def slider(label: str, value: float, low: float, high: float, step: float, live: bool = True) -> ipywidgets.FloatSlider:
    """A slider that reports while it is moved; with `live` false when it is let go, for what takes its time."""
    return ipywidgets.FloatSlider(
        value=value, min=low, max=high, step=step, description=label, style={"description_width": "7em"},
        layout={"width": "28em"}, continuous_update=live,
    )  # fmt: skip


def explorer(draw: Callable[..., Figure], **controls: ipywidgets.Widget) -> ipywidgets.VBox:
    """Controls above the picture that `draw(name=value, ...)` makes of them, drawn anew whenever one of them changes.

    A button sets every control back to where it stood. The controls keep their order.
    """
    start = {name: control.value for name, control in controls.items()}
    picture = ipywidgets.Image(format="png")
    reset = ipywidgets.Button(description="reset", icon="undo")

    def redraw(_change=None) -> None:
        picture.value = png(draw(**{name: control.value for name, control in controls.items()}))

    def set_back(_button) -> None:
        for name, control in controls.items():
            control.value = start[name]

    for control in controls.values():
        control.observe(redraw, names="value")
    reset.on_click(set_back)
    redraw()
    return ipywidgets.VBox([*controls.values(), reset, picture])
