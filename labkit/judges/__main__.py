"""`python -m labkit.judges NAME …`: train judges anew, the embedded ones into the package, others into the cache."""

import argparse
import sys

from labkit.errors import LabError


def main(arguments: list[str] | None = None) -> int:
    from labkit.judges import attributes, photographs
    from labkit.judges.judge import FROZEN
    from labkit.judges.training import PLANS, train
    from labkit.paths import cache_dir

    others = {
        attributes.NAME: attributes.train_attribute_judge,
        photographs.NAME: photographs.train_photograph_judge,
    }
    names = [*PLANS, *others]
    parser = argparse.ArgumentParser(prog="python -m labkit.judges", description=__doc__)
    parser.add_argument("names", nargs="+", metavar="NAME", choices=names, help=f"one of {', '.join(names)}")
    for name in parser.parse_args(arguments).names:
        embedded = name in ("optdigits", "glyph_digits")
        try:
            if name in others:
                record = others[name](FROZEN).record
            else:
                record = train(name, FROZEN if embedded else cache_dir() / "judges").record
        except LabError as error:
            print(error, file=sys.stderr)
            return 2
        print(f"{name}: {_lowest(record['ceiling']):.3f} on {record['n_test']} test images, {record['steps']} steps")
    return 0


def _lowest(ceiling: float | dict) -> float:
    """The lowest of a judge's ceilings: it may have one for each set, style or attribute."""
    return min(map(_lowest, ceiling.values())) if isinstance(ceiling, dict) else ceiling


if __name__ == "__main__":
    sys.exit(main())
