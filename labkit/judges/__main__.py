"""`python -m labkit.judges NAME …`: train judges anew, the embedded ones into the package, others into the cache."""

import argparse
import sys

from labkit.errors import LabError


def main(arguments: list[str] | None = None) -> int:
    from labkit.judges import attributes
    from labkit.judges.judge import FROZEN
    from labkit.judges.training import PLANS, train
    from labkit.paths import cache_dir

    names = [*PLANS, attributes.NAME]
    parser = argparse.ArgumentParser(prog="python -m labkit.judges", description=__doc__)
    parser.add_argument("names", nargs="+", metavar="NAME", choices=names, help=f"one of {', '.join(names)}")
    for name in parser.parse_args(arguments).names:
        embedded = name in ("optdigits", "glyph_digits")
        try:
            if name == attributes.NAME:
                record = attributes.train_attribute_judge(FROZEN).record
                ceiling = min(min(each.values()) for each in record["ceiling"].values())  # the lowest of all attributes
            else:
                record = train(name, FROZEN if embedded else cache_dir() / "judges").record
                ceiling = record["ceiling"]
        except LabError as error:
            print(error, file=sys.stderr)
            return 2
        print(f"{name}: {ceiling:.3f} on {record['n_test']} test images, {record['steps']} steps")
    return 0


if __name__ == "__main__":
    sys.exit(main())
