"""Where a number of a results file comes from: its cell, and whatever the files say of how it was made."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mmpose_ssn.evaluation.scores import read_scores
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.networks import run_name

MADE = ("config_digest", "commit", "checkpoint_digest", "data_digest", "seed", "machine", "protocol")
"""Facts that are given of every measured number; one that no file knows is said to be not recorded."""

_NOT_RECORDED = "not recorded"
_WHAT = ("method", "says", "unit", "place")
_OF = ("status", "preset", "metric", "higher", "lower", "predictor")
_DATA = ("data", "measured_on", "ap_measured_on")
_ALSO = (
    *("images", "instances", "resamples", "torch", "iterations", "wall_time_s", "external"),
    *("training_annotations_digest", "archive_digest", "basis", "finding", "evidence", "date", "notice"),
)
_COUNTED = {f"{part}{count}" for part in ("", "deployed_") for count in ("params", "macs", "ops")}
_COUNTED |= {"params_match", "flops_match"}


@dataclass(frozen=True)
class Origin:
    """One cell of a results file.

    Attributes:
        file: Path of the results file.
        row: Value of the file's key column.
        column: Full name of the column.
        value: Content of the cell, as the file has it.
        facts: What the row says of how the number was made, by name.
        sources: The files that the number came from, each with what it adds to the row, or contradicts.
    """

    file: Path
    row: str
    column: str
    value: str
    facts: Mapping[str, str]
    sources: Mapping[Path, Mapping[str, str]]

    def __str__(self) -> str:
        lines = [f"{self.file}: {self.row}, {self.column} = {self.value}"]
        lines += [f"  {name.replace('_', ' ')}: {value}" for name, value in self.facts.items()]
        for path, facts in self.sources.items():
            lines.append(f"  from {path}")
            lines += [f"    {name.replace('_', ' ')}: {value}" for name, value in facts.items()]
        return "\n".join(lines)


def origins(file: Path, row: str, column: str, only: Mapping[str, str] | None = None) -> list[Origin]:
    """Find a cell, and what made it.

    Args:
        file: Path of a CSV file under ``results/``.
        row: Value of its first column, such as a network's id.
        column: Name of a column in any case, or what it begins with before ``_measured``, or the name of the
            figure that was measured: ``AP`` for ``measured`` where the column ``metric`` says so.
        only: Value that other columns must have, by the column's name, such as ``{"predictor": "E1"}``.

    Returns:
        One origin for each line that fits and has a value there: where there are several seeds, one for each.

    Raises:
        RefusedInput: If there is no such file, row, column or value; the message names those that there are.
    """
    table = _read(file)
    key = str(table.columns[0])
    name = _column(table, column, file)
    lines = table[table[key] == row]
    if lines.empty:
        raise RefusedInput(f"{file}: column {key} has no {row!r}; it has {_list(table[key])}")
    for other, value in (only or {}).items():
        other = _column(table, other, file)
        left = lines[lines[other] == value]
        if left.empty:
            raise RefusedInput(f"{file}: {row} has no line with {other} {value!r}; there it has {_list(lines[other])}")
        lines = left
    found = [_origin(file, row, name, line) for line in lines.to_dict("records") if line[name]]
    if not found:
        status = _list(lines["status"]) if "status" in lines else "nothing is known of it"
        filled = [str(c) for c in table.columns if (lines[c] != "").any()]
        raise RefusedInput(f"{file}: {row} has no {name} ({status}); it has {_list(filled)}")
    return found


def _origin(file: Path, row: str, column: str, line: Mapping[str, str]) -> Origin:
    facts = {name: line[name] for name in _WHAT if line.get(name)}
    sources: dict[Path, dict[str, str]] = {}
    if "printed" in column:
        facts |= _printed(column, line)
    elif column in _COUNTED:
        facts["made by"] = "counting the full-size network, untrained"
        facts["counting policy"] = line.get("counting_policy") or line.get("policy", _NOT_RECORDED)
    elif column.startswith(("wall_ms", "peak_mb")):
        facts["made by"] = "timing the network with random weights"
        facts |= {name: line.get(f"time_{name}") or _NOT_RECORDED for name in ("machine", "commit")}
    else:
        sources = {path: _said(path, line) for path in _files(file, line)}
        facts |= _measured(line, {name for said in sources.values() for name in said})
    return Origin(file, row, column, line[column], facts, sources)


def _printed(column: str, line: Mapping[str, str]) -> dict[str, str]:
    facts = {"made by": line.get("citation") or "the paper"}
    on = line.get(f"{column}_on") or line.get("ap_printed_on")
    if on and not column.startswith(("params", "flops")):
        facts["printed on"] = on
    return facts


def _measured(line: Mapping[str, str], elsewhere: Container[str]) -> dict[str, str]:
    """What the line says of its own making; ``elsewhere`` names what its files will say."""
    facts = {name: line[name] for name in _OF if line.get(name)}
    facts["data"] = next((line[name] for name in _DATA if line.get(name)), _NOT_RECORDED)
    for name in MADE:
        if name == "seed" and name not in line:
            facts[name] = line.get("seeds") or _NOT_RECORDED
        elif name in line:
            facts[name] = line[name] or "none"
        elif name not in elsewhere:
            facts[name] = _NOT_RECORDED
    return facts | {name: line[name] for name in _ALSO if line.get(name)}


def _files(file: Path, line: Mapping[str, str]) -> list[Path]:
    """The files that the line was made from: those that it names, or else its networks' ``scores.json``, as far as they
    are there.
    """
    if named := line.get("files"):
        return [Path(name) for name in named.split()]
    preset = line.get("preset", "")
    root = file.parent.parent if file.parent.name == preset else file.parent
    recipe = {"own": "own"}.get(line.get("recipe", ""), "common")
    runs = [run_name(line[name], recipe) for name in ("network", "higher", "lower") if line.get(name)]
    seeds = line.get("seed", line.get("seeds", "")).split()  # beside a "seed", "seeds" says how many there are
    folders = [root / preset / run / seed for run in runs for seed in ([f"seed{s}" for s in seeds] or [""])]
    return [path for folder in folders if (path := folder / "scores.json").is_file()]


def _said(path: Path, line: Mapping[str, str]) -> dict[str, str]:
    """What a ``scores.json`` adds to a line that was made from it, or contradicts."""
    if path.name != "scores.json" or not path.is_file():
        return {} if path.is_file() else {"file": "is not there"}
    scores = read_scores(path)
    made, name = scores.provenance, line.get("predictor") or scores.final
    detections = path.parent / "predictions" / f"predictor.{name}.keypoints.json"
    said = {"detections": str(detections) if detections.is_file() else f"{detections} (is not there)"}
    single = bool(line.get("network"))  # a comparison's own commit is not that of its two trainings
    for field in ("config_digest", "checkpoint_digest", "machine", "commit", "data_digest"):
        theirs, ours = made.get(field), line.get(field) if single or field == "data_digest" else None
        if theirs and not ours:
            said[field] = theirs
        elif theirs and theirs != ours:
            said[f"{field}, which has changed since"] = theirs
    return said


def _read(file: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(file, dtype=str, keep_default_na=False)
    except OSError as error:
        raise RefusedInput(f"{file}: cannot be read ({error.strerror}); expected a csv file under results/") from error
    except ValueError as error:
        raise RefusedInput(f"{file}: is not a table: {error}") from error
    if table.empty:
        raise RefusedInput(f"{file}: has no rows")
    return table


def _column(table: pd.DataFrame, asked: str, file: Path) -> str:
    wanted = asked.lower().replace(" ", "_")
    names = {str(name).lower(): str(name) for name in table.columns}
    if "metric" in table and "measured" in table and wanted in table["metric"].str.lower().unique():
        return "measured"
    for candidate in (wanted, f"{wanted}_measured"):
        if candidate in names:
            return names[candidate]
    raise RefusedInput(f"{file}: has no column {asked!r}; it has {_list(table.columns)}")


def _list(values: Any) -> str:
    return ", ".join(dict.fromkeys(map(str, values)))
