"""LaTeX in markdown → MathML, which a browser shows without any script, offline.

Formulas are taken out before markdown is rendered (an underscore in a formula is no emphasis) and put back after.
"""

import html
import re

# Code first: a dollar in code is no formula. A formula starts and ends beside a non-space and holds no empty line.
_CODE_OR_MATH = re.compile(
    r"(?P<code>^(?P<fence>```+|~~~+).*?^(?P=fence)|(?P<tick>`+)(?!`).+?(?<!`)(?P=tick)(?!`))"
    r"|(?<!\\)\$\$(?P<block>(?:(?!\n\s*\n).)+?)\$\$"
    r"|(?<![\\$])\$(?!\s)(?P<inline>(?:(?!\n\s*\n)(?:[^$\\]|\\.))+?)(?<!\s)\$(?!\d)",
    re.DOTALL | re.MULTILINE,
)
_PLACE = re.compile(r"xformulax(\d+)x")
# What latex2mathml does not know it lets stand as text.
_COMMAND_LEFT = re.compile(r">\\[a-zA-Z]+<")
# A minus after an opening bracket, a comma or a relation is a sign, which stands close to its number.
_SIGN = re.compile(r"(<mo[^>]*>(?!\)|\]|\||&#x00029;|&#x0005D;|&#x0007D;|&#x0007C;)[^<]*</mo>)<mo>&#x02212;</mo>")


class Formulas:
    """The formulas of one page. `take_out` a text before markdown, `put_back` into the HTML after."""

    def __init__(self):
        self._mathml: list[str] = []

    def take_out(self, text: str) -> str:
        def replace(match: re.Match) -> str:
            if match["code"]:
                return match[0]
            block = match["block"] is not None
            self._mathml.append(to_mathml(match["block"] if block else match["inline"], block))
            return f"xformulax{len(self._mathml) - 1}x"

        return _CODE_OR_MATH.sub(replace, text)

    def put_back(self, page: str) -> str:
        # A heading becomes an id as well, and no attribute can hold a formula.
        page = re.sub(r'="[^"]*"', lambda match: _PLACE.sub("", match[0]), page)
        return _PLACE.sub(lambda match: self._mathml[int(match[1])], page)


def to_mathml(latex: str, block: bool) -> str:
    """One formula as a `<math>` element; where it cannot be converted, its LaTeX as code, so that nothing is lost."""
    from latex2mathml.converter import convert

    as_code = f'<code class="latex">{html.escape(latex.strip())}</code>'
    try:
        mathml = convert(latex.strip(), display="block" if block else "inline")
    except Exception:  # latex2mathml raises many kinds
        return as_code
    return as_code if _COMMAND_LEFT.search(mathml) else _SIGN.sub(r'\1<mo form="prefix">&#x02212;</mo>', mathml)
