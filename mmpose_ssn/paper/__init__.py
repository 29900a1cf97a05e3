"""The paper as data: printed numbers, each with its place and printed precision. Numbers and words, never torch."""

from mmpose_ssn.paper.orderings import Ordering, orderings
from mmpose_ssn.paper.tables import PaperRow, PrintedNumber, table1

__all__ = ["Ordering", "PaperRow", "PrintedNumber", "orderings", "table1"]
