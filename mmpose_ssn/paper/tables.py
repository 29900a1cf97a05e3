"""Printed rows of the paper's tables, loaded from the YAML files beside this module and held against their schemas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mmpose_ssn.checked_yaml import load_checked
from mmpose_ssn.paper.printed import PrintedNumber, printed, printed_each


@dataclass(frozen=True)
class PaperRow:
    """A network of the paper, as Table 1 prints it, or Table 3 where Table 1 does not.

    Attributes:
        id: The network's short id, as in the names of configs and results.
        method: The method's printed name.
        table: Number of the table that it is printed in.
        row: Number of its line in that table, from 1.
        ap: Printed mAP on COCO val2017 in percent; None where the paper prints none.
        params_m: Number of trainable parameters in millions.
        flops_g: The figure of the column "FLOPS", in billions.
        ap_test_dev: AP on COCO test-dev in percent, another split than that of ``ap``; None for the rows of Table 1.
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


@dataclass(frozen=True)
class Gain:
    """The printed gains of one row of Table 2 over another.

    Attributes:
        introduced: What the other row lacks, ``"ESP"`` or ``"FSM"``.
        over: Short id of that row's network.
        points: The gains in AP points on COCO val2017, by predictor.
    """

    introduced: str
    over: str
    points: Mapping[str, PrintedNumber]


@dataclass(frozen=True)
class Table2Row:
    """One row of Table 2: every predictor of a network.

    Attributes:
        id: The network's short id.
        method: The method's printed name.
        row: Number of its line in the table, from 1.
        ap: Printed mAP on COCO val2017 in percent, by predictor; P4 is the final predictor.
        gains: The printed gains over other rows.
    """

    id: str
    method: str
    row: int
    ap: Mapping[str, PrintedNumber]
    gains: tuple[Gain, ...]


@dataclass(frozen=True)
class Table3Row:
    """One row of Table 3: a network or a method of others on COCO test-dev.

    Attributes:
        id: The network's short id, or one of this table alone for the work of others.
        method: The method's printed name.
        row: Number of its line in the table, from 1.
        citation: The work whose result it is; None for the paper's own.
        bottom_up: Whether it carries the mark of bottom-up methods.
        backbone: Printed name of the backbone; None where none is printed.
        input_size: Input size in pixels and in printed order, such as ``"384x288"``; None where none is printed.
        params_m: Number of parameters of the keypoint network in millions; None where not printed.
        flops_g: The figure of the column "FLOPS", in billions; None where not printed.
        scores: The printed figures in percent by COCO's names: AP, AP .5, AP .75, AP (M), AP (L), AR.
    """

    id: str
    method: str
    row: int
    citation: str | None
    bottom_up: bool
    backbone: str | None
    input_size: str | None
    params_m: PrintedNumber | None
    flops_g: PrintedNumber | None
    scores: Mapping[str, PrintedNumber]


@dataclass(frozen=True)
class Layer:
    """One layer of the supplement's table.

    Attributes:
        layer: Printed type of the layer.
        kernel: Side of its window in pixels of its input; None where none is printed.
        stride: Stride in pixels of its input; None where none is printed.
        output: Channels, and height and width in pixels, of its output.
    """

    layer: str
    kernel: int | None
    stride: int | None
    output: tuple[int, int, int]


def table1() -> dict[str, PaperRow]:
    """The nine rows of Table 1 and, last, SSN at 384x288 (Table 3), keyed by the network's short id in printed order.

    Raises:
        jsonschema.ValidationError: If a file does not fit its schema; the error names the field.
    """
    rows = {
        network: PaperRow(
            id=network,
            method=fields["method"],
            table=1,
            row=row,
            ap=PrintedNumber(fields["ap"]),
            params_m=PrintedNumber(fields["params_m"]),
            flops_g=PrintedNumber(fields["flops_g"]),
        )
        for row, (network, fields) in enumerate(load_checked("mmpose_ssn.paper", "table1").items(), start=1)
    }
    larger = table3()["ssn-384x288"]
    assert larger.params_m and larger.flops_g
    rows[larger.id] = PaperRow(
        id=larger.id,
        method=f"{larger.method}, {larger.input_size}",
        table=3,
        row=larger.row,
        ap=None,
        params_m=larger.params_m,
        flops_g=larger.flops_g,
        ap_test_dev=larger.scores["AP"],
    )
    return rows


def table2() -> dict[str, Table2Row]:
    """The four rows of Table 2, keyed by the network's short id in printed order.

    Raises:
        jsonschema.ValidationError: If ``table2.yaml`` does not fit its schema; the error names the field.
    """
    return {
        network: Table2Row(
            id=network,
            method=fields["method"],
            row=row,
            ap=printed_each(fields["ap"]),
            gains=tuple(
                Gain(introduced, gain["over"], printed_each(gain["points"]))
                for introduced, gain in fields.get("gains", {}).items()
            ),
        )
        for row, (network, fields) in enumerate(load_checked("mmpose_ssn.paper", "table2").items(), start=1)
    }


def table3() -> dict[str, Table3Row]:
    """The thirteen rows of Table 3, the paper's own under their networks' short ids, in printed order.

    Raises:
        jsonschema.ValidationError: If ``table3.yaml`` does not fit its schema; the error names the field.
    """
    return {
        method: Table3Row(
            id=method,
            method=fields["method"],
            row=row,
            citation=fields.get("citation"),
            bottom_up=fields.get("bottom_up", False),
            backbone=fields["backbone"],
            input_size=fields["input_size"],
            params_m=printed(fields["params_m"]),
            flops_g=printed(fields["flops_g"]),
            scores=printed_each(fields["scores"]),
        )
        for row, (method, fields) in enumerate(load_checked("mmpose_ssn.paper", "table3").items(), start=1)
    }


def supplement() -> tuple[Layer, ...]:
    """The layers of 3Block + 3FSM from the supplement's Table 1, from the input on.

    Raises:
        jsonschema.ValidationError: If ``supplement.yaml`` does not fit its schema; the error names the field.
    """
    return tuple(
        Layer(fields["layer"], fields.get("kernel"), fields.get("stride"), tuple(fields["output"]))
        for fields in load_checked("mmpose_ssn.paper", "supplement")
    )
