"""Table 1 as Markdown, CSV and TeX.

The measured column names its data wherever it stands, so that a figure from drawn data cannot pass for a COCO one.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Any

import pandas as pd

from mmpose_ssn import paper
from mmpose_ssn.experiment.presets import is_meaningless
from mmpose_ssn.report.inputs import Cost
from mmpose_ssn.report.markup import MARKS, Columns, escape_markdown, markdown_list, markdown_table, tex_table
from mmpose_ssn.report.orderings import COLUMNS, MeasuredOrdering, claim
from mmpose_ssn.report.references import REFERENCES
from mmpose_ssn.report.table1 import NOT_RUN, PAPER_DATA, Row, Table1, listed

_NONE = "–"


def to_markdown(table: Table1) -> str:
    """The table and its orderings as GitHub-flavoured Markdown, notices above and notes below."""
    return "\n".join(
        [
            f"# {escape_markdown(table.title)}",
            "",
            *notice_block(table.preset, table.notices),
            "",
            markdown_table(_columns(table)),
            "",
            *markdown_list(table.notes),
            "",
            "## Orderings",
            "",
            markdown_table(_ordering_columns(table)),
            "",
            *markdown_list(table.ordering_notes),
            "",
        ]
    )


def to_csv(table: Table1) -> str:
    """One line a training, and one for each variant without any; AP in percent, costs as exact counts.

    Every line carries the preset, the data of both AP columns and the notices: none can be read without them.
    """
    return pd.DataFrame([record for row in table.rows for record in _records(table, row)], dtype=object).to_csv(
        index=False, lineterminator="\n"
    )


def orderings_to_csv(table: Table1) -> str:
    """One line an ordering, measured or not, with the notices; differences in AP points."""
    records = []
    for ordering in paper.orderings().values():
        measured = table.measured.get(ordering.id)
        record = measured.record() if measured else claim(ordering) | {"status": NOT_RUN, "preset": table.preset}
        records.append(record | {"notice": " ".join(table.notices)})
    return pd.DataFrame(records, columns=[*COLUMNS, "notice"], dtype=object).to_csv(index=False, lineterminator="\n")


def to_tex(table: Table1) -> str:
    """The table and its orderings as ``table*`` floats for a document that loads ``booktabs``.

    Their labels are ``tab:table1-PRESET`` and ``tab:table1-PRESET-orderings``.
    """
    label = f"tab:table1-{table.preset}"
    caption = " ".join([f"{table.title}.", *table.notices])
    orderings = " ".join([f"{table.title}: orderings of two networks.", *table.notices])
    return "\n".join(
        [
            tex_table(_columns(table), caption, label, table.notes),
            tex_table(_ordering_columns(table), orderings, f"{label}-orderings", table.ordering_notes),
        ]
    )


def _columns(table: Table1) -> Columns:
    rows = table.rows
    columns = {
        ("Method",): [row.method for row in rows],
        ("AP, printed", PAPER_DATA): [str((row.printed and row.printed.ap) or _NONE) for row in rows],
        ("AP, measured", *_measured_on(table)): [_measured(row) for row in rows],
        ("Params, M", "full size", "(printed)"): [_params(row) for row in rows],
        ("FLOPs, G", "full size", "(printed)"): [_flops(row) for row in rows],
        ("MACs, G", "full size"): [f"{row.cost.whole.macs / 1e9:.3f}" if row.cost else _NONE for row in rows],
    }
    if table.scaled:
        columns["Params, M", "trained here", "(not full size)"] = [_trained(row.trained, "params", 1e6) for row in rows]
        columns["MACs, G", "trained here", "(not full size)"] = [_trained(row.trained, "macs", 1e9) for row in rows]
    return columns


def _ordering_columns(table: Table1) -> Columns:
    methods = {row.id: row.printed.method for row in table.rows if row.printed} | REFERENCES
    orderings = paper.orderings().values()
    measured = [table.measured.get(ordering.id) for ordering in orderings]
    return {
        ("Claim",): [f"{methods[ordering.higher]} > {methods[ordering.lower]}" for ordering in orderings],
        ("Where",): [ordering.place for ordering in orderings],
        ("Difference, printed", PAPER_DATA): [signed(ordering.difference) for ordering in orderings],
        ("Difference, measured", *_measured_on(table)): [difference_cell(one) for one in measured],
        ("Outcome",): [f"{table.runs}: {one.outcome}" if one else NOT_RUN for one in measured],
    }


def difference_cell(one: MeasuredOrdering | None) -> str:
    """A measured difference in AP points, with its interval."""
    if one is None:
        return NOT_RUN
    low, high = map(signed, one.interval)
    return f"{signed(one.difference)} [{low}, {high}]"


def ap_cell(ap: Sequence[float], interval: Sequence[float]) -> str:
    """AP in percent: of one training with its interval, of several their mean and standard deviation.

    Args:
        ap: of each training.
        interval: low and high end of the first one's.
    """
    if len(ap) == 1:
        return f"{ap[0]:.1f} [{interval[0]:.1f}, {interval[1]:.1f}]"
    return f"{fmean(ap):.1f} ± {stdev(ap):.1f} ({len(ap)} seeds)"


def notice_block(preset: str, notices: Sequence[str]) -> tuple[str, str]:
    """The notices as a block above a page, marked as a warning where the preset's numbers mean nothing."""
    mark = "> [!WARNING]" if is_meaningless(preset) else "> [!IMPORTANT]"
    return mark, "\n>\n".join(f"> {escape_markdown(notice)}" for notice in notices)


def signed(points: paper.PrintedNumber | float | None) -> str:
    """AP points with their sign; a printed number keeps its digits."""
    if points is None:
        return _NONE
    if isinstance(points, paper.PrintedNumber):
        return f"+{points}"
    return f"{round(points, 1) + 0.0:+.1f}".replace("-", "−")  # a rounded -0.04 is no -0.0


def _measured_on(table: Table1) -> tuple[str, ...]:
    if table.data is None:
        return (NOT_RUN,)
    return (PAPER_DATA,) if table.data == PAPER_DATA else (table.data.partition(" (")[0], f"(not {PAPER_DATA})")


def _measured(row: Row) -> str:
    if not row.scores:
        return _NONE if row.status == "cost only" else NOT_RUN
    return ap_cell([100 * one.ap for one in row.scores], [100 * end for end in row.scores[0].interval])


def _params(row: Row) -> str:
    if not (row.printed and row.cost):
        return _NONE
    return f"{row.cost.whole.params / 1e6:.3f} ({row.printed.params_m} {MARKS[bool(row.params_match)]})"


def _flops(row: Row) -> str:
    if not (row.printed and row.cost):
        return _NONE
    return f"{row.cost.whole.ops / 1e9:.3f} ({row.printed.flops_g} {MARKS[bool(row.flops_match)]})"


def _trained(cost: Cost | None, count: str, unit: float) -> str:
    return f"{getattr(cost, count) / unit:#.3g}" if cost else _NONE


def _records(table: Table1, row: Row) -> list[dict[str, Any]]:
    """The variant's lines of the CSV file."""
    printed = row.printed
    variant = {
        "variant": row.id,
        "method": row.method,
        "place": row.place,
        "status": row.status,
        "preset": table.preset,
        "ap_printed": printed and printed.ap,
        "ap_printed_on": printed and printed.ap and PAPER_DATA,
    }
    cost: dict[str, Any] = {}
    if printed and row.cost:
        whole, deployed = row.cost.whole, row.cost.deployed
        cost = {
            "params": whole.params,
            "params_printed_m": printed.params_m,
            "params_match": row.params_match,
            "macs": whole.macs,
            "ops": whole.ops,
            "flops_printed_g": printed.flops_g,
            "flops_match": row.flops_match,
            "deployed_params": deployed.params,
            "deployed_macs": deployed.macs,
            "deployed_ops": deployed.ops,
            "counting_policy": row.cost.policy,
        }
    notice = {"notice": " ".join(table.notices)}
    if not row.scores:
        return [variant | cost | notice]
    return [
        variant
        | {
            "seed": scores.seed,
            "ap_measured": 100 * scores.ap,
            "ap_measured_low": 100 * scores.interval[0],
            "ap_measured_high": 100 * scores.interval[1],
            "ap_measured_on": scores.provenance["data"],
            "ap_mean_of_seeds": row.ap,
            "seeds": len(row.scores),
            "predictor": scores.final,
            "images": scores.images,
            "instances": scores.instances,
            "resamples": scores.resamples,
            "protocol": listed(scores.protocol),
        }
        | cost
        | (
            {f"trained_{name}": getattr(scores.network, name) for name in ("params", "macs", "ops")}
            if scores.network
            else {}
        )
        | {name: value for name, value in scores.provenance.items() if name not in ("data", "seed")}
        | notice
        for scores in row.scores
    ]
