"""The paper as data: printed numbers with place and precision, and its claims. Numbers and words, never torch."""

from mmpose_ssn.paper.claim import Claim, Margin, Place, Protocol
from mmpose_ssn.paper.claims import asserted_variants, claims
from mmpose_ssn.paper.formulas import Formula, formulas
from mmpose_ssn.paper.orderings import Ordering, orderings
from mmpose_ssn.paper.printed import PrintedNumber
from mmpose_ssn.paper.tables import Gain, Layer, PaperRow, Table2Row, Table3Row, supplement, table1, table2, table3

__all__ = [
    "Claim",
    "Formula",
    "Gain",
    "Layer",
    "Margin",
    "Ordering",
    "PaperRow",
    "Place",
    "PrintedNumber",
    "Protocol",
    "Table2Row",
    "Table3Row",
    "asserted_variants",
    "claims",
    "formulas",
    "orderings",
    "supplement",
    "table1",
    "table2",
    "table3",
]
