"""The ledger: every printed number of the paper's tables has one claim, every claim can be decided or says why not."""

import copy
import re
from collections import Counter
from decimal import Decimal

import jsonschema
import pytest

from mmpose_ssn.checked_yaml import load_checked
from mmpose_ssn.claims import claims, orderings
from mmpose_ssn.networks import of_groups
from mmpose_ssn.paper import formulas, supplement, table1, table2, table3


@pytest.fixture(scope="module")
def ledger():
    return claims()


@pytest.fixture(scope="module")
def sentences(ledger):
    return [claim for claim in ledger.values() if claim.place.table is None]


def printed_numbers(table, first):
    """How often each number stands in a table, from this column on."""
    cells = [cell for row in table for cell in row[first:]]
    return Counter(n for cell in cells for n in re.findall(r"(?<![\w.\[])\d+(?:\.\d+)?(?![\w.\]])", cell))


@pytest.mark.parametrize(
    ("table", "header", "first"),
    [
        ("1", "Methods\tmAP\t#Params\tFLOPS", 1),
        ("2", "Methods\t↓", 1),
        ("3", "Methods\tBackbone\tInput Size\t#Params\tFLOPS\tAP", 3),
    ],
)
def test_every_number_of_the_tables_has_one_claim(ledger, paper_text, table, header, first):
    numbered = [c for c in ledger.values() if c.place.table == table and c.place.row is not None]
    assert Counter(claim.value.text for claim in numbered) == printed_numbers(paper_text.table(header), first)


def test_the_ledger_has_as_many_numbers_as_the_tables(ledger):
    # 9 rows of 3; 22 figures and 11 gains; 4 own rows of 8, and 61 quoted figures
    numbered = Counter(c.place.table for c in ledger.values() if c.place.row is not None)
    assert numbered == {"1": 27, "2": 33, "3": 93}
    assert (
        sum(1 for c in ledger.values() if c.place.table == "3" and c.place.row and c.decided_by == "not testable") == 61
    )
    places = [str(c.place) + str(c.reference) for c in ledger.values() if c.place.row is not None]
    assert len(set(places)) == len(places) == 27 + 33 + 93


def test_claims_of_the_tables_have_the_tables_values(ledger):
    assert ledger["table1-ssn-ap"].value == table1()["ssn"].ap
    assert ledger["table1-lite-k512-params"].value == table1()["lite-k512"].params_m
    assert ledger["table2-backbone-esp-e1"].value == table2()["backbone-esp"].ap["E1"]
    gain = ledger["table2-ssn-p4-esp-gain"]
    assert (gain.value.text, dict(gain.contrast), gain.predictor) == ("1.0", {"ssn": 1, "ssn-wo-esp": -1}, "P4")
    assert ledger["table3-ssn-384x288-flops"].value == table3()["ssn-384x288"].flops_g
    assert ledger["table3-mask-rcnn-ap75"].value == table3()["mask-rcnn"].scores["AP .75"]
    assert "table3-mask-rcnn-ar" not in ledger


def test_orderings_and_formulas_are_in_the_ledger(ledger):
    for one in orderings().values():
        assert (one.id in ledger) == (not one.ours)
        if not one.ours:
            claim = ledger[one.id]
            assert (claim.kind, claim.subject, claim.reference) == ("ordering", one.higher, one.lower)
    assert {ledger[name].decided_by for name in formulas()} == {"cost"}
    assert len(formulas()) == 3
    assert len(supplement()) == 11 and "lite-layers" in ledger


def test_many_sentences_are_in_the_ledger(sentences):
    testable = [claim for claim in sentences if claim.decided_by != "not testable"]
    assert len(testable) >= 25
    assert {claim.kind for claim in testable} == {"point", "difference", "ordering", "count", "shape"}


def test_numbers_of_sentences_are_in_the_text_of_their_sections(sentences, paper_text):
    printed = [claim for claim in sentences if claim.value and not claim.derived]
    assert len(printed) >= 15
    for claim in printed:
        text = paper_text.section(claim.place.section)
        assert re.search(rf"(?<![\d.]){re.escape(claim.value.text)}(?![\d]|\.\d)", text), claim.id


def test_every_section_of_a_claim_is_one_of_the_papers(ledger, paper_text):
    for section in {claim.place.section for claim in ledger.values()}:
        assert paper_text.section(section).strip(), section


def test_formulas_are_in_the_text_of_their_sections(paper_text):
    for formula in formulas().values():
        # the paper writes KC^2 + 2K where Python writes K*C**2 + 2*K
        tex = formula.expression.replace("**", "^").replace("*", "")
        assert tex.replace(" ", "") in paper_text.section(formula.section).replace(" ", ""), formula.id


def test_claimed_gaps_are_those_of_the_tables(ledger):
    """Each gap between networks of which all figures are printed, against the figures."""
    figures = {
        (c.quantity, c.place.table, c.predictor, c.subject): c.value
        for c in ledger.values()
        if c.kind == "point" and c.place.row is not None
    }
    checked = set()
    for claim in ledger.values():
        if claim.value is None or -1 not in claim.contrast.values():
            continue
        table = {"val": "2" if claim.predictor else "1", "counted": claim.place.table or "1", "test-dev": "3"}
        keys = [(claim.quantity, table[claim.protocol.id], claim.predictor, network) for network in claim.contrast]
        gap = sum(w * Decimal(figures[k].text) for w, k in zip(claim.contrast.values(), keys, strict=True))
        rounding = (
            0 if claim.derived else claim.value.half_unit
        )  # the text rounds a gap further than the tables: by 1 mAP
        assert abs(gap - Decimal(claim.value.text)) <= rounding, claim.id
        checked.add(claim.id)
    assert {"attention-gain", "parts-cooperate", "first-predictor-gain", "lite-over-mask-rcnn"} <= checked
    assert len(checked) >= 45


def test_a_claimed_direction_is_that_of_the_prints(ledger):
    for claim in ledger.values():
        if claim.kind == "ordering" and claim.value is not None:
            assert float(claim.value) > 0, claim.id


def test_every_network_of_a_claim_is_known(ledger):
    asserted, printed = set(of_groups("asserted")), {*of_groups("paper", "control"), *table3()}
    assert not asserted & printed
    spoken_of = {network for claim in ledger.values() for network in claim.contrast}
    assert spoken_of <= asserted | printed
    assert asserted <= spoken_of, "an asserted network that no claim speaks of"


def test_a_quoted_result_decides_nothing_on_val2017(ledger):
    quoted = {name for name, row in table3().items() if row.citation}
    for claim in ledger.values():
        if quoted & set(claim.contrast):
            assert claim.decided_by in ("test-dev", "cost", "not testable"), claim.id


def test_what_is_decided_by_a_score_says_on_whose_images_and_boxes(ledger):
    for claim in ledger.values():
        if claim.decided_by == "scores":
            assert claim.protocol.data == "COCO val2017", claim.id
        if claim.decided_by == "test-dev":
            assert claim.protocol.data == "COCO test-dev", claim.id
        if claim.decided_by == "cost":
            assert claim.protocol.data == "none", claim.id


def test_a_margin_is_known_of_final_predictors_ap_alone(ledger):
    numbers = [c for c in ledger.values() if c.kind == "point" and c.quantity.startswith(("AP", "AR"))]
    known = {claim.id for claim in numbers if claim.margin.value is not None}
    assert known == {c.id for c in numbers if c.quantity == "AP" and c.predictor in (None, "P4")}
    assert {ledger[name].margin.value for name in known} == {0.7}
    assert {"table1-ssn-ap", "table2-ssn-p4", "table3-ssn-384x288-ap"} <= known
    unknown = {claim.id for claim in numbers} - known
    assert {"table2-ssn-e1", "table2-ssn-p3", "table3-ssn-384x288-ap75", "table3-ssn-384x288-ar"} <= unknown
    assert ledger["table1-ssn-ap"].delta == pytest.approx(0.75), "with half a unit of the printed digit"
    assert {claim.decided_by for claim in ledger.values() if claim.margin.value is None} <= {
        *("scores", "test-dev", "not testable"),
    }


def test_where_nobody_knows_a_margin_it_is_not_asked_for(ledger):
    for figure in ("bound", "delta"):
        with pytest.raises(ValueError, match="table2-ssn-e1 has no margin: nothing says how far off"):
            getattr(ledger["table2-ssn-e1"], figure)
    assert ledger["half-the-channels-cost-little"].bound == 1.0


def test_of_a_printed_gain_the_direction_is_judged(ledger):
    gains = [claim for claim in ledger.values() if claim.kind == "difference" and claim.value]
    of_ap = [claim for claim in gains if claim.decided_by == "scores"]
    assert len(of_ap) >= 18 and {"attention-gain", "parts-cooperate", "table2-ssn-e1-fsm-gain"} <= {
        claim.id for claim in of_ap
    }
    direction = ledger["ssn-over-wo-ca"].margin
    assert direction.value == 0 and all(claim.margin == direction for claim in of_ap)
    assert ledger["parts-cooperate"].rounding == pytest.approx(0.2), "four figures, each known to 0.05"


def test_words_of_size_have_a_number(ledger):
    assert ledger["half-the-channels-cost-little"].delta == 1.0
    assert ledger["input-attention-suffices"].delta == 0.5
    for claim in ledger.values():
        assert claim.margin.source and claim.margin.words, claim.id
        if claim.kind == "difference" and claim.value is None:
            assert claim.margin.value > 0, f"{claim.id}: nothing is exactly equal"


def test_what_cannot_be_tested_says_why_and_nothing_else_does(ledger):
    assert all((claim.why is not None) == (claim.decided_by == "not testable") for claim in ledger.values())


@pytest.fixture
def content(spoil):
    """What claims.yaml is loaded as, to be spoiled."""
    spoiled = copy.deepcopy(load_checked("mmpose_ssn.claims", "claims"))
    spoil("mmpose_ssn.claims", "claims", spoiled)
    return spoiled


@pytest.mark.parametrize(
    ("claim", "change", "message"),
    [
        ("attention-gain", {"value": 1.7}, "1.7 is not of type 'string'"),
        ("attention-gain", {"kind": "guess"}, "'guess' is not one of"),
        ("attention-gain", {"reference": None}, "None is not of type 'string'"),
        ("attention-gain", {"decided_by": "not testable"}, "'why' is a required property"),
        ("attention-gain", {"why": "no time"}, "'no time'"),
        ("attention-gain", {"contrast": {"ssn": 1, "backbone": 2}}, "2 is not one of|'ssn'"),
        ("detector-ap", {"subject": "ssn", "reference": "backbone"}, "'backbone'"),
    ],
)
def test_a_claim_that_does_not_fit_is_refused(content, claim, change, message):
    content["claims"][claim].update(change)
    with pytest.raises(jsonschema.ValidationError, match=message):
        claims()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: c["claims"]["attention-gain"].update(margin="tiny"),
            "attention-gain refers to 'tiny', expected one of: reimpl",
        ),
        (
            lambda c: c["claims"]["attention-gain"].update(protocol="test"),
            "attention-gain refers to 'test', expected one of: val",
        ),
        (
            lambda c: c["claims"].update({"table1-ssn-ap": c["claims"]["attention-gain"]}),
            "'table1-ssn-ap' is a claim of a table already",
        ),
    ],
)
def test_a_claim_that_refers_to_nothing_or_repeats_another_is_refused(content, change, message):
    change(content)
    with pytest.raises(ValueError, match=message):
        claims()
