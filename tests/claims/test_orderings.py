"""The paper's orderings against its own table: each difference is the gap between two printed figures."""

from decimal import Decimal

import jsonschema
import pytest

from mmpose_ssn.claims import orderings
from mmpose_ssn.networks import network, networks, of_groups
from mmpose_ssn.paper import table1

OURS = {
    ("ssn", "ssn-frozen"),
    ("lite-k256", "lite-k256-frozen"),
    ("lite-k256", "lite-k256-wo-shift"),
    ("lite-k256", "lite-k256-wo-fsm"),
}


def test_printed_differences_are_those_of_table_1():
    rows = table1()
    for one in orderings().values():
        if one.ours:
            continue
        gap = Decimal(rows[one.higher].ap.text) - Decimal(rows[one.lower].ap.text)
        assert one.difference.text == str(gap), one.id
        assert gap > 0, one.id
        assert f"rows {rows[one.higher].row} and {rows[one.lower].row}" in one.place, one.id


def test_what_table_1_is_about_is_all_there():
    pairs = {(one.higher, one.lower) for one in orderings().values()}
    assert len(pairs) == len(orderings())
    assert pairs - OURS == {
        *(
            ("ssn", lower)
            for lower in ("ssn-wo-ca", "ssn-wo-shift", "ssn-wo-esp", "ssn-k256", "backbone", "backbone-esp")
        ),
        *(("backbone-esp", "backbone"), ("ssn-wo-esp", "backbone"), ("lite-k512", "lite-k256")),
    }


def test_ours_is_marked_and_has_no_printed_figure():
    ours = [one for one in orderings().values() if one.ours]
    assert sorted((one.higher, one.lower) for one in ours) == sorted(OURS)
    for one in ours:
        assert one.difference is None and one.place.startswith("not in the paper: "), one.id


def test_every_control_of_the_registry_is_asked_of_what_it_is_held_against():
    """But for SSN with Eq. 6 as printed, which at full size is SSN itself."""
    controls = [name for name in of_groups("control") if not network(name).as_printed]
    assert {(network(name).against, name) for name in controls} == OURS


def test_every_ordering_is_of_networks_that_are_trained():
    printed = table1()
    for one in orderings().values():
        assert one.higher in printed and one.lower in networks(), one.id
        assert (network(one.lower).against == one.higher) if one.ours else (one.lower in printed), one.id


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"higher": "a", "lower": "b", "place": "somewhere"}, "'difference' is a required property"),
        ({"higher": "a", "lower": "b", "place": "here", "ours": True, "difference": "1.0"}, "'1.0'"),
        ({"higher": "a", "lower": "b", "place": "here", "difference": 1.0}, "1.0 is not of type 'string'"),
    ],
)
def test_schema_wants_a_printed_difference_from_the_paper_alone(spoil, fields, message):
    spoil("mmpose_ssn.claims", "orderings", {"a-over-b": fields})
    with pytest.raises(jsonschema.ValidationError, match=message):
        orderings()
