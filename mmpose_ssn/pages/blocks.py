"""What a page consists of, whatever it is rendered as: blocks in plain text, lines of CSV files, and pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Columns = Mapping[tuple[str, ...], Sequence[str]]
"""A table's cells by column; a header is a tuple of lines. The first column is set flush left."""

NONE = "–"
"""What stands in a cell that has nothing to show."""

MARKS = {True: "✓", False: "✗"}
"""Whether a figure of ours rounds to the printed one."""


@dataclass(frozen=True)
class Heading:
    """A heading within the page.

    Attributes:
        text: The heading.
    """

    text: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph.

    Attributes:
        text: The paragraph after its lead.
        lead: Its first words, which stand out.
    """

    text: str
    lead: str = ""


@dataclass(frozen=True)
class Bullets:
    """A list.

    Attributes:
        lines: The points of the list.
    """

    lines: Sequence[str]


@dataclass(frozen=True)
class Notes:
    """What a reader must know of the figures above.

    Attributes:
        topics: The notes, by topic.
    """

    topics: Mapping[str, str]


@dataclass(frozen=True)
class Folded:
    """Something long, of which a page shows one line until it is opened.

    Attributes:
        summary: The line.
        text: What is behind it.
    """

    summary: str
    text: str


@dataclass(frozen=True)
class Picture:
    """A picture that is drawn beside the page.

    Attributes:
        draw: Draws it into a file, whose ending says in which format.
        alt: What it shows, for whoever does not see it.
        suffix: What its file's name has after the page's.
        vector: Whether it is drawn as a PDF file too, for a paper.
    """

    draw: Callable[[Path], None]
    alt: str
    suffix: str = ""
    vector: bool = False


@dataclass(frozen=True)
class Table:
    """A table and the notes below it.

    Attributes:
        columns: The cells.
        notes: The notes, by topic.
        label: Label of the TeX table; a table without one is left out of the TeX file.
        caption: What the TeX caption says after the page's title.
    """

    columns: Columns
    notes: Mapping[str, str] = field(default_factory=dict)
    label: str = ""
    caption: str = ""


Block = Heading | Paragraph | Bullets | Notes | Folded | Picture | Table


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes:
        title: One line, which names the preset and the data where figures are measured.
        blocks: What it shows, from top to bottom.
        notices: What its figures are, for whoever reads nothing else.
        meaningless: Whether its figures come from a run of the machinery alone.
        records: Lines of its CSV files, by what the file's name has after the page's.
    """

    title: str
    blocks: Sequence[Block]
    notices: Sequence[str] = ()
    meaningless: bool = False
    records: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def pictures(self) -> list[Picture]:
        """Its pictures, from top to bottom."""
        return [block for block in self.blocks if isinstance(block, Picture)]

    @property
    def tables(self) -> list[Table]:
        """Its tables, from top to bottom."""
        return [block for block in self.blocks if isinstance(block, Table)]
