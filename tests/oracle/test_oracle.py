"""labkit computes what the papers' official code computes: outputs, loss terms, gradients, optimisers."""

import pytest

from labkit.systems import SYSTEMS
from oracle.cases import CASES, SETTINGS
from oracle.formula import values
from oracle.witness import VALUES, Witness, recorded

# Of the rounded numbers in the files 1e-11 is left; two official sides, or ours, have a number of 32 bits in them
TOLERANCE = {"discogan": 1e-7, "simclr": 1e-7}
RECORDS = sorted(path.stem for path in VALUES.glob("*.json"))


@pytest.mark.parametrize("name", RECORDS)
def test_labkit_computes_what_the_official_code_computes(name):
    system = recorded(name)["labkit"]["system"]
    if system not in SYSTEMS:
        pytest.skip(f"labkit has no system {system} yet; these are the numbers to build it against")
    assert name in CASES, f"labkit has the system {system}: its case belongs into oracle.cases"
    witness = Witness(name, SETTINGS.get(name))
    CASES[name](witness)
    witness.optimisers()
    missed = {f"output {output}" for output in recorded(name)["outputs"]} - {*witness.apart}
    assert not missed
    tolerance = TOLERANCE.get(name, 1e-11)
    assert {what: apart for what, apart in witness.apart.items() if not apart <= tolerance} == {}


def test_the_formula_gives_the_numbers_that_it_is_known_by():
    found = [*values(1, 3).tolist(), values(1, 1001)[1000].item(), values(4029, 1).item()]
    expected = [0.474413270817, 0.397532597835, -0.443280099632, -0.452489703639, -0.219761170084]
    assert found == pytest.approx(expected, abs=1e-12)
