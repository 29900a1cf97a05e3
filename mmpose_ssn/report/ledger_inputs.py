"""What other commands decided of the claims: the counted costs, and the offsets of trained networks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from mmpose_ssn import paper
from mmpose_ssn.paper.verdicts import Finding, FindingKind
from mmpose_ssn.report.inputs import RefusedInput
from mmpose_ssn.report.ledger import Counted, Measured


def read_costs(path: Path) -> dict[str, Counted]:
    """``cost-claims.csv``, by claim.

    Raises:
        RefusedInput: if the file is missing, lacks a column, or is of another version of the claims.
    """
    again = "run python -m mmpose_ssn complexity --claims again"
    rows = _rows(path, ("id", "counted", "relation", "bound", "holds", "how"), "id", again)
    return {
        row["id"]: Counted(float(row["counted"]), row["bound"], row["relation"], row["holds"] == "True", row["how"])
        for row in rows
    }


def read_offsets(path: Path, preset: str) -> dict[str, Measured]:
    """The measured claims of ``offsets.csv`` that a controlled experiment has found something on, by claim.

    Raises:
        RefusedInput: if the file is missing, lacks a column, or is of another preset or version of the claims.
    """
    again = "run python -m mmpose_ssn offsets again"
    columns = ("claim", "status", "finding", "figure", "unit", "boundary", "low95", "high95", "p_holm", "preset")
    found = {}
    for row in _rows(path, columns, "claim", again):
        if row["preset"] != preset:
            raise RefusedInput(f"{path}: {row['claim']}: preset is {row['preset']!r}, but the ledger is for {preset!r}")
        if row["status"] != "measured" or not row["finding"]:
            continue
        figure = f"{float(row['figure']):.3g} {row['unit']}, held against {float(row['boundary']):.3g}"
        interval = f"95 % [{float(row['low95']):.3g}, {float(row['high95']):.3g}]"
        found[row["claim"]] = Measured(
            Finding(preset, FindingKind(row["finding"])),
            f"{figure}; {interval}, p = {float(row['p_holm']):.2g} after Holm",
        )
    return found


def _rows(path: Path, columns: Sequence[str], key: str, again: str) -> list[dict[str, str]]:
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except OSError as error:
        raise RefusedInput(f"{path}: cannot be read ({error.strerror}); {again}") from error
    except ValueError as error:
        raise RefusedInput(f"{path}: {error}; {again}") from error
    if missing := [name for name in columns if name not in table]:
        raise RefusedInput(f"{path}: lacks the columns {', '.join(missing)}; {again}")
    if strangers := sorted(set(table[key]) - paper.claims().keys()):
        raise RefusedInput(f"{path}: the ledger has no claim {', '.join(strangers)}; {again}")
    rows: list[dict[str, str]] = table.to_dict("records")
    return rows
