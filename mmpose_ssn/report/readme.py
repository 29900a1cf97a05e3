"""The README's Table 1: a compact form of committed runs, side by side, between two marks.

A run is a folder, such as ``docs/mini``, with copies of ``table1.csv`` and, as ``orderings.csv``, of
``table1-orderings.csv``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mmpose_ssn import paper
from mmpose_ssn.report.inputs import RefusedInput
from mmpose_ssn.report.markup import escape_markdown, markdown_list, markdown_table
from mmpose_ssn.report.orderings import MeasuredOrdering, read_orderings
from mmpose_ssn.report.rendering import ap_cell, difference_cell, signed
from mmpose_ssn.report.table1 import NOT_RUN, PAPER_DATA, Table1, distinct

_BLOCK = re.compile(r"(<!-- table1:begin\b[^>]*-->\n).*?(<!-- table1:end -->)", flags=re.DOTALL)
_NEEDED = (
    *("variant", "method", "status", "preset", "ap_printed", "seed", "ap_measured", "ap_measured_low"),
    *("ap_measured_high", "ap_measured_on", "images", "instances", "iterations"),
    *("commit", "machine", "wall_time_s", "date", "notice"),
)


@dataclass(frozen=True)
class Run:
    """A committed run of one preset.

    Attributes:
        preset: its name.
        data: what AP was measured on.
        table: ``table1.csv``.
        measured: its orderings, by id.
    """

    preset: str
    data: str
    table: pd.DataFrame
    measured: Mapping[str, MeasuredOrdering]

    @classmethod
    def read(cls, folder: Path) -> Run:
        """Read a run, and see that its files belong together.

        Raises:
            RefusedInput: if a file is missing, lacks a column, or the two are of different runs.
        """
        table_file, orderings_file = folder / "table1.csv", folder / "orderings.csv"
        table = _read_table(table_file)
        measured = read_orderings(orderings_file)
        ran = table[table["ap_measured"] != ""]
        if ran.empty:
            raise RefusedInput(
                f"{table_file}: no row is measured; copy results/table1.csv here once the preset has run"
            )
        preset, data = _only(table_file, table["preset"]), _only(table_file, ran["ap_measured_on"])
        for one in measured.values():
            found = _difference(ran, one)
            if (one.made["preset"], one.made["data"]) != (preset, data) or not abs(found - one.difference) < 1e-4:
                raise RefusedInput(
                    f"{orderings_file}: {one.ordering.id}: {one.difference:.4f} AP points on {one.made['data']}, but "
                    f"{table_file} has {found:.4f} on {data}; commit both files of one run"
                )
        return cls(preset, data, table, measured)

    @property
    def ran(self) -> pd.DataFrame:
        """The lines of what was trained or scored."""
        return self.table[self.table["ap_measured"] != ""]

    @property
    def header(self) -> tuple[str, ...]:
        """What stands over its columns, so that none can be read as the paper's."""
        return (f"on {self.preset}: {self.data}", *(() if self.data == PAPER_DATA else (f"not {PAPER_DATA}",)))

    @property
    def words(self) -> Table1:
        """Table 1 without rows, for what it says of orderings."""
        return Table1(self.preset, (), self.measured)


def inject(readme: str, block: str) -> str:
    """The README's text with the block between the marks ``table1:begin`` and ``table1:end``.

    Raises:
        ValueError: if the marks do not stand in it exactly once.
    """
    if len(_BLOCK.findall(readme)) != 1 or readme.count("table1:") != 2:
        raise ValueError(
            f"has {readme.count('table1:begin')} marks <!-- table1:begin --> and "
            f"{readme.count('table1:end')} <!-- table1:end -->, expected one of each, in this order"
        )
    return _BLOCK.sub(lambda match: f"{match[1]}\n{block}\n\n{match[2]}", readme)


def render_block(folders: Sequence[Path]) -> str:
    """The block's Markdown.

    Args:
        folders: of the runs, in the order in which they are to stand.

    Raises:
        RefusedInput: if a file is missing, lacks a column, or two of one folder are of different runs.
    """
    runs = [Run.read(folder) for folder in folders]
    if len({run.preset for run in runs}) < len(runs):
        raise RefusedInput(f"{', '.join(map(str, folders))}: two runs of one preset, expected one of each")
    shown = runs[0].table[runs[0].table["status"] != "cost only"].drop_duplicates("variant")
    methods = dict(zip(shown["variant"], shown["method"], strict=True))
    orderings = [one for one in paper.orderings().values() if any(one.id in run.measured for run in runs)]
    rows: dict[tuple[str, ...], list[str]] = {
        ("Method",): list(shown["method"]),
        ("AP, printed", PAPER_DATA): [printed or "–" for printed in shown["ap_printed"]],
    }
    claims: dict[tuple[str, ...], list[str]] = {
        ("Claim",): [f"{methods[one.higher]} > {methods[one.lower]}" for one in orderings],
        ("Difference, printed", PAPER_DATA): [signed(one.difference) for one in orderings],
    }
    for run in runs:
        rows[("AP, measured", *run.header)] = [_ap(run.ran[run.ran["variant"] == name]) for name in shown["variant"]]
        claims[("Difference, measured", *run.header)] = [difference_cell(run.measured.get(one.id)) for one in orderings]
        claims["Outcome", f"on {run.preset}", run.words.runs] = [
            run.measured[one.id].outcome if one.id in run.measured else NOT_RUN for one in orderings
        ]
    notes: dict[str, str] = {}
    of_each = {run.preset: _notes(run.ran) | run.words.ordering_notes for run in runs}
    for preset, topics in of_each.items():
        for topic, text in topics.items():
            shared = all(other.get(topic) == text for other in of_each.values())
            notes[topic if shared else f"{topic}, {preset}"] = text
    return "\n".join(
        [
            f"> {escape_markdown(distinct(notice for run in runs for notice in run.ran['notice']))}",
            "",
            markdown_table(rows),
            "",
            markdown_table(claims),
            "",
            *markdown_list(notes),
        ]
    )


def _read_table(file: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(file, dtype=str, keep_default_na=False)
    except OSError as error:
        raise RefusedInput(
            f"{file}: cannot be read ({error.strerror}); commit results/table1.csv as this "
            "file and results/table1-orderings.csv beside it as orderings.csv"
        ) from error
    except ValueError as error:
        raise RefusedInput(f"{file}: {error}; copy results/table1.csv here again") from error
    if missing := [name for name in _NEEDED if name not in table]:
        raise RefusedInput(f"{file}: lacks the columns {', '.join(missing)}; copy results/table1.csv here again")
    return table


def _only(file: Path, column: pd.Series) -> str:
    values = list(map(str, column.unique()))
    if len(values) > 1:
        raise RefusedInput(f"{file}: column {column.name} has {', '.join(values)}; commit the table of one run")
    return values[0]


def _difference(ran: pd.DataFrame, one: MeasuredOrdering) -> float:
    """The ordering's difference by the table, in AP points; NaN where it has not got all of its trainings."""
    ap = {(row["variant"], row["seed"]): float(row["ap_measured"]) for _, row in ran.iterrows()}
    nothing = float("nan")
    higher, lower = (
        [ap.get((name, str(seed)), nothing) for seed in one.seeds] for name in (one.ordering.higher, one.ordering.lower)
    )
    return (sum(higher) - sum(lower)) / len(one.seeds)


def _ap(trainings: pd.DataFrame) -> str:
    if trainings.empty:
        return NOT_RUN
    ends = trainings[["ap_measured_low", "ap_measured_high"]].iloc[0]
    return ap_cell([float(ap) for ap in trainings["ap_measured"]], [float(end) for end in ends])


def _notes(ran: pd.DataFrame) -> dict[str, str]:
    trained = ran[ran["iterations"] != ""]
    seconds = pd.to_numeric(trained["wall_time_s"]).sum()
    minutes = f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} s"
    return {
        "Run": (
            f"{distinct(sorted(ran['date']))}, on {distinct(ran['machine'])}: {len(trained)} trainings of "
            f"{distinct(trained['iterations'])} iterations, whose wall time adds up to {minutes}; commit "
            f"{distinct(ran['commit'])}."
        ),
        "AP": (
            f"OKS AP in percent on {distinct(ran['images'])} images with {distinct(ran['instances'])} people: of one "
            "training with its 95 % bootstrap interval over images, of several the mean and standard deviation."
        ),
    }
