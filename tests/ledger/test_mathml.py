import pytest

from labkit.ledger.report.mathml import Formulas, to_mathml


def formulas_in(text: str) -> int:
    formulas = Formulas()
    formulas.take_out(text)
    return len(formulas._mathml)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("$x$", 1),
        ("$$x$$", 1),
        ("$$\nx\n= y\n$$", 1),
        ("$a$ and $b$", 2),
        ("it costs $5 and $6", 0),
        ("it costs \\$5, that is $x$", 1),
        ("`$x$` is $x$", 1),
        ("``a ` $x$``", 0),
        ("```\n$x$\n```\n$y$", 1),
        ("~~~python\n$x$\n~~~", 0),
        ("$a\n\nb$", 0),
        ("$a\nb$", 1),
        ("| $|x|$ | $y$ |", 2),
        ("$\\$5$", 1),
        ("$ x $", 0),
    ],
)
def test_what_is_a_formula(text, count):
    assert formulas_in(text) == count


def test_formulas_come_back_where_they_were():
    formulas = Formulas()
    page = formulas.put_back(formulas.take_out("a $x_i*$ b $$y*$$ c"))
    first, second = page.index("<msub><mi>x</mi><mi>i</mi></msub>"), page.index('display="block"')
    assert page.startswith("a <math") and page.endswith("</math> c") and first < second and "$" not in page


@pytest.mark.parametrize(
    "latex",
    [
        r"\min_G \max_D \mathbb{E}_{x \sim p_{\mathrm{data}}}[\log D(x)] + \mathbb{E}_z[\log(1 - D(G(z)))]",
        r"-\log \frac{\exp(s^+/\tau)}{\exp(s^+/\tau) + \sum_{i=1}^{N} \exp(s_i^-/\tau)}",
        r"\begin{aligned} a &= b \\ c &= d \end{aligned}",
        r"\lVert G_{BA}(G_{AB}(x)) - x \rVert_1 \quad \operatorname{JS}(p \,\|\, q)",
    ],
)
def test_the_formulas_of_the_field_convert(latex):
    assert to_mathml(latex, block=True).startswith("<math")


@pytest.mark.parametrize(
    ("latex", "sign"), [("[-1, 1]", True), ("x = -1", True), ("a - b", False), ("f(x) - 1", False)]
)
def test_a_minus_is_a_sign_or_an_operation(latex, sign):
    assert ('form="prefix"' in to_mathml(latex, block=False)) is sign


@pytest.mark.parametrize("latex", [r"\frac{", r"\nosuchcommand{x}"])
def test_what_cannot_be_converted_stays_readable(latex):
    assert to_mathml(latex, block=False) == f'<code class="latex">{latex}</code>'
