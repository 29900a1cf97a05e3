"""The paper's printed numbers as data, with their place and precision."""

from mmpose_ssn.paper.formulas import Formula, formulas
from mmpose_ssn.paper.printed import PrintedNumber
from mmpose_ssn.paper.tables import Gain, Layer, PaperRow, Table2Row, Table3Row, supplement, table1, table2, table3

__all__ = [
    "Formula",
    "Gain",
    "Layer",
    "PaperRow",
    "PrintedNumber",
    "Table2Row",
    "Table3Row",
    "formulas",
    "supplement",
    "table1",
    "table2",
    "table3",
]
