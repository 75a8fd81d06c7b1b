import pytest
import yaml

from labkit.errors import LabError
from labkit.ledger.claims import Published, Rule, Source, read_claims

CLAIM = {
    "id": "01.ring",
    "lesson": "01_gan_minmax",
    "statement": "Packing covers more modes.",
    "kind": "direction",
    "source": {"paper": "Lin et al. 2018", "arxiv": "1712.04086", "where": "Table 2"},
    "published": {"value": "8 of 8", "provenance": "secondary"},
    "rules": {"lesson": {"measure": "a", "comparison": "greater", "reference": "b", "margin": 0.5, "seeds": [0, 1]}},
    "note": "with a smaller network",
}


@pytest.fixture
def write(tmp_path):
    def write(*claims):
        path = tmp_path / "claims.yml"
        path.write_text(yaml.safe_dump(list(claims)))
        return path

    return write


def change(*keys, value):
    """CLAIM with the value at `keys` replaced (`...` as value: removed)."""
    claim = yaml.safe_load(yaml.safe_dump(CLAIM))
    inside = claim
    for key in keys[:-1]:
        inside = inside[key]
    if value is ...:
        del inside[keys[-1]]
    else:
        inside[keys[-1]] = value
    return claim


def test_reads_all_there_is(write):
    (claim,) = read_claims(write(CLAIM))
    assert claim.source == Source("Lin et al. 2018", "Table 2", "1712.04086")
    assert claim.published == Published("8 of 8", "secondary")
    assert claim.rules == {"lesson": Rule("a", "greater", "b", 0.5, (0, 1))}
    assert claim.note == "with a smaller network"


def test_optional_parts_may_be_missing(write):
    claim = change("note", value=...)
    claim["published"] = None
    del claim["source"]["arxiv"]
    (read,) = read_claims(write(claim))
    assert read.published is None and read.note is None and read.source.arxiv is None


def test_an_empty_file_has_no_claims(tmp_path):
    path = tmp_path / "claims.yml"
    path.write_text("# nothing yet\n")
    assert read_claims(path) == []


@pytest.mark.parametrize(
    ("keys", "value", "says"),
    [
        (("id",), "02.ring", "number of its lesson"),
        (("id",), "ring", "number of its lesson"),
        (("id",), ..., "'id'"),
        (("kind",), "guess", "'kind'"),
        (("statment",), "x", "did you mean 'statement'"),
        (("source", "arxiv"), 1712.04086, "'arxiv'"),
        (("source", "were"), "x", "did you mean 'where'"),
        (("source", "where"), ..., "'where'"),
        (("published", "provenance"), "seen", "'provenance'"),
        (("published", "unit"), "%", "'unit'"),
        (("rules",), {}, "at least one profile"),
        (("rules",), ["lesson"], "'rules'"),
        (("source",), "Lin et al.", "expected keys and values"),
        (("rules", "lessn"), CLAIM["rules"]["lesson"], "unknown profile"),
        (("rules", "lesson", "comparison"), "above", "'comparison'"),
        (("rules", "lesson", "comparison"), "equals", "'greater' or 'less'"),
        (("rules", "lesson", "margin"), 0, "above 0"),
        (("rules", "lesson", "margin"), -1, "at least 0"),
        (("rules", "lesson", "margin"), float("nan"), "at least 0"),
        (("rules", "lesson", "margin"), ..., "'margin'"),
        (("rules", "lesson", "marign"), 1, "did you mean 'margin'"),
        (("rules", "lesson", "reference"), float("inf"), "finite"),
        (("rules", "lesson", "reference"), "1e-3", "is text"),
        (("rules", "lesson", "seeds"), [], "state the seeds"),
        (("rules", "lesson", "seeds"), ["a"], "'seeds"),
    ],
)
def test_what_is_refused(write, keys, value, says):
    with pytest.raises(LabError, match="claims.yml") as error:
        read_claims(write(change(*keys, value=value)))
    assert says in str(error.value)


def test_exact_claims_are_judged_at_smoke(write):
    with pytest.raises(LabError, match="smoke"):
        read_claims(write(change("kind", value="exact")))


def test_ids_are_used_once(write):
    with pytest.raises(LabError, match="stands twice"):
        read_claims(write(CLAIM, CLAIM))


def test_a_mapping_is_no_list_of_claims(tmp_path):
    path = tmp_path / "claims.yml"
    path.write_text("id: 01.x\n")
    with pytest.raises(LabError, match="list of claims"):
        read_claims(path)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule("a", "greater", "b", 0.5), "a above b by at least 0.5"),
        (Rule("a", "less", 3.0, 0.0), "a at most 3"),
        (Rule("a", "equals", 2.0, 0.1), "a = 2 ± 0.1"),
        (Rule("a", "equals", 11378179.0, 0.0), "a = 11,378,179 exactly"),
        (Rule("a", "greater", 0.0, 0.0), "a at least 0"),
        (Rule("a", "less", 0.12345678, 1234.5), "a below 0.1235 by at least 1234"),
    ],
)
def test_words(rule, words):
    assert rule.words() == words
