"""The paper's numbers, each against the paper's own text, and what it means to match a printed number."""

import os
import re
from pathlib import Path

import pytest

from mmpose_ssn.paper import PrintedNumber, table1

VARIANTS = [
    "backbone",
    "backbone-esp",
    "ssn-wo-ca",
    "ssn-wo-shift",
    "ssn-wo-esp",
    "ssn-k256",
    "ssn",
    "lite-k256",
    "lite-k512",
    "ssn-384x288",
]


@pytest.fixture(scope="module")
def paper_text():
    """The paper as text, its tables' cells between tabs."""
    if named := os.environ.get("SSN_PAPER_TEXT"):
        return Path(named).read_text(encoding="utf-8")
    beside = sorted(Path(__file__).parents[3].glob("shared/paper/*.txt"))
    if not beside:
        pytest.skip("the paper's text is not here: SSN_PAPER_TEXT may name it")
    return beside[0].read_text(encoding="utf-8")


def printed_table(text, first_header_cells):
    """The rows below a header that begins with these cells, up to the next empty line; formulas as plain characters."""
    header = "\t".join(first_header_cells)
    body = text[text.index(f"\n{header}") :].lstrip("\n").split("\n\n")[0]
    plain = re.sub(r"\s*\\times\s*", "x", body).replace("$", "")
    return [line.split("\t") for line in plain.splitlines()[1:]]


def test_all_variants_in_printed_order():
    rows = table1()
    assert list(rows) == VARIANTS
    assert [row.id for row in rows.values()] == VARIANTS
    assert [row.place for row in rows.values()] == [*(f"Table 1, row {n}" for n in range(1, 10)), "Table 3, row 11"]


def test_table_1_is_as_printed(paper_text):
    printed = printed_table(paper_text, ["Methods", "mAP", "#Params", "FLOPS"])
    rows = [row for row in table1().values() if row.table == 1]
    assert [[row.method, row.ap.text, f"{row.params_m} M", f"{row.flops_g} G"] for row in rows] == printed
    assert [row.row for row in rows] == list(range(1, len(printed) + 1))


def test_the_row_of_table_3_is_as_printed(paper_text):
    printed = printed_table(paper_text, ["Methods", "Backbone", "Input Size", "#Params", "FLOPS", "AP"])
    row = table1()["ssn-384x288"]
    method, _, input_size, params, flops, ap_test_dev, *_ = printed[row.row - 1]
    assert row.method == f"{method}, {input_size}"
    assert [f"{row.params_m} M", f"{row.flops_g} G", row.ap_test_dev.text] == [params, flops, ap_test_dev]
    assert row.ap is None, "Table 3 is of test-dev"


@pytest.mark.parametrize(
    ("printed", "measured", "matches"),
    [
        ("40.5", 40.475, True),
        ("40.5", 40.45, False),  # an exact half goes to the even digit, 40.4
        ("40.4", 40.45, True),
        ("40.5", 40.4500001, True),
        ("40.5", 40.55, False),
        ("0.8", 0.778, True),
        ("0.8", 0.85, True),
        ("73.0", 72.95, True),
        ("73.0", 73.049, True),
        ("73.0", 73.06, False),
        ("73", 73.4, True),
        ("5.9", 5.7, False),
        ("5.9", float("nan"), False),
    ],
)
def test_matching_rounds_to_the_printed_digits(printed, measured, matches):
    assert PrintedNumber(printed).matches(measured) is matches
