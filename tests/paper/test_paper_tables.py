"""The paper's tables, each figure against the paper's own text, and what it means to match a printed number."""

import copy
import re

import jsonschema
import pytest

from mmpose_ssn.checked_yaml import load_checked
from mmpose_ssn.networks import of_groups
from mmpose_ssn.paper import PrintedNumber, supplement, table1, table2, table3

TABLE_1 = "Methods\tmAP\t#Params\tFLOPS"
TABLE_2 = "Methods\t↓"
TABLE_3 = "Methods\tBackbone\tInput Size\t#Params\tFLOPS\tAP"
SUPPLEMENT = "Type\tPatch size/stride\tOutput size"


def numbers(cells):
    """All numbers in these cells, in order; neither predictors' names nor citations are numbers."""
    return re.findall(r"(?<![\w.\[])\d+(?:\.\d+)?(?![\w.\]])", " ".join(cells))


def printed_or_dash(number, unit=""):
    return "-" if number is None else f"{number}{unit}"


def test_all_networks_in_printed_order():
    rows = table1()
    assert tuple(rows) == of_groups("paper")
    assert tuple(row.id for row in rows.values()) == of_groups("paper")
    assert [row.place for row in rows.values()] == [*(f"Table 1, row {n}" for n in range(1, 10)), "Table 3, row 11"]
    assert rows["ssn-384x288"].ap is None, "Table 3 is of test-dev"


def test_table_1_is_as_printed(paper_text):
    printed = paper_text.table(TABLE_1)
    rows = [row for row in table1().values() if row.table == 1]
    assert [[row.method, row.ap.text, f"{row.params_m} M", f"{row.flops_g} G"] for row in rows] == printed
    assert [row.row for row in rows] == list(range(1, len(printed) + 1))


def test_table_2_is_as_printed(paper_text):
    # a network with early stage predictors has two lines, theirs and below them, under the same arrows, the pyramid's
    printed = paper_text.table(TABLE_2)
    assert len(printed) == len(table2())
    for row, (method, *cells) in zip(table2().values(), printed, strict=True):
        gains = {predictor: points for gain in row.gains for predictor, points in gain.points.items()}
        columns = [("E1", "P4"), ("E2", "P3"), ("E3", "P2"), ("P1",)]
        ours = [
            str(number)
            for column in columns
            for predictor in column
            for number in (row.ap.get(predictor), gains.get(predictor))
            if number is not None
        ]
        assert (method, numbers(cells)) == (row.method, ours)


def test_gains_of_table_2_are_those_of_its_own_rows():
    # both sides are rounded, so their gap may be off by a unit; it never is
    rows = table2()
    gains = [(row, gain, predictor) for row in rows.values() for gain in row.gains for predictor in gain.points]
    assert len(gains) == 11
    for row, gain, predictor in gains:
        gap = float(row.ap[predictor]) - float(rows[gain.over].ap[predictor])
        assert gain.points[predictor].matches(round(gap, 9)), (row.id, predictor)


def test_the_finals_of_table_2_are_table_1():
    for network, row in table2().items():
        assert row.ap["P4"] == table1()[network].ap


def test_table_3_is_as_printed(paper_text):
    printed = [[re.sub(r" \[\d+\]", "", cell) for cell in cells] for cells in paper_text.table(TABLE_3)]
    citations = [re.findall(r"\[(\d+)\]", cells[0]) for cells in paper_text.table(TABLE_3)]
    rows = table3()
    for row, cells, cited in zip(rows.values(), printed, citations, strict=True):
        scores = [row.scores.get(name) for name in ("AP", "AP .5", "AP .75", "AP (M)", "AP (L)", "AR")]
        cells[0] = cells[0].replace("+ 3 FSM", "+ 3FSM")  # the extraction's blank, in one of the two rows
        assert cells == [
            row.method + "*" * row.bottom_up,
            row.backbone or "-",
            row.input_size or "-",
            printed_or_dash(row.params_m, " M"),
            printed_or_dash(row.flops_g, " G"),
            *map(printed_or_dash, scores),
        ]
        assert bool(cited) == (row.citation is not None), row.id
        assert row.row == list(rows).index(row.id) + 1


def test_citations_of_table_3_are_those_of_the_reference_list(paper_text):
    references = dict(re.findall(r"^- \[(\d+)\] (.*)$", paper_text.main, re.MULTILINE))
    for row, fields in zip(table3().values(), load_checked("mmpose_ssn.paper", "table3").values(), strict=True):
        if row.citation is None:
            continue
        author, title, venue = re.fullmatch(r"(\w+) et al\., (.+?),? (\w+ \d{4})", row.citation).groups()
        reference = references[str(fields["number"])].lower().replace("-", "").replace("eccv (6)", "eccv")
        assert f"{author.lower()}," in reference, row.id
        for word in re.findall(r"\w{4,}", title.lower().replace("-", "")):
            assert word in reference, (row.id, word)
        assert venue.split()[1] in reference, row.id


def test_table_3_repeats_the_costs_of_table_1():
    for network, row in table3().items():
        if row.citation is None:
            printed = table1()[network]
            assert (row.params_m, row.flops_g) == (printed.params_m, printed.flops_g)


def test_the_supplements_table_is_as_printed(paper_text):
    printed = paper_text.table(SUPPLEMENT, supplement=True)
    ours = [
        [
            layer.layer,
            f"{layer.kernel}x{layer.kernel}/{layer.stride}" if layer.kernel else "",
            " x ".join(map(str, layer.output)).replace(" ", ""),
        ]
        for layer in supplement()
    ]
    assert ours == printed


@pytest.mark.parametrize("name", ["table1", "table2", "table3"])
def test_a_number_that_is_no_text_is_refused_by_its_field(spoil, name):
    spoiled = copy.deepcopy(load_checked("mmpose_ssn.paper", name))
    row = next(iter(spoiled.values()))
    scores = row if name == "table1" else row["ap" if name == "table2" else "scores"]
    scores[list(scores)[-1] if name == "table1" else next(iter(scores))] = 61.8
    spoil("mmpose_ssn.paper", name, spoiled)
    with pytest.raises(jsonschema.ValidationError, match=r"61\.8 is not"):
        load_checked("mmpose_ssn.paper", name)


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


@pytest.mark.parametrize(("printed", "half_unit"), [("73.0", 0.05), ("73", 0.5), ("150", 0.5), ("0.25", 0.005)])
def test_rounding_can_have_moved_a_print_by_half_a_unit_of_its_last_digit(printed, half_unit):
    number = PrintedNumber(printed)
    assert number.half_unit == half_unit
    assert number.matches(float(number) + 0.99 * half_unit) and number.matches(float(number) - 0.99 * half_unit)
    assert not number.matches(float(number) + 1.01 * half_unit)
