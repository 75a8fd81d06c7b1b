"""What nbval compares in the lessons: `pytest -p labkit.nbval_plugin --nbval notebooks/`.

Everything is compared exactly, except
- a live widget: that it is there counts, not its random id or its state;
- cells tagged `nbval-tolerance`: decimal numbers may differ by 1 % or by two in the last printed place (the sums of a
  trained network depend on the processor), all else, whole numbers included, must be equal;
- what tests/notebooks/sanitise.cfg replaces, with a reason beside each rule.
"""

import os
import re

from labkit.notebooks import WIDGET_TEXT, WIDGET_VIEW, kernel_environment

TOLERANCE_TAG = "nbval-tolerance"
RELATIVE = 0.01
LAST_PLACES = 2
_DECIMAL = re.compile(r"(?<![\w.])-?\d+\.\d+(?:[eE][+-]?\d+)?(?![\w.]\w)")


def pytest_configure(config):
    from nbval.plugin import IPyNbCell

    os.environ.update(kernel_environment())
    exactly = IPyNbCell.compare_outputs

    def compare(cell, test, ref, skip_compare=None):
        test = [without_widget(output) for output in test]
        if TOLERANCE_TAG in cell.cell.metadata.get("tags", []):
            test = [within_tolerance(*pair) for pair in zip(test, ref, strict=False)] + test[len(ref) :]
        return exactly(cell, test, ref, skip_compare)

    IPyNbCell.compare_outputs = compare


def without_widget(output):
    """The output as the notebooks store it: a widget is a sentence."""
    if WIDGET_VIEW in output.get("data", {}):
        return type(output)(output, data={"text/plain": WIDGET_TEXT})
    return output


def within_tolerance(output, reference):
    """`output` with the numbers of `reference` in all texts that agree with it within the tolerance."""
    snapped = type(output)(output)
    if "text" in output and "text" in reference:
        snapped["text"] = snap(output["text"], reference["text"])
    if "data" in output and "data" in reference:
        pairs = {kind: (content, reference["data"].get(kind)) for kind, content in output["data"].items()}
        both_text = {kind: pair for kind, pair in pairs.items() if all(isinstance(text, str) for text in pair)}
        snapped["data"] = dict(output["data"]) | {kind: snap(*pair) for kind, pair in both_text.items()}
    return snapped


def snap(text: str, reference: str) -> str:
    """`reference` where `text` differs from it only in decimal numbers that are close; else `text` as it is."""
    numbers, wanted = _DECIMAL.findall(text), _DECIMAL.findall(reference)
    if _DECIMAL.sub("#", text) != _DECIMAL.sub("#", reference):
        return text
    return reference if all(map(close, numbers, wanted)) else text


def close(number: str, wanted: str) -> bool:
    """Whether two printed decimals agree within 1 %, or within two units of their last place where that is coarser."""
    mantissa, _, exponent = wanted.lower().partition("e")
    last_place = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    allowed = max(RELATIVE * abs(float(wanted)), LAST_PLACES * last_place)
    return abs(float(number) - float(wanted)) <= allowed * (1 + 1e-9)
