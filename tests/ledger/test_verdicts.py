import json
import math
from types import SimpleNamespace

import pytest
import yaml

from labkit.errors import LabError
from labkit.ledger import judge
from labkit.ledger.verdicts import FAILS, HOLDS, UNDECIDED, decide, from_json


@pytest.mark.parametrize(
    ("comparison", "value", "outcome"),
    [
        ("greater", 1.5, HOLDS),
        ("greater", 1.25, HOLDS),
        ("greater", 1.125, UNDECIDED),
        ("greater", 1.0, FAILS),
        ("greater", 0.5, FAILS),
        ("less", 0.5, HOLDS),
        ("less", 0.75, HOLDS),
        ("less", 0.875, UNDECIDED),
        ("less", 1.0, FAILS),
        ("less", 1.5, FAILS),
        ("equals", 1.0, HOLDS),
        ("equals", 1.25, HOLDS),
        ("equals", 0.75, HOLDS),
        ("equals", 1.375, FAILS),
        ("equals", 0.625, FAILS),
    ],
)
def test_decide(comparison, value, outcome):
    assert decide(comparison, value, reference=1.0, margin=0.25) == outcome


def test_without_a_margin_there_is_nothing_between():
    assert [decide("less", value, 1.0, 0.0) for value in (0.999, 1.0, 1.001)] == [HOLDS, HOLDS, FAILS]


@pytest.fixture
def claims(tmp_path):
    def write(seeds=(0,), **rule):
        rule = {"measure": "a", "comparison": "greater", "reference": "b", "margin": 0.5, "seeds": list(seeds)} | rule
        source = {"paper": "P 2017", "where": "Table 1"}
        claim = {"id": "01.x", "lesson": "01_one", "statement": "a <b> wins.", "kind": "direction", "source": source}
        path = tmp_path / "claims.yml"
        path.write_text(yaml.safe_dump([claim | {"rules": {"lesson": rule}}]))
        return path

    return write


def measurement(value, seed=None, spread=None):
    return SimpleNamespace(name="a", value=value, n=100, split="test", judge="digits", seed=seed, spread=spread)


def outcome(path, **measures):
    (verdict,) = judge("01_one", "lesson", measures, path)
    return verdict


def test_numbers_measurements_and_lists(claims):
    path = claims()
    assert outcome(path, a=2.0, b=1.0).outcome == HOLDS
    verdict = outcome(path, a=measurement(2.0, seed=0), b=measurement(1.9, seed=0))
    assert verdict.outcome == UNDECIDED and verdict.measured.n == 100 and verdict.measured.judge == "digits"


def test_the_mean_over_seeds_is_judged_and_its_spread_shown(claims):
    verdict = outcome(claims(seeds=(0, 1, 2)), a=[1.0, 2.0, 6.0], b=[0.0, 1.0, 2.0])
    assert verdict.outcome == HOLDS and verdict.measured.value == 3.0 and verdict.reference == 1.0
    assert verdict.measured.spread == pytest.approx(math.sqrt(7))
    assert verdict.measured.text() == "3 ± 2.6"
    each = [measurement(value, seed=seed) for seed, value in enumerate((1.0, 2.0, 6.0))]
    assert outcome(claims(seeds=(0, 1, 2)), a=each, b=1.0).measured.seeds == (0, 1, 2)


@pytest.mark.parametrize(
    ("seeds", "measures", "says"),
    [
        ((0,), {"a": 1.0}, "does not measure 'b'"),
        ((0,), {"b": 1.0}, "does not measure 'a'"),
        ((0,), {"a": float("nan"), "b": 1.0}, "measure 'a' is nan"),
        ((0,), {"a": 1.0, "b": 1.0, "unused": float("inf")}, "measure 'unused' is inf"),
        ((0,), {"a": [1.0, float("nan")], "b": 1.0}, "measure 'a' is nan"),
        ((0,), {"a": None, "b": 1.0}, "not a number"),
        ((0,), {"a": "high", "b": 1.0}, "not a number"),
        ((0,), {"a": [], "b": 1.0}, "empty list"),
        ((0, 1, 2), {"a": [1.0, 2.0], "b": 1.0}, "over 2 seeds"),
        ((0, 1, 2), {"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0]}, "over 2 seeds"),
        ((0, 1, 2), {"a": 1.0, "b": 1.0}, "single value"),
        ((0,), {"a": measurement(1.0, seed=7), "b": 1.0}, "seeds [7]"),
    ],
)
def test_a_bad_measure_is_an_error_never_a_verdict(claims, seeds, measures, says, tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_LEDGER", str(tmp_path / "measured.json"))
    with pytest.raises(LabError) as error:
        judge("01_one", "lesson", measures, claims(seeds))
    assert says in str(error.value)
    assert not (tmp_path / "measured.json").exists()


def distance(value, judge, name="KID, 70 and 70"):
    return SimpleNamespace(name=name, value=value, n=70, split="test", judge=judge, seed=0, spread=None)


def test_distances_in_different_features_are_never_compared(claims):
    path, one, other = claims(), distance(2.0, "photographs-1"), distance(1.0, "Inception-v3")
    assert outcome(path, a=one, b=distance(1.0, "photographs-1")).outcome == HOLDS
    with pytest.raises(LabError, match="features of Inception-v3 and photographs-1 cannot be compared"):
        judge("01_one", "lesson", {"a": one, "b": other}, path)
    with pytest.raises(LabError, match="measure 'a': distances"):
        judge("01_one", "lesson", {"a": [one, other], "b": 1.0}, path)
    accuracies = {key: distance(2.0, key, "label accuracy") for key in "ab"}  # a share is a share, whoever judges
    assert judge("01_one", "lesson", accuracies, path)


def test_only_the_claims_of_the_lesson_and_profile_are_judged(claims):
    assert len(judge("01_one", "smoke", {}, claims())) == 0
    assert len(judge("02_two", "lesson", {}, claims())) == 0
    assert "No claims" in judge("01_one", "smoke", {}, claims()).verdicts()


def test_the_plain_table_has_no_digits_of_the_measurement(claims):
    verdicts = judge("01_one", "lesson", {"a": 2.718281, "b": 1.0}, claims())
    assert verdicts.verdicts() == "01.x | holds         | a <b> wins."
    assert "2.718" not in repr(verdicts.table())


def test_the_html_table_shows_them_and_escapes(claims):
    page = judge("01_one", "lesson", {"a": 2.718281, "b": 1.0}, claims()).table()._repr_html_()
    assert "2.718" in page and "a &lt;b&gt; wins." in page and "above b by at least 0.5 (1)" in page


def test_what_is_left_for_the_report_reads_back(claims, tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_LEDGER", str(tmp_path / "measured.json"))
    verdict = outcome(claims(seeds=(0, 1)), a=[measurement(1.0, seed=0), measurement(2.0, seed=1)], b=0.1)
    text = (tmp_path / "measured.json").read_text()
    assert json.loads(text)["lesson"] == "01_one"
    assert from_json(text)["a"] == verdict.measured
