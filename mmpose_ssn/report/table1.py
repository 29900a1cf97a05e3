"""Table 1: the paper's printed rows beside what one preset measured, as Markdown, CSV and TeX.

The measured column names its data wherever it stands, so that a figure from drawn data cannot pass for a COCO one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd

from mmpose_ssn import paper
from mmpose_ssn.report.inputs import FullSizeCost, RefusedInput, Scores, read_complexity, read_scores

PAPER_DATA = "COCO val2017"
"""The data of the paper's Table 1; ``scores.json`` calls it so, to the letter, and nothing else."""

_NONE = "–"
_NOT_RUN = "not run"
_MARKS = {True: "✓", False: "✗"}


@dataclass(frozen=True)
class Row:
    """One variant: its printed row, its full-size cost, and the scores of its trainings, by ascending seed."""

    printed: paper.PaperRow
    cost: FullSizeCost
    scores: tuple[Scores, ...]

    @property
    def status(self) -> str:
        """``measured``, ``not run``, or ``cost only`` for a network of which the paper prints no val2017 AP."""
        if self.scores:
            return "measured"
        return "cost only" if self.printed.ap is None else _NOT_RUN

    @property
    def params_match(self) -> bool:
        """Whether the counted parameters round to the print."""
        return self.printed.params_m.matches(self.cost.whole.params / 1e6)

    @property
    def flops_match(self) -> bool:
        """Whether the counted ops round to the printed FLOPS."""
        return self.printed.flops_g.matches(self.cost.whole.ops / 1e9)


@dataclass(frozen=True)
class Table1:
    """Table 1 for one preset: its rows in printed order, and what a reader must know to read them."""

    preset: str
    rows: tuple[Row, ...]

    @classmethod
    def from_files(cls, preset: str, complexity_file: Path, scores_files: Iterable[Path]) -> Table1:
        """Put the paper's rows, the full-size networks' costs and the preset's scores together.

        Args:
            preset: the preset whose scores are shown.
            complexity_file: ``complexity.csv``.
            scores_files: a ``scores.json`` for each trained variant and seed; a variant without one is "not run".

        Raises:
            RefusedInput: if a file does not fit its format, another file, or the preset.
        """
        printed = paper.table1()
        costs = read_complexity(complexity_file)
        if missing := [variant for variant in printed if variant not in costs]:
            raise RefusedInput(f"{complexity_file}: column variant lacks {', '.join(missing)}; count all variants")
        scores = [read_scores(path) for path in scores_files]
        _check_together(preset, scores, printed)
        return cls(
            preset=preset,
            rows=tuple(
                Row(
                    printed=row,
                    cost=costs[variant],
                    scores=tuple(sorted((s for s in scores if s.variant == variant), key=lambda s: s.seed)),
                )
                for variant, row in printed.items()
            ),
        )

    @property
    def scores(self) -> list[Scores]:
        """The scores of all rows."""
        return [scores for row in self.rows for scores in row.scores]

    @property
    def data(self) -> str | None:
        """The data that AP was measured on; None where nothing was run."""
        return next((str(scores.provenance["data"]) for scores in self.scores), None)

    @property
    def scaled(self) -> bool:
        """Whether a trained network was not the paper's full-size one."""
        return any(scores.network != row.cost.whole for row in self.rows for scores in row.scores)

    @property
    def title(self) -> str:
        """One line that names the preset and the data of the measured AP."""
        measured = "no AP measured yet" if self.data is None else f"AP measured on {self.data}"
        warning = " (numbers meaningless: a run of the machinery)" if self.preset == "smoke" and self.scores else ""
        return f"Table 1, preset {self.preset}: {measured}{warning}"

    @property
    def notices(self) -> list[str]:
        """What the measured column is, for whoever reads nothing else."""
        if self.data is None:
            return ["Nothing has been run under this preset: printed figures are the paper's, costs are counted."]
        notices = []
        if self.preset == "smoke":
            notices.append("The measured numbers are meaningless: this was a run of the machinery.")
        if self.data == PAPER_DATA:
            notices.append(f"The measured AP is on {PAPER_DATA}, the data of the printed one.")
        else:
            notices.append(
                f"The measured AP is on {self.data}, not on {PAPER_DATA}: it neither reproduces nor refutes "
                "a printed AP. Compare measured figures with each other only."
            )
        if self.scaled:
            notices.append(
                "The networks behind the measured AP are scaled versions of the paper's: the last two columns give "
                "their cost. The other costs are those of the paper's full-size networks, counted and not trained."
            )
        return notices

    @property
    def notes(self) -> dict[str, str]:
        """How the figures were made, by topic."""
        notes = {}
        scores = self.scores
        if scores:
            final, images, people, resamples = (
                _distinct(getattr(one, name) for one in scores)
                for name in ("final", "images", "instances", "resamples")
            )
            notes["AP"] = (
                f"OKS AP in percent of the final predictor ({final}) on {images} images with {people} people. In "
                f"brackets the 95 % bootstrap interval over images ({resamples} resamples), for the choice of images "
                "and not for that of the training seed. Where several seeds were trained, their mean; each seed and "
                "its interval are in the CSV file."
            )
            notes["Protocol"] = _listed(scores[0].protocol)
        params, flops = _share(row.params_match for row in self.rows), _share(row.flops_match for row in self.rows)
        policy = _distinct(row.cost.policy for row in self.rows)
        notes["Cost"] = (
            "For one image, counted on the full-size networks; in parentheses the paper's figure, "
            f"{_MARKS[True]} where ours rounds to it and {_MARKS[False]} where not (params {params}, FLOPs {flops}). "
            f"FLOPs are operations under the policy {policy!r}, MACs the multiply-accumulates of convolutions alone."
        )
        for row in self.rows:
            if row.printed.ap is None:
                elsewhere = row.printed.ap_test_dev
                notes[row.printed.method] = f"{row.printed.place}, shown for its cost" + (
                    f"; its printed AP ({elsewhere}) is on COCO test-dev, another split." if elsewhere else "."
                )
        if scores:
            notes["Made by"] = _listed(
                {
                    name.replace("_", " "): _distinct(s.provenance[name] for s in scores)
                    for name in ("commit", "data_digest", "iterations", "torch", "machine", "date")
                }
            )
        return notes


def to_markdown(table: Table1) -> str:
    """The table as GitHub-flavoured Markdown, its notices above it and its notes below."""
    columns = _columns(table)
    headers = ["<br>".join(map(_escape_markdown, lines)) for lines in columns]
    cells = pd.DataFrame(dict(zip(headers, columns.values(), strict=True))).map(_escape_markdown)
    alignment = ["left"] + ["right"] * (len(columns) - 1)
    return "\n".join(
        [
            f"# {_escape_markdown(table.title)}",
            "",
            "> [!WARNING]" if table.preset == "smoke" else "> [!IMPORTANT]",
            "\n>\n".join(f"> {_escape_markdown(notice)}" for notice in table.notices),
            "",
            cells.to_markdown(index=False, colalign=alignment, disable_numparse=True),
            "",
            *(f"- **{_escape_markdown(topic)}**: {_escape_markdown(note)}" for topic, note in table.notes.items()),
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


def to_tex(table: Table1) -> str:
    """The table as a ``table*`` float, as wide as a two-column page, for a document that loads ``booktabs``.

    Its label is ``tab:table1-PRESET``.
    """
    columns = _columns(table)
    headers = [r"\shortstack{" + r" \\ ".join(map(_escape_tex, lines)) + "}" for lines in columns]
    cells = pd.DataFrame(dict(zip(headers, columns.values(), strict=True))).map(_escape_tex)
    caption = " ".join([f"{table.title}.", *table.notices])
    tabular = cells.to_latex(index=False, escape=False, column_format="l" + "r" * (len(columns) - 1))
    return "\n".join(
        [
            r"\begin{table*}",
            r"\centering",
            rf"\caption{{{_escape_tex(caption)}}}",
            rf"\label{{tab:table1-{table.preset}}}",
            r"\scriptsize",
            r"\setlength{\tabcolsep}{2pt}",
            tabular.rstrip(),
            r"\par\medskip",
            r"\begin{minipage}{\linewidth}",
            r"\raggedright",
            *(rf"\textbf{{{_escape_tex(topic)}}}: {_escape_tex(note)}\par" for topic, note in table.notes.items()),
            r"\end{minipage}",
            r"\end{table*}",
            "",
        ]
    )


def _check_together(preset: str, scores: Sequence[Scores], variants: Mapping[str, Any]) -> None:
    """RefusedInput unless the scores can stand in one column of the preset's table."""
    seen: dict[tuple[str, int], Path] = {}
    for one in scores:
        if one.preset != preset:
            raise RefusedInput(f"{one.path}: $.preset: is {one.preset!r}, but the table is for {preset!r}")
        if one.variant not in variants:
            raise RefusedInput(f"{one.path}: $.variant: {one.variant!r} is none of {', '.join(variants)}")
        if other := seen.get((one.variant, one.seed)):
            raise RefusedInput(f"{one.path}: $.seed: {one.variant}, seed {one.seed}, is already given by {other}")
        seen[one.variant, one.seed] = one.path
        first = scores[0]
        for field, ours, theirs in (
            ("provenance.data", one.provenance["data"], first.provenance["data"]),
            ("provenance.data_digest", one.provenance["data_digest"], first.provenance["data_digest"]),
            ("protocol", one.protocol, first.protocol),
        ):
            if ours != theirs:
                raise RefusedInput(
                    f"{one.path}: $.{field}: is {ours!r}, but {theirs!r} in {first.path}; "
                    "one column holds one data set and one protocol: evaluate them alike"
                )


def _columns(table: Table1) -> dict[tuple[str, ...], list[str]]:
    """The table's cells by column, in plain text; a header is a tuple of lines."""
    if table.data is None:
        measured_on: tuple[str, ...] = (_NOT_RUN,)
    elif table.data == PAPER_DATA:
        measured_on = (PAPER_DATA,)
    else:
        measured_on = (table.data.partition(" (")[0], f"(not {PAPER_DATA})")
    rows = table.rows
    columns: dict[tuple[str, ...], list[str]] = {
        ("Method",): [row.printed.method for row in rows],
        ("AP, printed", PAPER_DATA): [str(row.printed.ap or _NONE) for row in rows],
        ("AP, measured", *measured_on): [_measured(row) for row in rows],
        ("Params, M", "full size", "(printed)"): [
            f"{row.cost.whole.params / 1e6:.3f} ({row.printed.params_m} {_MARKS[row.params_match]})" for row in rows
        ],
        ("FLOPs, G", "full size", "(printed)"): [
            f"{row.cost.whole.ops / 1e9:.3f} ({row.printed.flops_g} {_MARKS[row.flops_match]})" for row in rows
        ],
        ("MACs, G", "full size"): [f"{row.cost.whole.macs / 1e9:.3f}" for row in rows],
    }
    if table.scaled:
        columns["Params, M", "trained here", "(not full size)"] = [_trained(row, "params", 1e6) for row in rows]
        columns["MACs, G", "trained here", "(not full size)"] = [_trained(row, "macs", 1e9) for row in rows]
    return columns


def _measured(row: Row) -> str:
    if not row.scores:
        return _NONE if row.status == "cost only" else _NOT_RUN
    mean = f"{100 * fmean(scores.ap for scores in row.scores):.1f}"
    if len(row.scores) > 1:
        return f"{mean} ({len(row.scores)} seeds)"
    low, high = row.scores[0].interval
    return f"{mean} [{100 * low:.1f}, {100 * high:.1f}]"


def _trained(row: Row, count: str, unit: float) -> str:
    return f"{getattr(row.scores[0].network, count) / unit:#.3g}" if row.scores else _NONE


def _records(table: Table1, row: Row) -> list[dict[str, Any]]:
    """The variant's lines of the CSV file."""
    printed, whole, deployed = row.printed, row.cost.whole, row.cost.deployed
    variant = {
        "variant": printed.id,
        "method": printed.method,
        "place": printed.place,
        "status": row.status,
        "preset": table.preset,
        "ap_printed": printed.ap,
        "ap_printed_on": printed.ap and PAPER_DATA,
    }
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
    mean = 100 * fmean(scores.ap for scores in row.scores)
    return [
        variant
        | {
            "seed": scores.seed,
            "ap_measured": 100 * scores.ap,
            "ap_measured_low": 100 * scores.interval[0],
            "ap_measured_high": 100 * scores.interval[1],
            "ap_measured_on": scores.provenance["data"],
            "ap_mean_of_seeds": mean,
            "seeds": len(row.scores),
            "predictor": scores.final,
            "images": scores.images,
            "instances": scores.instances,
            "resamples": scores.resamples,
            "protocol": _listed(scores.protocol),
        }
        | cost
        | {
            "trained_params": scores.network.params,
            "trained_macs": scores.network.macs,
            "trained_ops": scores.network.ops,
        }
        | {name: value for name, value in scores.provenance.items() if name not in ("data", "seed")}
        | notice
        for scores in row.scores
    ]


def _distinct(values: Iterable[object]) -> str:
    return ", ".join(dict.fromkeys(map(str, values)))


def _listed(fields: Mapping[str, object]) -> str:
    spoken = {name: {True: "yes", False: "no"}[v] if isinstance(v, bool) else v for name, v in fields.items()}
    return "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in spoken.items()) + "."


def _share(matches: Iterable[bool]) -> str:
    marks = list(matches)
    return f"{sum(marks)} of {len(marks)}"


def _escape_markdown(text: str) -> str:
    return text.translate({ord(character): f"\\{character}" for character in "\\`*_|<>"})


_TEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "&%$#_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "[": "{[}",  # after the \\ of a row it would be read as that row's distance
        "]": "{]}",
        "–": "--",
        "…": r"\ldots{}",
        "×": r"$\times$",
        _MARKS[True]: r"$\surd$",
        _MARKS[False]: r"$\times$",
    }
)


def _escape_tex(text: str) -> str:
    return text.translate(_TEX)
