"""What a stored notebook becomes in the book, on notebooks of a few cells."""

import base64

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from labkit.book.glossary import Term
from labkit.book.lesson_pages import lesson_page, with_citations, with_labels, with_terms

LATENT = Term("latent space", "隐空间", "where the codes live", "04_unit")
SHARED = Term("shared latent space", "", "one code for both", "04_unit")


def picture(name: bytes, **metadata):
    return new_output(
        "display_data", {"image/png": base64.b64encode(name).decode(), "text/plain": "<Figure>"}, metadata=metadata
    )


def notebook(*cells):
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
    return new_notebook(cells=list(cells), metadata=kernel)


def test_displayed_equations_count_on_and_others_have_no_number():
    text, count = with_labels("Of $a$:\n\n$$\na = b\n$$\n\nand\n\n$$b = c$$\n\nbut `$$` is code", "03", 4)
    assert text == "Of $a$:\n\n$$\na = b\n$$ (eq-03-5)\n\nand\n\n$$b = c$$ (eq-03-6)\n\nbut `$$` is code"
    assert count == 6


def test_a_paper_of_the_bibliography_is_cited_and_another_is_left_alone():
    known, unknown = "[CUT](https://arxiv.org/abs/2007.15651v2)", "[other](https://arxiv.org/abs/1111.11111)"
    cited = with_citations(f"See {known} and {unknown}.", {"2007.15651": "park2020"})
    assert cited == f"See {known} {{cite}}`park2020` and {unknown}."


def test_a_word_explains_itself_once_and_in_prose_alone():
    hidden = "# The latent space\n\n`latent space`, $latent space$, [latent space](x.md), <b latent space>"
    text = f"{hidden}; the Latent space, latent space."
    words = {"latent space": LATENT}
    told = with_terms(text, words)
    assert told == text.replace("the Latent space", f"the {LATENT.link('Latent space')}")
    assert not words, "a word that was explained is not explained again"


def test_the_longer_of_two_words_wins_and_nothing_is_linked_within_a_link():
    told = with_terms("the shared latent space", {"latent space": LATENT, "shared latent space": SHARED})
    assert told == f"the {SHARED.link('shared latent space')}"
    assert 'title="one code for both"' in told and "glossary.html#term-shared-latent-space" in told


def test_pictures_become_figures_in_the_order_of_the_outputs():
    text = new_output("stream", name="stdout", text="after")
    cell = new_code_cell(
        "draw()", outputs=[picture(b"one"), picture(b"two", **{"image/png": {"alt": "two rows"}}), text]
    )
    page = lesson_page(notebook(new_markdown_cell("## The `idea`"), cell), "03", {}, {})
    kinds = [found.cell_type for found in page.notebook.cells]
    assert kinds == ["markdown", "code", "markdown", "markdown", "code"]
    code, first, second, rest = page.notebook.cells[1:]
    assert code.source == "draw()" and code.outputs == []
    assert page.figures == {"03-1.png": b"one", "03-2.png": b"two"}
    assert ":name: fig-03-1" in first.source and ":alt: Figure 3.1 · The idea" in first.source
    assert ":alt: two rows" in second.source and "Figure 3.2 · The idea" in second.source
    assert rest.source == "" and rest.outputs == [text] and "remove-input" in rest.metadata.tags


def test_the_stored_notebook_is_not_changed():
    stored = notebook(new_markdown_cell("The latent space"), new_code_cell("draw()", outputs=[picture(b"one")]))
    before = str(stored)
    lesson_page(stored, "04", {"latent space": LATENT}, {})
    assert str(stored) == before
