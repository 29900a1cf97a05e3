"""One checkable statement of the paper: where it stands, what it says of which networks, and what would decide it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mmpose_ssn.paper.printed import PrintedNumber


@dataclass(frozen=True)
class Place:
    """Where the paper prints something.

    Attributes:
        section: number of the section; S before one of the supplement's.
        table: number of the table, S before the supplement's; None for a sentence.
        row: its line in the table, from 1; None for more than one.
        column: the column's printed name; None for more than one.
    """

    section: str
    table: str | None = None
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        if self.table is None:
            return f"Section {self.section}"
        return ", ".join(
            [f"Table {self.table}"]
            + ([] if self.row is None else [f"row {self.row}"])
            + ([] if self.column is None else [self.column])
        )


@dataclass(frozen=True)
class PrintedProtocol:
    """What a printed figure is on.

    Attributes:
        id: its short id.
        data: whose images or annotations.
        boxes: whose boxes people are cropped by.
        says: what is looked at.
    """

    id: str
    data: str
    boxes: str
    says: str


@dataclass(frozen=True)
class Margin:
    """What is still taken for the same, or what a word such as "little" was taken to mean, fixed before any run.

    Attributes:
        value: in ``unit``; what rounding of the print allows comes on top.
        unit: unit of the value.
        source: where the value comes from.
        words: what the paper's words were taken to mean, and why.
    """

    value: float
    unit: str
    source: str
    words: str


@dataclass(frozen=True)
class Claim:
    """One checkable statement.

    Attributes:
        id: its short id.
        kind: ``point``, ``difference``, ``ordering``, ``count`` or ``shape``; the header of ``claims.yaml`` says what
            each claims.
        place: where the paper prints it.
        says: the statement, in our words.
        quantity: what is measured or counted.
        unit: unit of the value.
        contrast: weight of each network's figure in the claimed one, by the network's short id: 1 for the network it
            speaks of, -1 for what it is held against; empty where it speaks of no network.
        predictor: whose figure it is; None for the network's final predictor, or where there is none.
        protocol: what the printed figure is on.
        margin: what is still taken for the same.
        decided_by: what decides it: ``cost`` (counting, no training), ``scores`` (AP of trained networks), ``offsets``,
            ``heatmaps``, ``test-dev``, ``other``, or ``not testable``.
        value: the printed value; None where the paper prints none.
        derived: whether the paper prints not the value but the figures that it is the gap of.
        why: why it cannot be tested, or None.
        note: what a reader should know of it, or None.
    """

    id: str
    kind: str
    place: Place
    says: str
    quantity: str
    unit: str
    protocol: PrintedProtocol
    margin: Margin
    decided_by: str
    contrast: Mapping[str, int] = field(default_factory=dict)
    predictor: str | None = None
    value: PrintedNumber | None = None
    derived: bool = False
    why: str | None = None
    note: str | None = None

    @property
    def subject(self) -> str | None:
        """The one network that it speaks of; None where that is more than one, or none."""
        return self._only(1)

    @property
    def reference(self) -> str | None:
        """The one network that it is held against; None where that is more than one, or none."""
        return self._only(-1)

    @property
    def rounding(self) -> float:
        """By how much rounding may have moved the value: half a unit of the last digit of each printed figure in it."""
        if self.value is None:
            return 0.0
        return self.value.half_unit * (len(self.contrast) if self.derived else 1)

    @property
    def delta(self) -> float:
        """How far a figure may lie from the value, and still be the same: margin and rounding, in ``unit``."""
        return self.margin.value + self.rounding

    def _only(self, weight: int) -> str | None:
        networks = [network for network, own in self.contrast.items() if own == weight]
        return networks[0] if len(networks) == 1 else None
