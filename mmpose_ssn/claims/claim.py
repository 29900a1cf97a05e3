"""One checkable statement of the paper: where it stands, what it says of which networks, and what would decide it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mmpose_ssn.paper.printed import PrintedNumber


@dataclass(frozen=True)
class Place:
    """Where the paper prints something.

    Attributes:
        section: Number of the section, with S before one of the supplement's.
        table: Number of the table, with S before one of the supplement's; None for a sentence.
        row: Number of its line in the table, from 1; None for more than one.
        column: Printed name of the column; None for more than one.
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
    """What a printed figure was taken on.

    Attributes:
        id: Short id of the protocol.
        data: The images or annotations that the figure is on.
        boxes: The boxes that people are cropped by.
        says: What is looked at, in words.
    """

    id: str
    data: str
    boxes: str
    says: str


@dataclass(frozen=True)
class Margin:
    """How far apart two figures still count as the same, or what a word such as "little" was taken to mean, fixed
    before any training on COCO.

    Attributes:
        value: The margin in ``unit``; what rounding of the print allows comes on top. None where nobody knows one.
        unit: Unit of the value.
        source: Where the value comes from.
        words: What the paper's words were taken to mean, and why.
    """

    value: float | None
    unit: str
    source: str
    words: str


@dataclass(frozen=True)
class Claim:
    """One checkable statement of the paper.

    Attributes:
        id: Short id of the claim.
        kind: ``point``, ``difference``, ``ordering``, ``count`` or ``shape``; the header of ``claims.yaml`` says what
            each claims.
        place: Where the paper prints it.
        says: The statement, in our words.
        quantity: What is measured or counted.
        unit: Unit of the value.
        contrast: Weight of each network's figure in the claimed one, by the network's short id: 1 for the network that
            the claim speaks of, -1 for the one that it is held against; empty where it speaks of no network.
        predictor: Name of the predictor whose figure it is; None for the network's final predictor, or where there is
            none.
        protocol: What the printed figure was taken on.
        margin: How far a figure may lie from the claimed one and still count as the same.
        decided_by: What decides it: ``cost`` (counting, no training), ``scores`` (AP of trained networks), ``offsets``,
            ``heatmaps``, ``test-dev``, ``other``, or ``not testable``.
        value: The printed value; None where the paper prints none.
        derived: Whether the value is not printed itself, but is the gap of figures that are.
        why: Why the claim cannot be tested; None where it can.
        note: What a reader should know of the claim, or None.
        quoted: Whether it is a figure of other work, which the paper quotes and did not measure.
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
    quoted: bool = False

    @property
    def subject(self) -> str | None:
        """Short id of the one network that the claim speaks of; None where there are several, or none."""
        return self._only(1)

    @property
    def reference(self) -> str | None:
        """Short id of the one network that it is held against; None where there are several, or none."""
        return self._only(-1)

    @property
    def rounding(self) -> float:
        """How far rounding may have moved the value, in ``unit``: half a unit of the last digit of each printed figure
        in it.
        """
        if self.value is None:
            return 0.0
        return self.value.half_unit * (len(self.contrast) if self.derived else 1)

    @property
    def bound(self) -> float:
        """The value of the margin.

        Raises:
            ValueError: If nobody knows one.
        """
        if self.margin.value is None:
            raise ValueError(f"the claim {self.id} has no margin: {self.margin.words}")
        return self.margin.value

    @property
    def delta(self) -> float:
        """How far a figure may lie from the value and still count as the same, in ``unit``: margin and rounding
        together.
        """
        return self.bound + self.rounding

    def _only(self, weight: int) -> str | None:
        networks = [network for network, own in self.contrast.items() if own == weight]
        return networks[0] if len(networks) == 1 else None
