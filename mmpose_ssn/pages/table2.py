"""Table 2: every predictor of the deep networks, the paper's figures beside what one preset measured, and the gains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from mmpose_ssn import paper
from mmpose_ssn.evaluation.comparison import Comparison
from mmpose_ssn.evaluation.scores import PredictorScore, Scores
from mmpose_ssn.evaluation.trained import TrainedPredictors, difference
from mmpose_ssn.files import RefusedInput
from mmpose_ssn.networks import PREDICTORS, networks, shown_on
from mmpose_ssn.pages.blocks import NONE, Columns, Heading, Page, Picture, Table
from mmpose_ssn.pages.plots import stage_plot
from mmpose_ssn.pages.results import Results
from mmpose_ssn.pages.study import PAPER_DATA, Study
from mmpose_ssn.pages.wording import (
    NOT_RUN,
    compared_record,
    comparison_record,
    difference_cell,
    listed,
    outcome_words,
    provenance_record,
    score_cell,
    signed,
)

PLACE = "not in the paper's Table 2"


@dataclass(frozen=True)
class StageRow:
    """The row of one network.

    Attributes:
        network: Its short id.
        method: Its printed name.
        printed: Its printed row; None where the paper prints the final predictor's AP alone, in Table 1.
        predictors: Its predictors, in the order of their depth.
        scores: Scores of its trainings, by ascending seed; empty where it was not run.
    """

    network: str
    method: str
    printed: paper.Table2Row | None
    predictors: tuple[str, ...]
    scores: tuple[Scores, ...]

    @property
    def place(self) -> str:
        """Where the paper prints it."""
        return f"Table 2, row {self.printed.row}" if self.printed else PLACE

    @property
    def status(self) -> str:
        """``measured``, ``extension`` for a measured network that the paper does not have here, or ``not run``."""
        if not self.scores:
            return NOT_RUN
        return "measured" if self.printed else "extension"

    def measured(self, predictor: str) -> list[PredictorScore]:
        """What a predictor reached in each training."""
        return [one.predictors[predictor] for one in self.scores]

    def score(self, predictor: str) -> float:
        """A predictor's score in percent, the mean over seeds."""
        return 100 * fmean(one.score for one in self.measured(predictor))

    @property
    def macs(self) -> dict[str, int]:
        """Multiply-accumulates of the trained network, cut off at each predictor; empty where it was not run."""
        cost = self.scores[0].cost if self.scores else None
        return {name: cost.up_to[name].macs for name in self.predictors} if cost else {}


@dataclass(frozen=True)
class StageGain:
    """A gain that the paper prints: one predictor of two networks, of which the first has what the second lacks.

    Attributes:
        id: Id of the claim (:func:`mmpose_ssn.claims.claims`).
        introduced: What the second network lacks, ``"ESP"`` or ``"FSM"``.
        higher: Short id of the first network.
        lower: Short id of the second network.
        predictor: The predictor whose score is compared.
        place: Where it is printed.
        printed: The printed gain, in AP points on COCO val2017.
        measured: What was measured of it; None where one of the networks was not trained.
    """

    id: str
    introduced: str
    higher: str
    lower: str
    predictor: str
    place: str
    printed: paper.PrintedNumber
    measured: Comparison | None


@dataclass(frozen=True)
class Table2:
    """Table 2 for one preset.

    Attributes:
        study: The measured figures.
        rows: The paper's rows in printed order, then other networks of Table 1.
        gains: The printed gains, row by row.
        resamples: Number of draws of the images behind the gains' intervals.
    """

    study: Study
    rows: tuple[StageRow, ...]
    gains: tuple[StageGain, ...]
    resamples: int

    @classmethod
    def of(cls, results: Results) -> Table2:
        """Put the paper's rows and the preset's scores together, and measure the gains.

        Raises:
            RefusedInput: If a file does not fit its format, another file, or the preset.
        """
        scores, printed = results.scores("table2"), paper.table2()
        names = [*printed, *(name for name in shown_on("table2") if name not in printed)]
        trained = results.trained(scores)
        rows = [_row(name, printed.get(name), [one for one in scores if one.network == name]) for name in names]
        return cls(Study.of(results, scores), tuple(rows), tuple(_gains(rows, trained)), trained.resamples)


def page(results: Results) -> Page:
    """Table 2 of a preset's results.

    Raises:
        RefusedInput: If a file does not fit its format, another file, or the preset.
    """
    return page_of(Table2.of(results))


def page_of(table: Table2) -> Page:
    """The page of a table."""
    study, label = table.study, f"tab:table2-{table.study.preset}"
    blocks: list[Any] = [
        Table(_columns(table), _notes(table), label),
        Heading("Gains"),
        Table(_gain_columns(table), _gain_notes(table), f"{label}-gains", "gains"),
    ]
    if study.data is not None:
        macs = (
            f"Multiply-accumulates up to each predictor of the networks trained here{', not full size' * study.scaled}"
        )
        alt = f"{study.metric} of each predictor against the multiply-accumulates up to it"
        blocks += [
            Heading(macs),
            Picture(_drawing(table), alt),
            Table(_mac_columns(table), _MACS_NOTE, f"{label}-macs", macs.lower()),
        ]
    return Page(
        title=study.title("Table 2"),
        notices=study.notices,
        meaningless=study.meaningless,
        blocks=blocks,
        records={
            "": [record for row in table.rows for name in row.predictors for record in _records(table, row, name)],
            "-gains": [_gain_record(table, gain) for gain in table.gains],
        },
    )


def _row(name: str, printed: paper.Table2Row | None, scores: Sequence[Scores]) -> StageRow:
    predictors = tuple(predictor for predictor in PREDICTORS if printed is None or predictor in printed.ap)
    for one in scores:
        known = one.cost.up_to.keys() & one.predictors.keys() if one.cost else set()
        if missing := [predictor for predictor in predictors if predictor not in known]:
            raise RefusedInput(
                f"{one.path}: $.predictors: lacks {', '.join(missing)} of {name}, has {', '.join(one.predictors)}; "
                "evaluate it with all of its predictors"
            )
    method = printed.method if printed else networks()[name].title
    return StageRow(name, method, printed, predictors, tuple(scores))


def _gains(rows: Sequence[StageRow], trained: TrainedPredictors) -> list[StageGain]:
    """The printed gains, measured where both networks were trained."""
    printed = {
        f"table2-{row.network}-{predictor.lower()}-{gain.introduced.lower()}-gain": (row, gain, predictor)
        for row in rows
        for gain in (row.printed.gains if row.printed else ())
        for predictor in gain.points
    }
    contrasts = {
        name: difference(row.network, gain.over, predictor) for name, (row, gain, predictor) in printed.items()
    }
    measured = trained.compare(contrasts)
    return [
        StageGain(
            id=name,
            introduced=gain.introduced,
            higher=row.network,
            lower=gain.over,
            predictor=predictor,
            place=row.place,
            printed=gain.points[predictor],
            measured=measured.get(name),
        )
        for name, (row, gain, predictor) in printed.items()
    ]


def _columns(table: Table2) -> Columns:
    lines: list[tuple[str, str, Mapping[str, str]]] = []
    for row in table.rows:
        if row.printed:
            printed = {name: str(ap) for name, ap in row.printed.ap.items()}
            lines.append((row.method, f"AP, printed, {PAPER_DATA}", printed))
        method = row.method if row.printed else f"{row.method} ({PLACE})"
        source = f"{table.study.metric}, measured"
        source += "" if table.study.data is None else f", {table.study.data_in_short}"
        lines.append((method, source, {name: score_cell(row.measured(name)) for name in row.predictors}))
    return {
        ("Method",): [method for method, _, _ in lines],
        ("Score",): [source for _, source, _ in lines],
        **{(name,): [cells.get(name, NONE) for _, _, cells in lines] for name in PREDICTORS},
    }


def _notes(table: Table2) -> dict[str, str]:
    """How the figures were made, by topic."""
    study = table.study
    notes = {study.metric: study.score_note("each predictor")} if study.scores else {}
    notes["Predictors"] = (
        "E1, E2 and E3 look at the first three stages of the backbone, P1 at the coarsest level of the pyramid and "
        "P4, the final predictor, at the finest. All are of one training, which is also the one of Table 1."
    )
    notes["Not in the paper's Table 2"] = (
        "Rows of our own choice: networks of Table 1, of which the paper prints the final predictor's AP alone."
    )
    if study.scores:
        notes["Protocol"] = _protocol(study.scores[0])
        notes["Made by"] = study.made_by
    return notes


def _gain_columns(table: Table2) -> Columns:
    methods = {row.network: row.method for row in table.rows}
    return {
        ("Introduced",): [gain.introduced for gain in table.gains],
        ("Network",): [methods[gain.higher] for gain in table.gains],
        ("Over",): [methods[gain.lower] for gain in table.gains],
        ("Predictor",): [gain.predictor for gain in table.gains],
        ("Gain, printed", PAPER_DATA): [signed(gain.printed) for gain in table.gains],
        ("Gain, measured", table.study.data_in_short): [difference_cell(gain.measured) for gain in table.gains],
        ("Outcome",): [outcome_words(gain.measured) if gain.measured else NOT_RUN for gain in table.gains],
    }


def _gain_notes(table: Table2) -> dict[str, str]:
    study = table.study
    what = (
        f"{study.metric} of the network with what was introduced, less that of the network without, both by the "
        f"predictor that is named and the mean over trainings, in {study.points}. The printed one is of AP, on "
        f"{PAPER_DATA}."
    )
    measured = [gain.measured for gain in table.gains if gain.measured]
    return study.comparison_notes("Gain", what, measured, table.resamples)


_MACS_NOTE = {
    "Multiply-accumulates": (
        "For one image, of the network that was trained, cut off at the predictor: whatever its heatmaps are made of, "
        "and no other predictor. The shift has none."
    )
}


def _mac_columns(table: Table2) -> Columns:
    rows = [row for row in table.rows if row.macs]
    unit, letter = (1e9, "G") if max(max(row.macs.values()) for row in rows) >= 1e9 else (1e6, "M")
    return {
        ("Method",): [row.method for row in rows],
        **{
            (name, letter): [f"{row.macs[name] / unit:.2f}" if name in row.macs else NONE for row in rows]
            for name in PREDICTORS
        },
    }


def _drawing(table: Table2) -> Callable[[Path], None]:
    curves = [
        stage_plot.StageCurve(row.method, row.macs, {name: row.score(name) for name in row.predictors})
        for row in table.rows
        if row.scores
    ]
    size = ", networks not full size" if table.study.scaled else ""
    return partial(
        stage_plot.draw,
        curves,
        table.study.title("Table 2"),
        f"{table.study.metric}, %, on {table.study.data_in_short}",
        size,
    )


def _protocol(scores: Scores) -> str:
    """The protocol in words, without the final predictor: here every predictor is tested by it."""
    return listed({name: value for name, value in scores.protocol.items() if name != "predictor"})


def _records(table: Table2, row: StageRow, predictor: str) -> list[dict[str, Any]]:
    """A predictor's lines of the CSV file: one a training, or one where there is none.

    Every line carries the preset, the data of what is printed and measured, and the notices: none is read without them.
    """
    printed = row.printed and row.printed.ap[predictor]
    described = {
        "network": row.network,
        "predictor": predictor,
        "method": row.method,
        "place": row.place,
        "status": row.status,
        "preset": table.study.preset,
        "metric": table.study.metric,
        "ap_printed": printed,
        "ap_printed_on": printed and PAPER_DATA,
    }
    notice = {"notice": " ".join(table.study.notices)}
    if not row.scores:
        return [described | notice]
    return [
        described
        | {
            "seed": scores.seed,
            "measured": 100 * scores.predictors[predictor].score,
            "measured_low": 100 * scores.predictors[predictor].interval[0],
            "measured_high": 100 * scores.predictors[predictor].interval[1],
            "measured_on": scores.provenance["data"],
            "mean_of_seeds": row.score(predictor),
            "seeds": len(row.scores),
            "images": scores.images,
            "instances": scores.instances,
            "resamples": scores.resamples,
            "protocol": _protocol(scores),
            "trained_macs_up_to_predictor": row.macs[predictor],
        }
        | provenance_record(scores)
        | notice
        for scores in row.scores
    ]


def _gain_record(table: Table2, gain: StageGain) -> dict[str, Any]:
    """A gain's line of the CSV file; differences in points."""
    record = {
        "gain": gain.id,
        "introduced": gain.introduced,
        "higher": gain.higher,
        "lower": gain.lower,
        "predictor": gain.predictor,
        "place": gain.place,
        "status": "measured" if gain.measured else NOT_RUN,
        "preset": table.study.preset,
        "metric": table.study.metric,
        "difference_printed": gain.printed,
        "difference_printed_on": PAPER_DATA,
    }
    if gain.measured:
        record |= comparison_record(gain.measured)
        record |= compared_record(table.study.networks, table.resamples, gain.higher, gain.lower)
    return record | {"notice": " ".join(table.study.notices)}
