"""The README's Table 1: a compact form of a committed ``table1.csv`` and ``orderings.csv``, between two marks."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from mmpose_ssn import paper
from mmpose_ssn.report.inputs import RefusedInput
from mmpose_ssn.report.markup import escape_markdown, markdown_list, markdown_table
from mmpose_ssn.report.orderings import MeasuredOrdering, read_orderings
from mmpose_ssn.report.rendering import difference_cell, signed
from mmpose_ssn.report.table1 import NOT_RUN, PAPER_DATA, Table1, distinct

_BLOCK = re.compile(r"(<!-- table1-mini:begin\b[^>]*-->\n).*?(<!-- table1-mini:end -->)", flags=re.DOTALL)
_NEEDED = (
    *("variant", "method", "status", "preset", "ap_printed", "seed", "ap_measured", "ap_measured_low"),
    *("ap_measured_high", "ap_measured_on", "ap_mean_of_seeds", "seeds", "images", "instances", "iterations"),
    *("commit", "machine", "wall_time_s", "date", "notice"),
)


def inject(readme: str, block: str) -> str:
    """The README's text with the block between the marks ``table1-mini:begin`` and ``table1-mini:end``.

    Raises:
        ValueError: if the marks do not stand in it exactly once.
    """
    if len(_BLOCK.findall(readme)) != 1 or readme.count("table1-mini:") != 2:
        raise ValueError(
            f"has {readme.count('table1-mini:begin')} marks <!-- table1-mini:begin --> and "
            f"{readme.count('table1-mini:end')} <!-- table1-mini:end -->, expected one of each, in this order"
        )
    return _BLOCK.sub(lambda match: f"{match[1]}\n{block}\n\n{match[2]}", readme)


def render_block(table_file: Path, orderings_file: Path) -> str:
    """The block's Markdown.

    Args:
        table_file: a committed copy of ``results/table1.csv``.
        orderings_file: a committed copy of ``results/table1-orderings.csv``, of the same run.

    Raises:
        RefusedInput: if a file is missing, lacks a column, or the two are of different runs.
    """
    table = _read_table(table_file)
    measured = read_orderings(orderings_file)
    ran = table[table["ap_measured"] != ""]
    if ran.empty:
        raise RefusedInput(f"{table_file}: no row is measured; copy results/table1.csv here once the preset has run")
    (preset,) = set(table["preset"])
    (data,) = set(ran["ap_measured_on"])
    for one in measured.values():
        found = _difference(ran, one)
        if (one.made["preset"], one.made["data"]) != (preset, data) or not abs(found - one.difference) < 1e-4:
            raise RefusedInput(
                f"{orderings_file}: {one.ordering.id}: {one.difference:.4f} AP points on {one.made['data']}, but "
                f"{table_file} has {found:.4f} on {data}; commit both files of one run"
            )
    shown = table[table["status"] != "cost only"].drop_duplicates("variant")
    methods = dict(zip(table["variant"], table["method"], strict=True))
    not_coco = () if data == PAPER_DATA else (f"not {PAPER_DATA}",)
    orderings = [one for one in paper.orderings().values() if one.id in measured]
    seeds = Table1(preset, (), measured)
    return "\n".join(
        [
            f"> {escape_markdown(distinct(ran['notice']))}",
            "",
            markdown_table(
                {
                    ("Method",): list(shown["method"]),
                    ("AP, printed", PAPER_DATA): [printed or "–" for printed in shown["ap_printed"]],
                    ("AP, measured", data, *not_coco): [_ap(row) for _, row in shown.iterrows()],
                }
            ),
            "",
            markdown_table(
                {
                    ("Claim",): [f"{methods[one.higher]} > {methods[one.lower]}" for one in orderings],
                    ("Difference, printed", PAPER_DATA): [signed(one.difference) for one in orderings],
                    ("Difference, measured", data, *not_coco): [difference_cell(measured[o.id]) for o in orderings],
                    ("Outcome",): [f"{seeds.runs}: {measured[one.id].outcome}" for one in orderings],
                }
            ),
            "",
            *markdown_list(_notes(ran) | seeds.ordering_notes),
        ]
    )


def _read_table(file: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(file, dtype=str, keep_default_na=False)
    except OSError as error:
        raise RefusedInput(
            f"{file}: cannot be read ({error.strerror}); run the preset mini, and commit results/table1.csv as this "
            "file and results/table1-orderings.csv beside it as orderings.csv"
        ) from error
    except ValueError as error:
        raise RefusedInput(f"{file}: {error}; copy results/table1.csv here again") from error
    if missing := [name for name in _NEEDED if name not in table]:
        raise RefusedInput(f"{file}: lacks the columns {', '.join(missing)}; copy results/table1.csv here again")
    return table


def _difference(ran: pd.DataFrame, one: MeasuredOrdering) -> float:
    """The ordering's difference by the table, in AP points; NaN where it has not got all of its trainings."""
    ap = {(row["variant"], row["seed"]): float(row["ap_measured"]) for _, row in ran.iterrows()}
    nothing = float("nan")
    higher, lower = (
        [ap.get((name, str(seed)), nothing) for seed in one.seeds] for name in (one.ordering.higher, one.ordering.lower)
    )
    return (sum(higher) - sum(lower)) / len(one.seeds)


def _ap(row: pd.Series) -> str:
    if not row["ap_measured"]:
        return NOT_RUN
    mean = f"{float(row['ap_mean_of_seeds']):.1f}"
    if int(row["seeds"]) > 1:
        return f"{mean} ({row['seeds']} seeds)"
    return f"{mean} [{float(row['ap_measured_low']):.1f}, {float(row['ap_measured_high']):.1f}]"


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
            f"OKS AP in percent on {distinct(ran['images'])} images with {distinct(ran['instances'])} people, with its "
            "95 % bootstrap interval over images."
        ),
    }
