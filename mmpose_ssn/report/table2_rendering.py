"""Table 2 as Markdown, CSV and TeX.

A line of measured figures names their data, so that a figure from drawn data cannot pass for a COCO one.
"""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from mmpose_ssn.report.markup import Columns, escape_markdown, markdown_list, markdown_table, tex_table
from mmpose_ssn.report.rendering import ap_cell, notice_block, signed
from mmpose_ssn.report.table1 import NOT_RUN, PAPER_DATA
from mmpose_ssn.report.table2 import PLACE, PREDICTORS, Measured, StageGain, StageRow, Table2, protocol

_NONE = "–"
_MACS_NOTE = {
    "Multiply-accumulates": (
        "For one image, of the network that was trained, cut off at the predictor: whatever its heatmaps are made of, "
        "and no other predictor. The shift has none."
    )
}


def to_markdown(table: Table2, picture: str) -> str:
    """The table, the picture, the gains and the costs as GitHub-flavoured Markdown, notices above and notes below.

    Args:
        table: what to show.
        picture: file name of the picture, as seen from the page.
    """
    preset = table.networks.preset
    page = [
        f"# {escape_markdown(table.title)}",
        "",
        *notice_block(preset, table.notices),
        "",
        markdown_table(_columns(table)),
        "",
        *markdown_list(table.notes),
        "",
        "## Gains",
        "",
        markdown_table(_gain_columns(table)),
        "",
        *markdown_list(table.gain_notes),
        "",
    ]
    if table.data is not None:
        page += [
            f"## {_mac_title(table)}",
            "",
            f"![AP of each predictor against the multiply-accumulates up to it]({picture})",
            "",
            markdown_table(_mac_columns(table)),
            "",
            *markdown_list(_MACS_NOTE),
            "",
        ]
    return "\n".join(page)


def to_tex(table: Table2) -> str:
    """The table, the gains and the costs as ``table*`` floats for a document that loads ``booktabs``.

    Their labels are ``tab:table2-PRESET``, ``tab:table2-PRESET-gains`` and ``tab:table2-PRESET-macs``.
    """
    label = f"tab:table2-{table.networks.preset}"
    floats = [
        tex_table(_columns(table), " ".join([f"{table.title}.", *table.notices]), label, table.notes),
        tex_table(
            _gain_columns(table),
            " ".join([f"{table.title}: gains.", *table.notices]),
            f"{label}-gains",
            table.gain_notes,
        ),
    ]
    if table.data is not None:
        caption = " ".join([f"{table.title}: {_mac_title(table).lower()}.", *table.notices])
        floats.append(tex_table(_mac_columns(table), caption, f"{label}-macs", _MACS_NOTE))
    return "\n".join(floats)


def to_csv(table: Table2) -> str:
    """One line a predictor and training, and one a predictor that was not run; AP in percent, MACs as exact counts.

    Every line carries the preset, the data of both AP columns and the notices: none can be read without them.
    """
    records = [
        record for row in table.rows for predictor in row.predictors for record in _records(table, row, predictor)
    ]
    return pd.DataFrame(records, dtype=object).to_csv(index=False, lineterminator="\n")


def gains_to_csv(table: Table2, commit: str, date: str) -> str:
    """One line a gain, measured or not, with the notices; in AP points.

    Args:
        table: what to write.
        commit: of the code that compared the networks.
        date: day of the comparison, YYYY-MM-DD.
    """
    records = [_gain_record(table, gain, commit, date) for gain in table.gains]
    return pd.DataFrame(records, dtype=object).to_csv(index=False, lineterminator="\n")


def _columns(table: Table2) -> Columns:
    lines = []
    for row in table.rows:
        if row.printed:
            printed = {name: str(ap) for name, ap in row.printed.ap.items()}
            lines.append((row.method, f"printed, {PAPER_DATA}", printed))
        method = row.method if row.printed else f"{row.method} ({PLACE})"
        source = "measured" if table.data is None else f"measured, {table.data_in_short}"
        lines.append((method, source, {name: _measured(row, name) for name in row.predictors}))
    return {
        ("Method",): [method for method, _, _ in lines],
        ("AP",): [source for _, source, _ in lines],
        **{(name,): [cells.get(name, _NONE) for _, _, cells in lines] for name in PREDICTORS},
    }


def _gain_columns(table: Table2) -> Columns:
    methods = {row.id: row.method for row in table.rows}
    return {
        ("Introduced",): [gain.introduced for gain in table.gains],
        ("Network",): [methods[gain.higher] for gain in table.gains],
        ("Over",): [methods[gain.lower] for gain in table.gains],
        ("Predictor",): [gain.predictor for gain in table.gains],
        ("Gain, printed", PAPER_DATA): [signed(gain.printed) for gain in table.gains],
        ("Gain, measured", table.data_in_short): [_gain(gain) for gain in table.gains],
    }


def _mac_title(table: Table2) -> str:
    size = ", not full size" if table.networks.scaled else ""
    return f"Multiply-accumulates up to each predictor of the networks trained here{size}"


def _mac_columns(table: Table2) -> Columns:
    rows = [row for row in table.rows if row.macs]
    unit, letter = (1e9, "G") if max(max(row.macs.values()) for row in rows) >= 1e9 else (1e6, "M")
    return {
        ("Method",): [row.method for row in rows],
        **{
            (name, letter): [f"{row.macs[name] / unit:.2f}" if name in row.macs else _NONE for row in rows]
            for name in PREDICTORS
        },
    }


def _measured(row: StageRow, predictor: str) -> str:
    if not row.measured:
        return NOT_RUN
    trainings = row.measured[predictor]
    return ap_cell([100 * one.ap for one in trainings], [100 * end for end in trainings[0].interval])


def _gain(gain: StageGain) -> str:
    if gain.paired is None:
        return NOT_RUN
    low, high = (signed(100 * end) for end in gain.paired.interval)
    return f"{signed(100 * gain.paired.difference)} [{low}, {high}]"


def _records(table: Table2, row: StageRow, predictor: str) -> list[dict[str, Any]]:
    printed = row.printed and row.printed.ap[predictor]
    common = {
        "variant": row.id,
        "predictor": predictor,
        "method": row.method,
        "place": row.place,
        "status": row.status,
        "preset": table.networks.preset,
        "ap_printed": printed,
        "ap_printed_on": printed and PAPER_DATA,
    }
    notice = {"notice": " ".join(table.notices)}
    if not row.measured:
        return [common | notice]
    return [common | _training(row, predictor, one) | notice for one in row.measured[predictor]]


def _training(row: StageRow, predictor: str, one: Measured) -> dict[str, Any]:
    scores = one.scores
    return {
        "seed": scores.seed,
        "ap_measured": 100 * one.ap,
        "ap_measured_low": 100 * one.interval[0],
        "ap_measured_high": 100 * one.interval[1],
        "ap_measured_on": scores.provenance["data"],
        "ap_mean_of_seeds": row.ap(predictor),
        "seeds": len(row.measured[predictor]),
        "images": scores.images,
        "instances": scores.instances,
        "resamples": scores.resamples,
        "protocol": protocol(scores),
        "trained_macs_up_to_predictor": row.macs[predictor],
        **{name: value for name, value in scores.provenance.items() if name not in ("data", "seed")},
    }


def _gain_record(table: Table2, gain: StageGain, commit: str, date: str) -> dict[str, Any]:
    record = {
        "gain": gain.id,
        "introduced": gain.introduced,
        "higher": gain.higher,
        "lower": gain.lower,
        "predictor": gain.predictor,
        "place": gain.place,
        "status": "measured" if gain.paired else NOT_RUN,
        "preset": table.networks.preset,
        "difference_printed": gain.printed,
        "difference_printed_on": PAPER_DATA,
    }
    if gain.paired:
        example = table.networks.scores[0]
        low, high = gain.paired.interval
        record |= {
            "difference_measured": 100 * gain.paired.difference,
            "difference_low": 100 * low,
            "difference_high": 100 * high,
            "seeds": " ".join(map(str, gain.seeds)),
            "images": example.images,
            "resamples": table.resamples,
            "data": example.provenance["data"],
            "data_digest": example.provenance["data_digest"],
            "protocol": json.dumps(example.protocol),
            "commit": commit,
            "date": date,
        }
    return record | {"notice": " ".join(table.notices)}
