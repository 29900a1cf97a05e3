"""Printed rows of the paper's tables, loaded from the YAML files beside this module and held against their schema."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from mmpose_ssn.paper.files import load_checked


@dataclass(frozen=True)
class PrintedNumber:
    """A number as the paper prints it; its digits say how precisely it is known.

    Attributes:
        text: the number as printed, without its unit, such as ``"73.0"``.
    """

    text: str

    def __str__(self) -> str:
        return self.text

    def matches(self, value: float) -> bool:
        """Say whether a measured figure, rounded to the printed digits, equals the print.

        Args:
            value: the measured figure in the printed unit (millions, billions or percent). It is rounded as the decimal
                number that Python shows for it, an exact half going to the even digit, so that 2450000 / 10**6 is the
                half that a reader sees, and not the binary fraction a little above it.
        """
        printed = Decimal(self.text)
        return Decimal(repr(float(value))).quantize(printed, rounding=ROUND_HALF_EVEN) == printed


@dataclass(frozen=True)
class PaperRow:
    """One row of a table of the paper.

    Attributes:
        id: the variant's short id, as in the names of configs and results.
        method: the method's printed name.
        table: number of the table it is printed in.
        row: its line in that table, from 1.
        ap: mAP on COCO val2017 in percent; None where the paper prints none.
        params_m: trainable parameters in millions.
        flops_g: the column "FLOPS", in billions.
        ap_test_dev: AP on COCO test-dev in percent, another split than that of ``ap``; None where not recorded here.
    """

    id: str
    method: str
    table: int
    row: int
    ap: PrintedNumber | None
    params_m: PrintedNumber
    flops_g: PrintedNumber
    ap_test_dev: PrintedNumber | None = None

    @property
    def place(self) -> str:
        """Where the row is printed, such as ``"Table 1, row 7"``."""
        return f"Table {self.table}, row {self.row}"


_PRINTED_FIELDS = ("ap", "ap_test_dev", "params_m", "flops_g")


def table1() -> dict[str, PaperRow]:
    """The nine rows of Table 1 and, last, SSN at 384x288 (Table 3), keyed by the variant's short id in printed order.

    Raises:
        jsonschema.ValidationError: if ``table1.yaml`` does not fit ``table.schema.yaml``; the error names the field.
    """
    rows = load_checked("table1.yaml", "table.schema.yaml")
    return {variant: _row(variant, fields) for variant, fields in rows.items()}


def _row(variant: str, fields: dict[str, Any]) -> PaperRow:
    printed = {name: PrintedNumber(fields[name]) for name in _PRINTED_FIELDS if fields.get(name) is not None}
    return PaperRow(id=variant, **{**fields, **printed})
