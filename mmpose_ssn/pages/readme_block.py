"""The README's Table 1: a compact form of a preset's committed results, between two marks.

Committed results are a folder, such as ``docs/figures``, that is named after its preset, with copies of ``table1.csv``
and, as ``orderings.csv``, of ``table1-orderings.csv``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mmpose_ssn import claims
from mmpose_ssn.evaluation.scores import PredictorScore
from mmpose_ssn.experiment.presets import Preset, load_preset, preset_names
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.networks import network
from mmpose_ssn.pages.blocks import NONE, Columns
from mmpose_ssn.pages.render import escape_markdown, markdown_notes, markdown_table
from mmpose_ssn.pages.results import read_table
from mmpose_ssn.pages.study import METRICS, PAPER_DATA, bound_words, data_lines, interval_note, outcome_note
from mmpose_ssn.pages.table1 import difference_note
from mmpose_ssn.pages.wording import difference_words, distinct, score_cell, signed

_BLOCK = re.compile(r"(<!-- table1:begin\b[^>]*-->\n).*?(<!-- table1:end -->)", flags=re.DOTALL)
_TABLE = (
    *("method", "status", "preset", "metric", "ap_printed", "seed", "measured", "measured_low", "measured_high"),
    *("measured_on", "images", "instances", "iterations", "commit", "machine", "wall_time_s", "date", "notice"),
)
_ORDERINGS = (
    *("ordering", "higher", "lower", "status", "difference_measured", "difference_low", "difference_high"),
    *("basis", "decided_together", "outcome", "spreads", "images", "resamples", "preset", "data"),
)
_COPY = "table1 again, and copy both of its CSV files here"


@dataclass(frozen=True)
class CommittedTable:
    """The committed results of one preset.

    Attributes:
        table: Lines of what was trained or scored, from ``table1.csv``; the network's id is their index.
        shown: Name of each method, by network, in the order in which they stand.
        printed: The printed AP in percent, by network.
        orderings: Lines of the orderings that were measured, by id.
        preset: The preset that the folder is named as; None where it is none.
    """

    table: pd.DataFrame
    shown: dict[str, str]
    printed: dict[str, str]
    orderings: dict[str, dict[str, str]]
    preset: Preset | None

    @classmethod
    def read(cls, folder: Path) -> CommittedTable:
        """Read committed results, and check that their files belong together.

        Raises:
            RefusedInput: If a file is missing, lacks a column, or the two files do not belong together.
        """
        file, orderings_file = folder / "table1.csv", folder / "orderings.csv"
        lines = pd.DataFrame(read_table(file, _TABLE, f"page {_COPY}"))
        lines = lines.set_index(lines.columns[0])  # network, or variant in older files
        ran = lines[lines["measured"] != ""]
        if ran.empty:
            raise RefusedInput(f"{file}: no row is measured; commit the table of a preset that has run")
        for name in ("preset", "metric", "measured_on"):
            if len(values := ran[name].unique()) > 1:
                raise RefusedInput(f"{file}: column {name} has {', '.join(values)}; commit the table of one run")
        found = read_table(orderings_file, _ORDERINGS, f"page {_COPY}")
        measured = {line["ordering"]: line for line in found if line["status"] == "measured"}
        if strangers := measured.keys() - claims.orderings().keys():
            raise RefusedInput(f"{orderings_file}: {', '.join(strangers)} are none of claims/orderings.yaml")
        for line in measured.values():
            difference = _difference(ran, line)
            if (
                (line["preset"], line["data"]) != tuple(ran[["preset", "measured_on"]].iloc[0])
                or not abs(difference - float(line["difference_measured"])) <= 1e-4  # nor is NaN
            ):
                raise RefusedInput(
                    f"{orderings_file}: {line['ordering']}: {line['difference_measured']} points on {line['data']}, "
                    f"but {file} has {difference:.4f} on {ran['measured_on'].iloc[0]}; commit both files of one run"
                )
        shown = lines[lines["status"] != "cost only"].groupby(level=0, sort=False).first()
        preset = load_preset(folder.name) if folder.name in preset_names() else None
        return cls(ran, dict(shown["method"]), dict(shown["ap_printed"]), measured, preset)

    def scores(self, name: str) -> list[PredictorScore]:
        """What the final predictor of a network reached in each training."""
        return [
            PredictorScore(
                float(line["measured"]) / 100,
                (float(line["measured_low"]) / 100, float(line["measured_high"]) / 100),
            )
            for line in self.table[self.table.index == name].to_dict("records")
        ]

    @property
    def metric(self) -> str:
        """The figure that decides."""
        return str(self.table["metric"].iloc[0])

    @property
    def notes(self) -> dict[str, str]:
        """How the figures were made, by topic."""
        ran = self.table
        trained = ran[ran["iterations"] != ""]
        minutes = pd.to_numeric(trained["wall_time_s"]).sum() / 60
        lines = list(self.orderings.values())
        notes = {
            "Run": (
                f"{distinct(sorted(ran['date']))}, on {distinct(ran['machine'])}: {len(trained)} trainings of "
                f"{distinct(trained['iterations'])} iterations, whose wall time adds up to {minutes:.0f} minutes; "
                f"commit {distinct(ran['commit'])}."
            ),
            self.metric: (
                f"{METRICS[self.metric]} in percent on {distinct(ran['images'])} images with "
                f"{distinct(ran['instances'])} people: of one training with its 95 % interval over images, of several "
                "the mean and standard deviation."
            ),
        }
        if lines:
            bases, spreads = [line["basis"] for line in lines], [line["spreads"] for line in lines]
            interval = interval_note(bases, spreads, lines[0]["images"], lines[0]["resamples"])
            together = [line["decided_together"] for line in lines]
            sizes = [int(float(size)) if size else None for size in together]
            notes["Difference"] = f"{difference_note(self.metric)} {interval}"
            notes["Outcome"] = outcome_note(sizes, bases, bound_words(self.preset) if self.preset else "")
        return notes


def inject(readme: str, block: str) -> str:
    """The README's text with the block between the marks ``table1:begin`` and ``table1:end``.

    Raises:
        ValueError: If the marks do not stand in it exactly once.
    """
    if len(_BLOCK.findall(readme)) != 1 or readme.count("table1:") != 2:
        raise ValueError(
            f"has {readme.count('table1:begin')} marks <!-- table1:begin --> and "
            f"{readme.count('table1:end')} <!-- table1:end -->, expected one of each, in this order"
        )
    return _BLOCK.sub(lambda match: f"{match[1]}\n{block}\n\n{match[2]}", readme)


def render_block(folder: Path) -> str:
    """The block's Markdown.

    Args:
        folder: Folder of the committed results.

    Raises:
        RefusedInput: If a file is missing, lacks a column, or the two files do not belong together.
    """
    run = CommittedTable.read(folder)
    data = str(run.table["measured_on"].iloc[0])
    on = data_lines(data)
    orderings = [one for one in claims.orderings().values() if one.id in run.orderings]
    rows: Columns = {
        ("Method",): list(run.shown.values()),
        ("AP, printed", PAPER_DATA): [run.printed[name] or NONE for name in run.shown],
        (f"{run.metric}, measured", *on): [score_cell(run.scores(name)) for name in run.shown],
    }
    compared: Columns = {
        ("Ordering",): [f"{network(one.higher).title} > {network(one.lower).title}" for one in orderings],
        ("Difference, printed", PAPER_DATA): [signed(one.difference) for one in orderings],
        ("Difference, measured", *on): [_words(run.orderings[one.id]) for one in orderings],
        ("Outcome",): [run.orderings[one.id]["outcome"] for one in orderings],
    }
    notice = escape_markdown(distinct(run.table["notice"]))
    return "\n\n".join([f"> {notice}", markdown_table(rows), markdown_table(compared), markdown_notes(run.notes)])


def _words(line: dict[str, str]) -> str:
    return difference_words(
        float(line["difference_measured"]), (float(line["difference_low"]), float(line["difference_high"]))
    )


def _difference(ran: pd.DataFrame, line: dict[str, str]) -> float:
    """The ordering's difference by the lines of ``table1.csv``, in points; NaN where a network is missing."""
    higher, lower = (ran.loc[ran.index == line[name], "measured"].astype(float).mean() for name in ("higher", "lower"))
    return float(higher - lower)
