"""The recorded networks as a table."""

from labkit import paths
from labkit.networks import store


def show() -> None:
    """Print what there is: name, system, data, steps, size, and whether it is on this machine."""
    from rich.console import Console
    from rich.table import Column, Table

    known = store.index()
    name_column = Column("name", no_wrap=True, min_width=max(map(len, known), default=4))
    numbers = [Column(title, justify="right") for title in ("steps", "size")]
    table = Table(name_column, "system", "data", *numbers, "here")
    for name, entry in known.items():
        size = f"{entry['bytes'] / 1e6:.1f} MB"
        table.add_row(name, entry["system"], entry["data"], f"{entry['steps']:,}", size, _place(name))
    Console().print(table)


def _place(name: str) -> str:
    places = {"in results": store.folder_of(name), "in the cache": paths.cache_dir() / "networks" / name}
    return next((place for place, folder in places.items() if (folder / store.CHECKSUMS).is_file()), "no")
