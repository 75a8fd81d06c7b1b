"""What a recorded network looked like on the way."""

from matplotlib.figure import Figure

from labkit.networks import Network
from labkit.views import style
from labkit.views.grids import image_grid


def strip(network: Network, columns: int = 8, inches: float = 0.7) -> Figure:
    """The same test images after several steps of the training, as they were kept; below, what made them."""
    environment = network.record["environment"]
    figure = image_grid(network.strip(), columns, inches, f"{network.name}, seed {network.spec.seed}")
    made = f"recorded {environment['date']}, {network.record['training_seconds']:,} seconds of training"
    figure.text(0.99, -0.02, made, ha="right", va="top", fontsize=8, color=style.GREY)
    return figure
